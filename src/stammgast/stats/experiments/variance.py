"""Less noise from the same users: CUPED, post-stratification, winsorising."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from stammgast.stats.arrays import FloatArray, finite_vector, require
from stammgast.stats.experiments.compare import NotEnoughData
from stammgast.stats.moments import Estimate, Moments, PairMoments


def cuped(arms: Sequence[PairMoments]) -> list[Estimate] | NotEnoughData:
    """Return the arms' estimates freed of what was known before: y - theta (x - mean of x), one theta for all arms.

    y is the metric now, x the same (or any) metric of the same unit from before the assignment, 0 where there was none. The
    variance falls by the squared correlation. Never use an x that the treatment can change.
    Source: Deng, Xu, Kohavi and Walker 2013 (WSDM).

    >>> before = [1.0, 2.0, 3.0, 4.0]
    >>> arms = cuped([PairMoments.of([1.0, 2.0, 3.0, 4.0], before), PairMoments.of([2.0, 3.0, 4.0, 5.0], before)])
    >>> arms[1].mean - arms[0].mean, arms[0].variance
    (1.0, 0.0)
    """
    if any(arm.n <= 1 for arm in arms):
        return NotEnoughData("A group has fewer than two units.")
    x_squares = sum((arm.n - 1) * (arm.x.variance or 0.0) for arm in arms)
    products = sum((arm.n - 1) * (arm.covariance or 0.0) for arm in arms)
    theta = products / x_squares if x_squares > 0 else 0.0
    x_mean = sum(arm.x_sum for arm in arms) / sum(arm.n for arm in arms)
    return [_adjusted(arm, theta, x_mean) for arm in arms]


def _adjusted(arm: PairMoments, theta: float, x_mean: float) -> Estimate:
    y_variance, x_variance, covariance = arm.y.variance or 0.0, arm.x.variance or 0.0, arm.covariance or 0.0
    variance = max(y_variance + theta**2 * x_variance - 2 * theta * covariance, 0.0)
    return Estimate(arm.n, arm.y_sum / arm.n - theta * (arm.x_sum / arm.n - x_mean), variance)


def post_stratify(arms: Sequence[Sequence[Moments]]) -> list[Estimate] | NotEnoughData:
    """Return the arms' estimates as if every arm had the strata in the shares of all arms together.

    `arms[i][k]` holds arm i's moments in stratum k (country, device, new or known: fixed before assignment). A stratum with
    fewer than two units in an arm must be merged with another first. Source: Miratrix, Sekhon and Yu 2013 (JRSS B 75).

    >>> arms = post_stratify([[Moments(2, 2, 4), Moments(2, 20, 208)], [Moments(2, 4, 10), Moments(4, 48, 584)]])
    >>> round(arms[0].mean, 2), round(arms[1].mean, 2)
    (6.4, 8.0)
    """
    strata = len(arms[0]) if arms else 0
    require("arms", strata > 0 and all(len(arm) == strata for arm in arms), "all need the same strata, at least one")
    if any(stratum.n <= 1 for arm in arms for stratum in arm):
        return NotEnoughData("A stratum has fewer than two units in a group; merge it with another one.")
    counts = np.array([[stratum.n for stratum in arm] for arm in arms], dtype=np.float64)
    share = counts.sum(axis=0) / counts.sum()
    means = np.array([[stratum.sum / stratum.n for stratum in arm] for arm in arms])
    variances = np.array([[stratum.variance or 0.0 for stratum in arm] for arm in arms])
    n = counts.sum(axis=1)
    per_unit = n * (share**2 * variances / counts).sum(axis=1)
    return [Estimate(int(n[i]), float(means[i] @ share), float(per_unit[i])) for i in range(len(arms))]


@dataclass(frozen=True, slots=True)
class Winsorised:
    """Arms after capping, the caps, and how many values each arm had changed."""

    arms: tuple[FloatArray, ...]
    low: float
    high: float
    changed: tuple[int, ...]


def winsorise(arms: Sequence[ArrayLike], *, upper: float = 0.99, lower: float = 0.0) -> Winsorised:
    """Cap values at the quantiles `lower` and `upper` of all arms together, so that one bulk buyer cannot decide.

    The capped mean is another metric than the mean: say so beside it. One cap for all arms, or the cap itself would differ
    by treatment. Shapes are kept.

    >>> winsorise([[1.0, 2.0, 3.0], [2.0, 900.0]], upper=0.75).arms[1]
    array([2., 3.])
    """
    require("upper", 0 <= lower < upper <= 1, "and lower must be shares with lower < upper")
    vectors = [finite_vector("arms", arm) for arm in arms]
    pooled = np.concatenate(vectors) if vectors else np.empty(0)
    require("arms", len(pooled) > 0, "have no values")
    low, high = (float(value) for value in np.quantile(pooled, [lower, upper]))
    changed = tuple(int(((vector < low) | (vector > high)).sum()) for vector in vectors)
    return Winsorised(tuple(np.clip(vector, low, high) for vector in vectors), low, high, changed)
