"""Does the model predict? Purchases in a held-out period against the model and against the naive rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from stammgast.stats.arrays import FloatArray, finite_vector, require, same_length
from stammgast.stats.clv.histories import check_histories
from stammgast.stats.clv.lifetime import PurchaseModel


@dataclass(frozen=True, slots=True)
class CalibrationRow:
    """Customers with the same number of repeat purchases before the held-out period; means are purchases per customer."""

    frequency: int
    """Repeat purchases; the last row also holds all above."""
    customers: int
    actual_mean: float
    predicted_mean: float
    naive_mean: float
    """What they would buy if everyone kept their own past rate, frequency / age."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A plot-ready table by past frequency, with errors per customer for the model and for the naive rate."""

    rows: tuple[CalibrationRow, ...]
    actual_total: float
    predicted_total: float
    naive_total: float
    mean_absolute_error: float
    naive_mean_absolute_error: float
    root_mean_square_error: float
    naive_root_mean_square_error: float

    @property
    def beats_naive(self) -> bool:
        """Say whether the model's root mean square error is below the naive one."""
        return self.root_mean_square_error < self.naive_root_mean_square_error


def calibrate(
    model: PurchaseModel,
    frequency: ArrayLike,
    recency: ArrayLike,
    age: ArrayLike,
    purchases_held_out: ArrayLike,
    *,
    horizon: float,
    frequency_max: int = 7,
) -> Calibration:
    """Compare predictions with `purchases_held_out` (shape (customers,)) over the `horizon` after the histories end.

    The model must have been fitted without the held-out period; frequencies above `frequency_max` share the last row.
    """
    x, t_x, t = check_histories(frequency, recency, age)
    actual = finite_vector("purchases_held_out", purchases_held_out)
    same_length(frequency=x, purchases_held_out=actual)
    require("frequency", len(x) > 0, "has no rows")
    predicted = model.expected_purchases(horizon, x, t_x, t)
    naive = np.divide(x, t, out=np.zeros_like(x), where=t > 0) * horizon
    return Calibration(
        rows=_table(np.minimum(x, frequency_max).astype(np.int64), actual, predicted, naive),
        actual_total=float(actual.sum()),
        predicted_total=float(predicted.sum()),
        naive_total=float(naive.sum()),
        mean_absolute_error=float(np.abs(predicted - actual).mean()),
        naive_mean_absolute_error=float(np.abs(naive - actual).mean()),
        root_mean_square_error=float(np.sqrt(((predicted - actual) ** 2).mean())),
        naive_root_mean_square_error=float(np.sqrt(((naive - actual) ** 2).mean())),
    )


def _table(
    group: np.ndarray[tuple[int, ...], np.dtype[np.int64]], actual: FloatArray, predicted: FloatArray, naive: FloatArray
) -> tuple[CalibrationRow, ...]:
    customers = np.bincount(group)
    means = [np.bincount(group, weights=column) / np.maximum(customers, 1) for column in (actual, predicted, naive)]
    return tuple(
        CalibrationRow(int(k), int(customers[k]), float(means[0][k]), float(means[1][k]), float(means[2][k]))
        for k in np.flatnonzero(customers)
    )
