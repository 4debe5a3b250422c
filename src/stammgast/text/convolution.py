"""Convolutions over neighbouring rows with less than half of the products: Winograd's minimal filtering.

Four neighbouring outputs of a convolution of order n need 4 n products of a row by a matrix when each is taken by itself,
and n + 3 when inputs, weights and outputs are seen as polynomials and multiplied by their values at n + 3 points. It is the
same sum in another order; float32 errors grow from 3e-7 to 1e-6 of the result (measured, and tested).
Source: Winograd, Arithmetic Complexity of Computations, 1980; Lavin and Gray, Fast Algorithms for Convolutional Neural
Networks, 2016.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

TILE = 4
"""Neighbouring outputs made at once. Rows lie phase by phase: row p = TILE * i + j of a sequence is at [j, i]."""
REACH = 2 * TILE
"""Neighbouring inputs that any convolution of up to five rows needs for one tile."""
_POINTS = (0.0, 1.0, -1.0, 0.5, -2.0, 2.0, -0.5)  # and infinity, always last; small and of both signs for small errors
_ONE = 1  # the place of 1 among the points: what is added to the value there is added to every output


class Minimal(NamedTuple):
    """The matrices of one minimal filter: outputs (TILE, v), weights (v, order), inputs (v, v), for v values."""

    outputs: NDArray[np.float64]
    weights: NDArray[np.float64]
    inputs: NDArray[np.float64]


def minimal_filter(order: int) -> Minimal:
    """Return the matrices by which `outputs @ ((weights @ g) * (inputs @ d))` is the sum over k of d[i + k] * g[k].

    `order` is from 2 to 5.

    >>> filter = minimal_filter(3)
    >>> (filter.outputs @ ((filter.weights @ [1, 0, 2]) * (filter.inputs @ [1, 2, 3, 4, 5, 6]))).round(9).tolist()
    [7.0, 10.0, 13.0, 16.0]
    """
    outputs, weights = _powers(TILE, TILE + order - 1).T, _powers(order, TILE + order - 1)
    products = np.einsum("iv,vk->ikv", outputs, weights).reshape(TILE * order, -1)
    i, k = np.divmod(np.arange(TILE * order), order)
    wanted = np.equal(i + k, np.arange(TILE + order - 1)[:, None]).T.astype(np.float64)
    # The one solution: the inputs' matrix follows from the other two.
    return Minimal(outputs, weights, np.linalg.lstsq(products, wanted, rcond=None)[0])


def _powers(count: int, values: int) -> NDArray[np.float64]:
    """Return (values, count) powers 0, 1, 2 ... of the points; at infinity only the highest counts."""
    infinity = np.eye(1, count, count - 1)
    return np.concatenate([np.vander(_POINTS[: values - 1], count, increasing=True), infinity])


class Space(NamedTuple):
    """Arrays to work in, all of (rows, tiles, width): `REACH` rows, and `TILE` rows of zeros."""

    values: Floats
    products: Floats
    zeros: Floats


class Convolution:
    """One convolution with a rectifier: out[p] = max(0, bias + sum over k of in[p + k] @ weights[k])."""

    def __init__(self, weights: Floats, bias: Floats) -> None:
        """Take weights (order, width, width) and bias (width,)."""
        order = len(weights)
        found = minimal_filter(order)
        self.inputs = TILE + order - 1
        self._bias = bias
        self._outputs = found.outputs.astype(np.float32)
        self._weights = np.einsum("vk,kio->vio", found.weights, weights.astype(np.float64)).astype(np.float32)
        self._inputs = found.inputs.astype(np.float32)

    def apply(self, rows: Floats, space: Space, out: Floats) -> None:
        """Write to `out` (TILE, tiles, width) what `rows` (self.inputs, tiles, width) give; row j of tile i is in[i * TILE + j]."""
        values, products = space.values[: self.inputs], space.products[: self.inputs]
        np.matmul(self._inputs, rows.reshape(self.inputs, -1), out=values.reshape(self.inputs, -1))
        np.matmul(values, self._weights, out=products)
        products[_ONE] += self._bias
        flat = out.reshape(TILE, -1)
        np.matmul(self._outputs, products.reshape(self.inputs, -1), out=flat)
        # An array of zeros: numpy's maximum with a single number is four times slower.
        np.maximum(flat, space.zeros.reshape(TILE, -1), out=flat)
