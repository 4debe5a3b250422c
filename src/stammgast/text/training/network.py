"""A network of one hidden layer with direct connections, in numpy: small enough to train in a minute on one core."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
HIDDEN = 256
_EPOCHS = 5
_BATCH = 256
_RATE = 5e-4
_DECAY = 1e-2
_DROP_HIDDEN = np.float32(0.3)
_DROP_INPUT = np.float32(0.1)


class Targets(NamedTuple):
    """`values` (n, a) and `weights` (n, a): 0 where a row says nothing about a target. The last column is valence."""

    values: Array
    weights: Array


class Trunk(NamedTuple):
    """Weights of the trunk; see `heads.run_trunk` for how they are applied."""

    inner: Array
    inner_bias: Array
    outer: Array
    direct: Array
    outer_bias: Array


def train_trunk(x: Array, targets: Targets, seed: int, on_epoch: Callable[[int, int], None]) -> Trunk:
    """Fit by Adam with decoupled decay, dropout and a cosine schedule; logistic loss, squared loss for valence.

    `on_epoch(done, total)` is called after each epoch. The same seed gives the same weights on the same machine.
    Sources: Kingma and Ba 2015; Loshchilov and Hutter 2019; Srivastava et al. 2014.
    """
    chance = np.random.default_rng(seed)
    weights = _start(chance, x.shape[1], targets.values.shape[1])
    first = [np.zeros_like(w) for w in weights]
    second = [np.zeros_like(w) for w in weights]
    steps = _EPOCHS * -(-len(x) // _BATCH)
    step = 0
    for epoch in range(_EPOCHS):
        order = chance.permutation(len(x))
        for at in range(0, len(x), _BATCH):
            rows = order[at : at + _BATCH]
            gradients = _gradients(weights, x[rows], Targets(targets.values[rows], targets.weights[rows]), chance)
            rate = _RATE * 0.5 * (1 + np.cos(np.pi * step / steps))
            step += 1
            for w, gradient, m, v in zip(weights, gradients, first, second, strict=True):
                _adam(w, gradient, m, v, rate, step)
        on_epoch(epoch + 1, _EPOCHS)
    return weights


def train_trunks(x: Array, targets: Targets, seeds: tuple[int, ...], on_epoch: Callable[[int, int], None]) -> Trunk:
    """Fit a trunk for each seed and return their mean as one trunk, hidden layers side by side.

    Two trunks agree more often with people than one (Hansen and Salamon 1990), at the price of a wider layer.
    """
    trunks = []
    for i, seed in enumerate(seeds):

        def tell(done: int, total: int, before: int = i) -> None:
            on_epoch(before * total + done, len(seeds) * total)

        trunks.append(train_trunk(x, targets, seed, tell))
    share = np.float32(1 / len(trunks))
    return Trunk(
        np.concatenate([trunk.inner for trunk in trunks], axis=1),
        np.concatenate([trunk.inner_bias for trunk in trunks]),
        np.concatenate([trunk.outer for trunk in trunks]) * share,
        np.sum([trunk.direct for trunk in trunks], axis=0) * share,
        np.sum([trunk.outer_bias for trunk in trunks], axis=0) * share,
    )


def _start(chance: np.random.Generator, inputs: int, outputs: int) -> Trunk:
    inner = chance.standard_normal((inputs, HIDDEN), np.float32) * np.float32(np.sqrt(2 / inputs))
    outer = chance.standard_normal((HIDDEN, outputs), np.float32) * np.float32(np.sqrt(1 / HIDDEN))
    return Trunk(
        inner,
        np.zeros(HIDDEN, np.float32),
        outer,
        np.zeros((inputs, outputs), np.float32),
        np.zeros(outputs, np.float32),
    )


def _gradients(weights: Trunk, x: Array, targets: Targets, chance: np.random.Generator) -> Trunk:
    x = x * (chance.random(x.shape, np.float32) > _DROP_INPUT) / (1 - _DROP_INPUT)
    before = x @ weights.inner + weights.inner_bias
    keep = (chance.random(before.shape, np.float32) > _DROP_HIDDEN) / (1 - _DROP_HIDDEN)
    hidden = np.maximum(before, 0) * keep
    out = hidden @ weights.outer + x @ weights.direct + weights.outer_bias
    out[:, :-1] = 1 / (1 + np.exp(-out[:, :-1]))
    error = ((out - targets.values) * targets.weights / np.float32(len(x))).astype(np.float32)
    back = (error @ weights.outer.T) * keep * (before > 0)
    return Trunk(x.T @ back, back.sum(axis=0), hidden.T @ error, x.T @ error, error.sum(axis=0))


def _adam(w: Array, gradient: Array, m: Array, v: Array, rate: float, step: int) -> None:
    m *= 0.9
    m += 0.1 * gradient
    v *= 0.999
    v += 0.001 * gradient * gradient
    change = m / (1 - 0.9**step) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
    if w.ndim > 1:
        change += _DECAY * w
    w -= (rate * change).astype(np.float32)
