"""Checks at the door: every public function takes array-likes and works on these checked numpy arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stammgast.kernel.errors import Invalid

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def finite_vector(field: str, values: ArrayLike) -> FloatArray:
    """Return `values` as a finite float vector of shape (n,); raise `Invalid` naming `field` otherwise.

    >>> finite_vector("age", [1, 2])
    array([1., 2.])
    """
    vector = np.ascontiguousarray(values, dtype=np.float64)
    if vector.ndim != 1:
        raise Invalid(field=field, problem=f"needs one dimension, has {vector.ndim}")
    if not np.isfinite(vector).all():
        raise Invalid(field=field, problem="has missing or infinite values; leave those rows out")
    return vector


def finite_matrix(field: str, values: ArrayLike) -> FloatArray:
    """Return `values` as a finite float matrix of shape (rows, columns); raise `Invalid` naming `field` otherwise."""
    matrix = np.ascontiguousarray(values, dtype=np.float64)
    if len(matrix.shape) != len(("rows", "columns")):
        raise Invalid(field=field, problem=f"needs rows and columns, has {matrix.ndim} dimensions")
    if not np.isfinite(matrix).all():
        raise Invalid(field=field, problem="has missing or infinite values; leave those rows out")
    return matrix


def same_length(**vectors: FloatArray) -> None:
    """Raise `Invalid` unless all `vectors` have one length."""
    lengths = {name: len(vector) for name, vector in vectors.items()}
    if len(set(lengths.values())) > 1:
        raise Invalid(field=", ".join(lengths), problem=f"must have one length, have {sorted(lengths.values())}")


def require(field: str, condition: bool, problem: str) -> None:
    """Raise `Invalid` for `field` unless `condition` holds."""
    if not condition:
        raise Invalid(field=field, problem=problem)


def dot(a: FloatArray, b: FloatArray) -> float:
    """Return the sum of products of two vectors of equal length, on one thread.

    `a @ b` wakes all of BLAS's threads for vectors of some 10,000 elements, which made a fit five times slower on a busy machine.

    >>> dot(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    11.0
    """
    return float(np.einsum("i,i->", a, b))
