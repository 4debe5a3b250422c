"""Time until something happens, with cases still open: waiting times, retention by contract.

Curves and the log-rank test are scipy's (`scipy.stats.ecdf`, `scipy.stats.logrank`); added here are what our metrics report: medians
and p90 with intervals, restricted means, and the shifted-beta-geometric model of retention.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from stammgast.stats.arrays import BoolArray, FloatArray, finite_vector, require, same_length
from stammgast.stats.clv.optimise import Fitted, LogLikelihood, maximise
from stammgast.stats.errors import NotIdentified
from stammgast.stats.intervals import Interval

if TYPE_CHECKING:
    from scipy.stats import CensoredData


@dataclass(frozen=True, slots=True)
class SurvivalCurve:
    """Kaplan-Meier: the share still waiting after each time, with a log-log band; vectors of shape (times,)."""

    times: FloatArray
    """Distinct observed durations, ascending, in the unit that was passed in."""
    survival: FloatArray
    low: FloatArray
    high: FloatArray
    n: int
    events: int
    """Cases in which it happened; n - events are still open (censored)."""
    confidence: float

    def quantile(self, share: float = 0.5) -> float | None:
        """Return the time by which `share` of the cases are done; None if that many never were (0.9 is p90)."""
        return _first_at_most(self.times, self.survival, 1 - share)

    def quantile_interval(self, share: float = 0.5) -> Interval | None:
        """Return the quantile's interval (Brookmeyer and Crowley 1982); None without events.

        The upper end is infinite while the band has not fallen below 1 - share: too many cases are still open.
        """
        if self.events == 0:
            return None
        low = _first_at_most(self.times, self.low, 1 - share)
        high = _first_at_most(self.times, self.high, 1 - share)
        return Interval(math.inf if low is None else low, math.inf if high is None else high, self.confidence)

    def restricted_mean(self, horizon: float) -> float:
        """Return the mean time within `horizon`, open cases counted as waiting: the area under the curve up to it."""
        inside = self.times < horizon
        edges = np.concatenate([[0.0], self.times[inside], [horizon]])
        heights = np.concatenate([[1.0], self.survival[inside]])
        return float(np.diff(edges) @ heights)


def survival_curve(durations: ArrayLike, happened: ArrayLike, confidence: float = 0.95) -> SurvivalCurve | None:
    """Return the Kaplan-Meier curve of `durations` (>= 0), of which some have not `happened` yet (censored).

    An open case counts as having waited at least its duration so far: leaving it out would flatter the median. None without
    cases. Greenwood's variance, log-log band.

    >>> curve = survival_curve([1, 2, 3, 4, 5], [True, True, False, True, False])
    >>> curve.quantile(0.5), curve.quantile_interval(0.5).high
    (4.0, inf)
    """
    from scipy.stats import ecdf

    time, done = finite_vector("durations", durations), finite_vector("happened", happened) > 0
    same_length(durations=time, happened=done.astype(np.float64))
    require("durations", bool((time >= 0).all()), "cannot be negative")
    if len(time) == 0:
        return None
    function = ecdf(_censored(time, done)).sf
    survival = np.asarray(function.probabilities)
    low, high = _log_log_band(time, done, survival, confidence)
    return SurvivalCurve(np.asarray(function.quantiles), survival, low, high, len(time), int(done.sum()), confidence)


def log_rank_p_value(
    durations_a: ArrayLike, happened_a: ArrayLike, durations_b: ArrayLike, happened_b: ArrayLike
) -> float | None:
    """Return the two-sided log-rank p-value that both groups wait alike; None when nothing happened in either.

    >>> round(log_rank_p_value([1, 2, 3], [1, 1, 1], [1, 2, 3], [1, 1, 1]), 2)
    1.0
    """
    from scipy.stats import logrank

    a, done_a = finite_vector("durations_a", durations_a), finite_vector("happened_a", happened_a) > 0
    b, done_b = finite_vector("durations_b", durations_b), finite_vector("happened_b", happened_b) > 0
    if not len(a) or not len(b) or not (done_a.any() or done_b.any()):
        return None
    return float(logrank(_censored(a, done_a), _censored(b, done_b)).pvalue)


def _censored(time: FloatArray, done: BoolArray) -> CensoredData:
    from scipy.stats import CensoredData

    return CensoredData(uncensored=time[done], right=time[~done])


def _log_log_band(
    time: FloatArray, done: BoolArray, survival: FloatArray, confidence: float
) -> tuple[FloatArray, FloatArray]:
    """Exponential Greenwood limits; where the curve is 0 the upper limit stays at its last value."""
    distinct, place = np.unique(time, return_inverse=True)
    at_risk = len(time) - np.searchsorted(np.sort(time), distinct, side="left")
    events = np.bincount(place, weights=done)
    left = np.maximum(at_risk - events, 0)
    terms = np.divide(events, at_risk * left, out=np.zeros(len(events)), where=left > 0)
    inside = (survival > 0) & (survival < 1)
    log_survival = np.log(np.where(inside, survival, 0.5))
    spread = special.ndtri(0.5 + confidence / 2) * np.sqrt(np.cumsum(terms)) / np.abs(log_survival)
    low = np.where(inside, np.exp(log_survival * np.exp(spread)), np.where(survival >= 1, 1.0, 0.0))
    high = np.where(inside, np.exp(log_survival * np.exp(-spread)), survival)
    last = np.minimum.accumulate(np.where(inside, high, np.inf))
    return low, np.where(survival <= 0, np.where(np.isfinite(last), last, 1.0), high)


def _first_at_most(times: FloatArray, values: FloatArray, level: float) -> float | None:
    reached = np.flatnonzero(values <= level + 1e-12)
    return float(times[reached[0]]) if len(reached) else None


@dataclass(frozen=True)
class ShiftedBetaGeometric(Fitted):
    """Retention by contract: each customer has their own constant chance to leave at a renewal, beta(alpha, beta).

    Why retention rates rise with tenure although nobody becomes more loyal: the disloyal leave first.
    """

    names: ClassVar[tuple[str, ...]] = ("alpha", "beta")

    alpha: float
    beta: float

    def survival(self, renewals: ArrayLike) -> FloatArray:
        """Return the share of customers still there after each number of `renewals` (>= 0); same shape."""
        t = np.asarray(renewals, dtype=np.float64)
        return np.asarray(np.exp(special.betaln(self.alpha, self.beta + t) - special.betaln(self.alpha, self.beta)))

    def retention(self, renewal: ArrayLike) -> FloatArray:
        """Return the share that stays at the given renewal (1 = first) of those who were there before it."""
        t = np.asarray(renewal, dtype=np.float64)
        return np.asarray((self.beta + t - 1) / (self.alpha + self.beta + t - 1))


def fit_retention(survivors: ArrayLike) -> ShiftedBetaGeometric:
    """Fit the shifted-beta-geometric model to one cohort: customers at the start and after each renewal, falling.

    Raises `NotIdentified` with fewer than two renewals or if nobody left. Source: Fader and Hardie 2007 (Journal of
    Interactive Marketing 21), "How to project customer retention".

    >>> model = fit_retention([1000, 869, 743, 653, 593, 551, 517, 491])
    >>> round(model.alpha, 3), round(model.beta, 3)
    (0.668, 3.806)
    """
    counts = finite_vector("survivors", survivors)
    require("survivors", len(counts) > 0 and bool((np.diff(counts) <= 0).all()), "must fall from renewal to renewal")
    lost, stayed = -np.diff(counts), float(counts[-1])
    renewals = np.arange(1.0, len(counts))
    if len(lost) <= 1 or lost.sum() == 0:
        raise NotIdentified(model="retention", reason="at least two renewals and one lost customer are needed")

    def evaluate(parameters: FloatArray) -> tuple[float, FloatArray]:
        a, b = parameters
        end = renewals[-1]
        log_lost = special.betaln(a + 1, b + renewals - 1) - special.betaln(a, b)
        value = float(lost @ log_lost) + stayed * float(special.betaln(a, b + end) - special.betaln(a, b))
        both, n = special.psi(a + b), lost.sum() + stayed
        tail = lost @ special.psi(a + b + renewals) + stayed * special.psi(a + b + end)
        by_a = lost.sum() * special.psi(a + 1) + stayed * special.psi(a) - n * (special.psi(a) - both) - tail
        by_b = lost @ special.psi(b + renewals - 1) + stayed * special.psi(b + end) - n * (special.psi(b) - both) - tail
        return value, np.array([by_a, by_b], dtype=np.float64)

    likelihood: LogLikelihood = evaluate
    found = maximise(
        "retention", ("alpha", "beta"), likelihood, float(counts[0]), [(1.0, 2.0), (0.5, 5.0), (5.0, 50.0)]
    )
    alpha, beta = (float(value) for value in found.parameters)
    return ShiftedBetaGeometric(found.log_likelihood, float(counts[0]), found.log_covariance, alpha, beta)
