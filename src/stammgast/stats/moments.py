"""Sufficient statistics that add: what a warehouse query returns and every mean, ratio and experiment is computed from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from stammgast.stats.arrays import finite_vector, require, same_length


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over `n` units and the variance of one unit, so that the mean's variance is `variance / n`."""

    n: int
    mean: float
    variance: float

    @property
    def standard_error(self) -> float:
        """Standard error of the mean, in the unit of the mean."""
        return float(np.sqrt(self.variance / self.n))


@dataclass(frozen=True, slots=True)
class Proportion:
    """`successes` of `n` units, e.g. visitors who ordered. Adds.

    >>> Proportion(100, 49) + Proportion(100, 51)
    Proportion(n=200, successes=100)
    """

    n: int
    successes: int

    def __post_init__(self) -> None:
        """Refuse more successes than units."""
        require("successes", 0 <= self.successes <= self.n, f"must lie between 0 and n = {self.n}")

    def __add__(self, other: Proportion) -> Proportion:
        """Pool two disjoint groups."""
        return Proportion(self.n + other.n, self.successes + other.successes)

    def estimate(self) -> Estimate | None:
        """Return share and p (1 - p) as the variance of one unit; None without units."""
        if self.n == 0:
            return None
        share = self.successes / self.n
        return Estimate(self.n, share, share * (1 - share))


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, sum and sum of squares of one value per unit. Adds.

    >>> (Moments.of([1.0, 2.0]) + Moments.of([3.0])).mean
    2.0
    """

    n: int
    sum: float
    sum_squares: float

    @classmethod
    def of(cls, values: ArrayLike) -> Moments:
        """Return the moments of a vector of values, shape (n,)."""
        vector = finite_vector("values", values)
        return cls(len(vector), float(vector.sum()), float(vector @ vector))

    def __add__(self, other: Moments) -> Moments:
        """Pool two disjoint groups."""
        return Moments(self.n + other.n, self.sum + other.sum, self.sum_squares + other.sum_squares)

    @property
    def mean(self) -> float | None:
        """Mean in the unit of the values; None without units."""
        return self.sum / self.n if self.n else None

    @property
    def variance(self) -> float | None:
        """Sample variance (n - 1); None below two units. Rounding may not turn it negative."""
        return _covariance(self.n, self.sum, self.sum, self.sum_squares, floor=True)

    def estimate(self) -> Estimate | None:
        """Return mean and variance as an estimate; None below two units."""
        mean, variance = self.mean, self.variance
        return None if mean is None or variance is None else Estimate(self.n, mean, variance)


@dataclass(frozen=True, slots=True)
class PairMoments:
    """Moments of two values per unit: numerator and denominator of a ratio, or the value now (y) and before (x). Adds.

    >>> PairMoments.of([1.0, 2.0], [1.0, 1.0]) + PairMoments.of([3.0], [2.0])
    PairMoments(n=3, y_sum=6.0, y_sum_squares=14.0, x_sum=4.0, x_sum_squares=6.0, xy_sum=9.0)
    """

    n: int
    y_sum: float
    y_sum_squares: float
    x_sum: float
    x_sum_squares: float
    xy_sum: float

    @classmethod
    def of(cls, y: ArrayLike, x: ArrayLike) -> PairMoments:
        """Return the moments of two vectors of equal length, shape (n,)."""
        ys, xs = finite_vector("y", y), finite_vector("x", x)
        same_length(y=ys, x=xs)
        sums = (float(ys.sum()), float(ys @ ys), float(xs.sum()), float(xs @ xs), float(xs @ ys))
        return cls(len(ys), *sums)

    def __add__(self, other: PairMoments) -> PairMoments:
        """Pool two disjoint groups."""
        return PairMoments(
            self.n + other.n,
            self.y_sum + other.y_sum,
            self.y_sum_squares + other.y_sum_squares,
            self.x_sum + other.x_sum,
            self.x_sum_squares + other.x_sum_squares,
            self.xy_sum + other.xy_sum,
        )

    @property
    def y(self) -> Moments:
        """Moments of y alone."""
        return Moments(self.n, self.y_sum, self.y_sum_squares)

    @property
    def x(self) -> Moments:
        """Moments of x alone."""
        return Moments(self.n, self.x_sum, self.x_sum_squares)

    @property
    def covariance(self) -> float | None:
        """Sample covariance of y and x (n - 1); None below two units."""
        return _covariance(self.n, self.y_sum, self.x_sum, self.xy_sum)

    @property
    def correlation(self) -> float | None:
        """Pearson's correlation of y and x; None below two units or when either does not vary."""
        covariance, y_variance, x_variance = self.covariance, self.y.variance, self.x.variance
        if covariance is None or not y_variance or not x_variance:
            return None
        return float(covariance / np.sqrt(y_variance * x_variance))

    def ratio(self) -> Estimate | None:
        """Return mean(y) / mean(x) with its delta-method variance per unit; None if x has mean 0 or below two units.

        Source: Deng, Knoblich and Lu 2018 (KDD), eq. 3.
        """
        y_variance, x_variance, covariance = self.y.variance, self.x.variance, self.covariance
        if y_variance is None or x_variance is None or covariance is None or self.x_sum == 0:
            return None
        ratio, x_mean = self.y_sum / self.x_sum, self.x_sum / self.n
        variance = (y_variance - 2 * ratio * covariance + ratio * ratio * x_variance) / x_mean**2
        return Estimate(self.n, ratio, max(variance, 0.0))


def _covariance(n: int, a_sum: float, b_sum: float, product_sum: float, *, floor: bool = False) -> float | None:
    if n <= 1:
        return None
    covariance = (product_sum - a_sum * b_sum / n) / (n - 1)
    return max(covariance, 0.0) if floor else covariance
