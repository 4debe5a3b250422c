"""Intervals for shares, NPS, means, quantiles, ratios and waiting times: how far the number may be off.

Every function answers None when nothing was counted; no interval collapses to a point because a share is 0 or 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from stammgast.stats.arrays import BoolArray, FloatArray, finite_vector, require
from stammgast.stats.moments import Moments, PairMoments


@dataclass(frozen=True, slots=True)
class Interval:
    """A closed interval [low, high] meant to hold the truth in `confidence` (0..1) of all samples.

    `high` is `math.inf` (`low` `-math.inf`) where the rows do not bound it: e.g. a median of which half is still open.
    """

    low: float
    high: float
    confidence: float = 0.95

    @property
    def width(self) -> float:
        """Distance of the ends, in the unit of the estimate.

        >>> Interval(0.25, 0.5).width
        0.25
        """
        return self.high - self.low

    def contains(self, value: float) -> bool:
        """Say whether `value` lies inside, ends included."""
        return self.low <= value <= self.high

    def scaled(self, factor: float) -> Interval:
        """Return the interval in another unit, e.g. shares times 100 as points; `factor` > 0.

        >>> Interval(0.25, 0.5).scaled(100)
        Interval(low=25.0, high=50.0, confidence=0.95)
        """
        return Interval(self.low * factor, self.high * factor, self.confidence)


def two_sided_z(confidence: float) -> float:
    """Return the standard normal quantile that leaves (1 - confidence) / 2 in each tail.

    >>> round(two_sided_z(0.95), 6)
    1.959964
    """
    require("confidence", 0 < confidence < 1, "must lie between 0 and 1")
    return float(special.ndtri(0.5 + confidence / 2))


def wilson_interval(successes: float, n: float, confidence: float = 0.95) -> Interval | None:
    """Return Wilson's score interval for a share of `successes` in `n`; None when n is 0.

    Use it for CSAT and any other share. Source: Wilson 1927; Newcombe 1998 (Statistics in Medicine 17), method 3.

    >>> wilson = wilson_interval(81, 263)
    >>> round(wilson.low, 4), round(wilson.high, 4)
    (0.2553, 0.3662)
    """
    _check_counts(successes, n)
    if n == 0:
        return None
    z = two_sided_z(confidence)
    share = successes / n
    centre = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = 0.0 if successes == 0 else (centre - half) / scale
    high = 1.0 if successes == n else (centre + half) / scale
    return Interval(low, high, confidence)


def adjusted_share_interval(successes: float, n: float, confidence: float = 0.95) -> Interval | None:
    """Return the Agresti-Coull interval: a Wald interval after adding z^2 / 2 successes and failures; None when n is 0.

    Never narrower than Wilson; easy to explain. Source: Agresti and Coull 1998 (The American Statistician 52).

    >>> adjusted = adjusted_share_interval(0, 10)
    >>> adjusted.low, round(adjusted.high, 4)
    (0.0, 0.3209)
    """
    _check_counts(successes, n)
    if n == 0:
        return None
    z = two_sided_z(confidence)
    n_adjusted = n + z * z
    share = (successes + z * z / 2) / n_adjusted
    half = z * math.sqrt(share * (1 - share) / n_adjusted)
    return Interval(max(0.0, share - half), min(1.0, share + half), confidence)


def exact_share_interval(successes: int, n: int, confidence: float = 0.95) -> Interval | None:
    """Return the Clopper-Pearson interval: covers at least `confidence` for every share, hence wide; None when n is 0.

    Source: Clopper and Pearson 1934 (Biometrika 26).

    >>> exact_share_interval(0, 10).low, round(exact_share_interval(0, 10).high, 4)
    (0.0, 0.3085)
    """
    _check_counts(successes, n)
    if n == 0:
        return None
    tail = (1 - confidence) / 2
    low = 0.0 if successes == 0 else float(special.betaincinv(successes, n - successes + 1, tail))
    high = 1.0 if successes == n else float(special.betaincinv(successes + 1, n - successes, 1 - tail))
    return Interval(low, high, confidence)


def nps_standard_error(promoters: int, passives: int, detractors: int) -> float | None:
    """Return the standard error of NPS in points: 100 * sqrt((p + d - (p - d)^2) / n); None when nobody answered.

    For reporting only: it is 0 when all answers are alike, so build intervals with `nps_interval`.

    >>> nps_standard_error(50, 30, 20)
    7.810249675906654
    """
    n = promoters + passives + detractors
    if n == 0:
        return None
    p, d = promoters / n, detractors / n
    return 100 * math.sqrt((p + d - (p - d) ** 2) / n)


def nps_interval(promoters: int, passives: int, detractors: int, confidence: float = 0.95) -> Interval | None:
    """Return an interval for NPS in points (-100..100) that stays honest for few answers and for shares of 0 or 1.

    The envelope of the score interval for a difference of multinomial shares (Tango 1998, Statistics in Medicine 17) and of
    the adjusted Wald interval with one answer added to each group, both with Student's t on n degrees of freedom. Exact
    coverage (summed over all outcomes) is at least 0.94 for every n; see the table in docs/reference/methods.md.
    None when nobody answered.

    >>> everyone_promotes = nps_interval(5, 0, 0)
    >>> round(everyone_promotes.low, 1), everyone_promotes.high
    (-13.9, 100.0)
    """
    n = promoters + passives + detractors
    require("answers", min(promoters, passives, detractors) >= 0, "counts cannot be negative")
    if n == 0:
        return None
    low, high = nps_bounds(np.array([promoters]), np.array([detractors]), n, confidence)
    return Interval(float(low[0]), float(high[0]), confidence)


def nps_bounds(
    promoters: ArrayLike, detractors: ArrayLike, n: int, confidence: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Return the ends of `nps_interval` in points for many outcomes of `n` > 0 answers at once; shapes (outcomes,)."""
    p, d = finite_vector("promoters", promoters), finite_vector("detractors", detractors)
    quantile = float(special.stdtrit(n, 0.5 + confidence / 2))
    score_low, score_high = _difference_score_bounds(p, d, n, quantile)
    p3, d3 = (p + 1) / (n + 3), (d + 1) / (n + 3)
    half = quantile * np.sqrt((p3 + d3 - (p3 - d3) ** 2) / (n + 3))
    low = np.minimum(score_low, p3 - d3 - half)
    high = np.maximum(score_high, p3 - d3 + half)
    return 100 * np.maximum(low, -1.0), 100 * np.minimum(high, 1.0)


def _difference_score_bounds(
    plus: FloatArray, minus: FloatArray, n: int, quantile: float
) -> tuple[FloatArray, FloatArray]:
    """Invert Tango's score test of (plus - minus) / n by bisection, outward from the estimate."""
    estimate = (plus - minus) / n

    def accepted(difference: FloatArray) -> BoolArray:
        b = (2 * n - plus + minus) * difference - plus - minus
        c = -minus * difference * (1 - difference)
        nuisance = (np.sqrt(np.maximum(b * b - 8 * n * c, 0.0)) - b) / (4 * n)
        variance = n * np.maximum(2 * nuisance + difference * (1 - difference), 0.0)
        return np.asarray((plus - minus - n * difference) ** 2 <= quantile**2 * variance)

    ends = []
    for outer in (-1.0, 1.0):
        inside, outside = estimate.copy(), np.full_like(estimate, outer)
        for _ in range(50):
            middle = (inside + outside) / 2
            keep = accepted(middle)
            inside, outside = np.where(keep, middle, inside), np.where(keep, outside, middle)
        ends.append(outside)
    return ends[0], ends[1]


def mean_interval(moments: Moments, confidence: float = 0.95) -> Interval | None:
    """Return Student's interval for a mean, in the unit of the values; None below two values.

    >>> interval = mean_interval(Moments.of([4.0, 5.0, 6.0]))
    >>> round(interval.low, 4), round(interval.high, 4)
    (2.5159, 7.4841)
    """
    variance = moments.variance
    if variance is None or moments.mean is None:
        return None
    half = float(special.stdtrit(moments.n - 1, 0.5 + confidence / 2)) * math.sqrt(variance / moments.n)
    return Interval(moments.mean - half, moments.mean + half, confidence)


def quantile_interval(values: ArrayLike, quantile: float = 0.5, confidence: float = 0.95) -> Interval | None:
    """Return a distribution-free interval for a quantile (0.5 the median, 0.9 p90), ends are observed values.

    The number of values below the quantile is binomial, so order statistics bound it with at least `confidence`. With too
    few values an end is infinite, which is the truth. None without values. Source: Hahn and Meeker 1991, section 5.2.

    >>> quantile_interval(range(1, 101), 0.5)
    Interval(low=40.0, high=61.0, confidence=0.95)
    >>> quantile_interval([1.0, 2.0, 3.0], 0.9)
    Interval(low=1.0, high=inf, confidence=0.95)
    """
    require("quantile", 0 < quantile < 1, "must lie between 0 and 1")
    ordered = np.sort(finite_vector("values", values))
    n = len(ordered)
    if n == 0:
        return None
    tail = (1 - confidence) / 2
    at_most = special.bdtr(np.arange(n + 1), n, quantile)  # P(B <= k), k = 0..n
    low_rank = int(np.searchsorted(at_most, tail, side="right"))  # largest rank r with P(B <= r - 1) <= tail
    high_rank = int(np.searchsorted(at_most, 1 - tail, side="left")) + 1  # smallest r with P(B >= r) <= tail
    low = -math.inf if low_rank == 0 else float(ordered[low_rank - 1])
    high = math.inf if high_rank > n else float(ordered[high_rank - 1])
    return Interval(low, high, confidence)


def ratio_interval(pairs: PairMoments, confidence: float = 0.95) -> Interval | None:
    """Return a delta-method interval for mean(y) / mean(x), e.g. revenue per visit by customer; None if undefined.

    `pairs` holds one (y, x) per independent unit (the customer, not the visit). None below two units or when the mean of x
    is 0. Source: Deng, Knoblich and Lu 2018 (KDD), eq. 3.

    >>> pairs = PairMoments.of([2.0, 4.0, 9.0], [1.0, 2.0, 3.0])
    >>> interval = ratio_interval(pairs)
    >>> round(interval.low, 3), round(interval.high, 3)
    (1.752, 3.248)
    """
    estimate = pairs.ratio()
    if estimate is None:
        return None
    half = two_sided_z(confidence) * math.sqrt(estimate.variance / estimate.n)
    return Interval(estimate.mean - half, estimate.mean + half, confidence)


def _check_counts(successes: float, n: float) -> None:
    require("successes", 0 <= successes <= n, f"must lie between 0 and n = {n:g}, is {successes:g}")
