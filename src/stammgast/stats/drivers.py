"""Key drivers: how much of what customers feel goes with each thing they rate.

Ratings of one visit hang together, so regression weights jump about; relative weights and Shapley values divide R2 fairly.
Shares of R2 are associations, not causes: only an experiment shows what happens if one is changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from stammgast.stats.arrays import FloatArray, finite_matrix, finite_vector, require
from stammgast.stats.intervals import Interval

SHAPLEY_DRIVERS_MAX = 12
"""2^12 regressions are solved at once; above that use relative weights, which agree closely."""
EIGENVALUE_MIN = 1e-10


@dataclass(frozen=True, slots=True)
class Driver:
    """One driver's share of the explained variance."""

    name: str
    importance: float
    """Part of R2 (0..R2); all drivers' parts sum to R2."""
    interval: Interval
    """Bootstrap percentile interval of `importance`."""
    share: float
    """importance / R2 (0..1); 0 when nothing is explained."""
    correlation: float
    """Plain correlation with the outcome (-1..1): the direction, which importance has not."""


@dataclass(frozen=True, slots=True)
class Drivers:
    """All drivers, the most important first."""

    drivers: tuple[Driver, ...]
    r_squared: float
    n: int
    method: str


@dataclass(frozen=True, slots=True)
class TooFewAnswers:
    """The named answer when there are too few complete answers, or one rating never varies."""

    reason: str


def find_drivers(
    ratings: ArrayLike,
    outcome: ArrayLike,
    names: list[str],
    *,
    method: str = "relative_weights",
    samples: int = 500,
    seed: int = 0,
    confidence: float = 0.95,
) -> Drivers | TooFewAnswers:
    """Divide the R2 of `outcome` (shape (n,)) among the columns of `ratings` (shape (n, drivers)).

    `method` is "relative_weights" (Johnson 2000) or "shapley" (Lindeman, Merenda and Gold; exact, at most 12 drivers). Rows
    with missing answers must be left out by the caller. At least 5 answers per driver and 30 in all are needed.

    >>> rng = np.random.default_rng(1)
    >>> speed, taste = rng.normal(size=(2, 400))
    >>> found = find_drivers(np.column_stack([speed, taste]), 2 * speed + taste + rng.normal(size=400), ["speed", "taste"])
    >>> [driver.name for driver in found.drivers], round(found.r_squared, 1)
    (['speed', 'taste'], 0.8)
    """
    x, y = finite_matrix("ratings", ratings), finite_vector("outcome", outcome)
    require("outcome", len(x) == len(y), "needs one value per row of ratings")
    require("names", len(names) == x.shape[1] > 0, "needs one name per column of ratings")
    require("method", method in _METHODS, f"is one of {', '.join(_METHODS)}")
    shapley_fits = method != "shapley" or len(names) <= SHAPLEY_DRIVERS_MAX
    require("method", shapley_fits, f"shapley takes {SHAPLEY_DRIVERS_MAX} drivers at most; use relative_weights")
    lacking = _lacking(x, y)
    if lacking is not None:
        return lacking
    divide = _METHODS[method]
    table = np.column_stack([x, y])
    table = (table - table.mean(axis=0)) / table.std(axis=0)
    correlations = table.T @ table / len(table)
    parts = divide(correlations[np.newaxis])[0]
    low, high = _bootstrap(table, divide, samples, seed, confidence)
    total = float(parts.sum())
    drivers = [
        Driver(
            name,
            float(part),
            Interval(float(lo), float(hi), confidence),
            float(part) / total if total > 0 else 0.0,
            float(r),
        )
        for name, part, lo, hi, r in zip(names, parts, low, high, correlations[-1], strict=False)
    ]
    drivers.sort(key=lambda driver: -driver.importance)
    return Drivers(tuple(drivers), total, len(y), method)


def relative_weights(correlations: ArrayLike) -> FloatArray:
    """Return Johnson's relative weights from correlation matrices (..., drivers + 1, drivers + 1), outcome last.

    Shape (..., drivers), sum R2. The drivers are replaced by the nearest uncorrelated variables (lambda = R^(1/2)), whose
    squared weights are passed back. Source: Johnson 2000 (Multivariate Behavioral Research 35).

    >>> relative_weights([[1.0, 0.0, 0.6], [0.0, 1.0, 0.3], [0.6, 0.3, 1.0]]).round(2)
    array([0.36, 0.09])
    """
    r = np.asarray(correlations, dtype=np.float64)
    values, vectors = np.linalg.eigh(r[..., :-1, :-1])
    root = np.sqrt(np.maximum(values, 0.0))
    inverse = np.where(values > EIGENVALUE_MIN, 1 / np.where(root > 0, root, 1.0), 0.0)
    half = (vectors * root[..., np.newaxis, :]) @ np.swapaxes(vectors, -1, -2)
    inverse_half = (vectors * inverse[..., np.newaxis, :]) @ np.swapaxes(vectors, -1, -2)
    beta = inverse_half @ r[..., :-1, -1:]
    return np.asarray((half**2 @ beta**2)[..., 0])


def shapley_r_squared(correlations: ArrayLike) -> FloatArray:
    """Return each driver's mean gain in R2 over all orders of entry (LMG), from correlation matrices, outcome last.

    Shape (..., drivers), sum R2. Source: Lindeman, Merenda and Gold 1980; Groemping 2006 (Journal of Statistical Software 17).

    >>> shapley_r_squared([[1.0, 0.0, 0.6], [0.0, 1.0, 0.3], [0.6, 0.3, 1.0]]).round(2)
    array([0.36, 0.09])
    """
    r = np.asarray(correlations, dtype=np.float64)
    p = r.shape[-1] - 1
    explained = np.zeros((*r.shape[:-2], 1 << p))
    for subset in range(1, 1 << p):
        members = [i for i in range(p) if subset >> i & 1]
        inner, with_outcome = r[..., members, :][..., members], r[..., members, -1]
        beta = np.linalg.pinv(inner, hermitian=True) @ with_outcome[..., np.newaxis]
        explained[..., subset] = (with_outcome * beta[..., 0]).sum(axis=-1)
    subsets = np.arange(1 << p)
    sizes = np.array([int(s).bit_count() for s in subsets])
    weight = np.array([1 / (p * _choose(p - 1, k)) for k in range(p)])
    gains = []
    for i in range(p):
        without = subsets[(subsets >> i & 1) == 0]
        gains.append(
            ((explained[..., without | 1 << i] - explained[..., without]) * weight[sizes[without]]).sum(axis=-1)
        )
    return np.stack(gains, axis=-1)


_METHODS = {"relative_weights": relative_weights, "shapley": shapley_r_squared}


def _choose(n: int, k: int) -> int:
    result = 1
    for i in range(k):
        result = result * (n - i) // (i + 1)
    return result


def _lacking(x: FloatArray, y: FloatArray) -> TooFewAnswers | None:
    needed = max(30, 5 * x.shape[1])
    if len(y) < needed:
        return TooFewAnswers(f"{len(y)} complete answers; {needed} are needed.")
    if np.ptp(y) == 0 or (np.ptp(x, axis=0) == 0).any():
        return TooFewAnswers("The outcome or one of the ratings is the same in all answers.")
    return None


def _bootstrap(
    table: FloatArray, divide: Callable[[ArrayLike], FloatArray], samples: int, seed: int, confidence: float
) -> tuple[FloatArray, FloatArray]:
    """Percentile intervals over resampled answers, as weights, so that no table is copied."""
    rng = np.random.default_rng(seed)
    n, columns = table.shape
    products = np.einsum("ni,nj->nij", table, table).reshape(n, -1)
    everything = np.column_stack([table, products])
    sums = np.empty((samples, everything.shape[1]))
    for sample in range(samples):
        counts = np.bincount(rng.integers(0, n, n), minlength=n)
        sums[sample] = counts @ everything
    means = sums[:, :columns] / n
    covariance = sums[:, columns:].reshape(samples, columns, columns) / n - means[:, :, None] * means[:, None, :]
    deviation = np.sqrt(np.maximum(np.einsum("sii->si", covariance), np.finfo(float).tiny))
    correlations = covariance / deviation[:, :, None] / deviation[:, None, :]
    parts = divide(correlations)
    tail = (1 - confidence) / 2
    low, high = np.quantile(parts, [tail, 1 - tail], axis=0)
    return low, high
