"""Purchase histories as the models see them: checked, and equal rows counted once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stammgast.stats.arrays import FloatArray, dot, finite_vector, require, same_length

DENSE_CELLS = 1 << 24
"""Up to this many cells a counting table (128 MB of float64) beats sorting a million rows."""


@dataclass(frozen=True, slots=True)
class PurchaseHistories:
    """Distinct (frequency, recency, age) rows and how many customers share each; vectors of shape (groups,)."""

    frequency: FloatArray
    recency: FloatArray
    age: FloatArray
    weight: FloatArray

    def in_unit(self, unit: float) -> PurchaseHistories:
        """Return the histories with `unit` as the unit of time."""
        return PurchaseHistories(self.frequency, self.recency / unit, self.age / unit, self.weight)

    @property
    def fitting_unit(self) -> float:
        """A unit in which the mean age is 40: the searches' starts fit it, whether rows come in seconds or years."""
        return max(dot(self.age, self.weight) / self.customers / 40, np.finfo(float).tiny)

    @property
    def purchases(self) -> float:
        """Number of repeat purchases of all customers."""
        return dot(self.frequency, self.weight)

    @property
    def customers(self) -> float:
        """Number of customers, i.e. the sum of weights."""
        return float(self.weight.sum())


def group_histories(
    frequency: ArrayLike, recency: ArrayLike, age: ArrayLike, weights: ArrayLike | None = None
) -> PurchaseHistories:
    """Check the rows and return the distinct ones with their total weight.

    Raises `Invalid` for a recency beyond the age, a frequency that is no whole number, a repeat buyer without recency.

    >>> group_histories([0, 1, 0], [0, 2, 0], [5, 5, 5]).weight
    array([2., 1.])
    """
    x, t_x, t = check_histories(frequency, recency, age)
    weight = None if weights is None else finite_vector("weights", weights)
    if weight is not None:
        same_length(frequency=x, weights=weight)
        require("weights", bool((weight >= 0).all()), "cannot be negative")
        kept = weight > 0
        x, t_x, t, weight = x[kept], t_x[kept], t[kept], weight[kept]
    require("frequency", len(x) > 0, "has no rows")
    dense = _count_in_table(x, t_x, t, weight)
    return dense if dense is not None else _count_by_sorting(x, t_x, t, weight)


def check_histories(
    frequency: ArrayLike, recency: ArrayLike, age: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the three columns as float vectors; raise `Invalid` for rows no customer can have."""
    x, t_x, t = finite_vector("frequency", frequency), finite_vector("recency", recency), finite_vector("age", age)
    same_length(frequency=x, recency=t_x, age=t)
    require("frequency", bool((x >= 0).all() and (x == np.rint(x)).all()), "must be whole numbers from 0")
    require("recency", bool((t_x >= 0).all() and (t_x <= t).all()), "must lie between 0 and the customer's age")
    require("recency", bool(((x == 0) <= (t_x == 0)).all()), "must be 0 for customers without a repeat purchase")
    return x, t_x, t


def _count_in_table(
    x: FloatArray, t_x: FloatArray, t: FloatArray, weight: FloatArray | None
) -> PurchaseHistories | None:
    """Count in a dense table when all columns are whole and small; None when they are not."""
    widths = tuple(int(column.max()) + 1 for column in (x, t_x, t))
    if np.prod(np.array(widths, dtype=np.float64)) > DENSE_CELLS:
        return None
    recency, age = t_x.astype(np.int64), t.astype(np.int64)
    if (recency != t_x).any() or (age != t).any():
        return None
    cell = (x.astype(np.int64) * widths[1] + recency) * widths[2] + age
    counts = np.bincount(cell, weights=weight)
    filled = np.flatnonzero(counts)
    rest, ages = np.divmod(filled, widths[2])
    frequencies, recencies = np.divmod(rest, widths[1])
    columns = (column.astype(np.float64) for column in (frequencies, recencies, ages, counts[filled]))
    return PurchaseHistories(*columns)


def _count_by_sorting(x: FloatArray, t_x: FloatArray, t: FloatArray, weight: FloatArray | None) -> PurchaseHistories:
    """Sort by one mixed 64-bit key; rows with different values never fall together even if their keys collide."""
    order = np.argsort(_mixed_key(x, t_x, t))
    x, t_x, t = x[order], t_x[order], t[order]
    starts = np.ones(len(x), dtype=bool)
    starts[1:] = (x[1:] != x[:-1]) | (t_x[1:] != t_x[:-1]) | (t[1:] != t[:-1])
    first = np.flatnonzero(starts)
    if weight is None:
        total = np.diff(np.append(first, len(x))).astype(np.float64)
    else:
        total = np.add.reduceat(weight[order], first)
    return PurchaseHistories(x[first], t_x[first], t[first], total)


def _mixed_key(*columns: FloatArray) -> NDArray[np.uint64]:
    key = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        key = (key ^ (column + 0.0).view(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)  # + 0.0 turns -0.0 into 0.0
        key ^= key >> np.uint64(29)
    return key
