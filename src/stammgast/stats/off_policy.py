"""What would another policy have earned? Answered from logged decisions, or refused.

Normal intervals fail here because a few rare, heavily weighted rewards decide. The intervals below come from betting
martingales, which hold for every sample size: Waudby-Smith and Ramdas 2024 (JRSS B 86) and, for the self-normalised form,
Karampatziakis, Mineiro and Ramdas 2021 (ICML), "Off-policy confidence sequences".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from stammgast.stats.arrays import FloatArray, finite_vector, require, same_length
from stammgast.stats.intervals import Interval

BET_CAP = 0.9
"""Share of the wealth a single outcome may lose; 1 would risk ruin."""
EFFECTIVE_SAMPLE_MIN = 50.0
"""Below this many equally weighted decisions no value is given."""
WEIGHT_MEAN_ERRORS_MAX = 5.0
"""Weights average 1 if the propensities are right; further off than this many standard errors they are not."""


class Estimator(StrEnum):
    """How rewards are weighted: each is unbiased or nearly so, with different noise."""

    INVERSE_PROPENSITY = "inverse_propensity"
    SELF_NORMALISED = "self_normalised"
    DOUBLY_ROBUST = "doubly_robust"


@dataclass(frozen=True, slots=True)
class LoggedDecisions:
    """Decisions of the policy that ran; vectors of shape (decisions,), in the order they were made.

    `reward` lies in 0..1; `propensity` is the probability with which the logged arm was chosen; `target_probability` the one
    the other policy would have given that arm. `predicted_logged` and `predicted_target` (for doubly robust) are a reward
    model's prediction for the logged arm and its mean under the other policy; fit it on other rows.
    """

    reward: FloatArray
    propensity: FloatArray
    target_probability: FloatArray
    predicted_logged: FloatArray | None = None
    predicted_target: FloatArray | None = None

    @classmethod
    def of(
        cls,
        reward: ArrayLike,
        propensity: ArrayLike,
        target_probability: ArrayLike,
        predicted_logged: ArrayLike | None = None,
        predicted_target: ArrayLike | None = None,
    ) -> LoggedDecisions:
        """Check and return the columns; raises `Invalid` for values outside 0..1."""
        columns = {
            "reward": reward,
            "propensity": propensity,
            "target_probability": target_probability,
            "predicted_logged": predicted_logged,
            "predicted_target": predicted_target,
        }
        checked = {name: finite_vector(name, column) for name, column in columns.items() if column is not None}
        same_length(**checked)
        for name, column in checked.items():
            require(name, bool(((column >= 0) & (column <= 1)).all()), "must lie between 0 and 1; scale rewards")
        require("propensity", bool((checked["propensity"] > 0).all()), "must be above 0 for an arm that was chosen")
        return cls(**checked)

    @property
    def weight(self) -> FloatArray:
        """Target over logging probability of the logged arm."""
        return self.target_probability / self.propensity


@dataclass(frozen=True, slots=True)
class PolicyValue:
    """The mean reward the other policy would have earned, with an interval that covers at any sample size."""

    value: float
    interval: Interval
    effective_sample_size: float
    decisions: int
    estimator: Estimator


@dataclass(frozen=True, slots=True)
class Refusal:
    """The logged decisions say too little about the other policy; `reason` is a sentence for people."""

    reason: str
    effective_sample_size: float


@dataclass(frozen=True, slots=True)
class EvaluationTerms:
    """How a policy is evaluated. `effective_sample_min` is the refusal threshold."""

    estimator: Estimator = Estimator.SELF_NORMALISED
    confidence: float = 0.95
    effective_sample_min: float = EFFECTIVE_SAMPLE_MIN


def effective_sample_size(weight: ArrayLike) -> float:
    """Return (sum w)^2 / sum w^2: as many equally weighted decisions would say as much; 0 without weight.

    >>> effective_sample_size([1.0, 1.0, 0.0, 0.0])
    2.0
    """
    w = finite_vector("weight", weight)
    squares = float(w @ w)
    return float(w.sum()) ** 2 / squares if squares > 0 else 0.0


def evaluate_policy(
    log: LoggedDecisions, *, propensity_min: float, terms: EvaluationTerms | None = None
) -> PolicyValue | Refusal:
    """Return the other policy's value from the log, or say why not.

    `propensity_min` is the floor the logging policy guaranteed to every arm (see `bandits.with_floor`): it bounds the weights,
    and without such a bound no honest interval exists.

    >>> log = LoggedDecisions.of([1.0, 0.0] * 200, [0.5] * 400, [0.5] * 400)
    >>> same_policy = evaluate_policy(log, propensity_min=0.5)
    >>> same_policy.value, same_policy.interval.contains(0.5)
    (0.5, True)
    """
    terms = terms or EvaluationTerms()
    require("propensity_min", 0 < propensity_min <= 1, "must lie above 0 and up to 1")
    smallest = float(log.propensity.min(initial=1.0))
    require("propensity_min", propensity_min <= smallest * (1 + 1e-9), f"is above a logged propensity ({smallest:g})")
    refusal = _refusal(log, terms)
    if refusal is not None:
        return refusal
    bets = _bets(log, 1 / propensity_min, terms.estimator)
    interval = _betting_interval(bets, terms.confidence)
    size = effective_sample_size(log.weight)
    return PolicyValue(bets.estimate, interval, size, len(log.reward), terms.estimator)


def _refusal(log: LoggedDecisions, terms: EvaluationTerms) -> Refusal | None:
    size = effective_sample_size(log.weight)
    if size < terms.effective_sample_min:
        wanted = f"{terms.effective_sample_min:g}"
        return Refusal(f"The log is worth {size:.0f} decisions of the other policy; {wanted} are needed.", size)
    error = float(log.weight.std()) / math.sqrt(len(log.weight))
    if abs(float(log.weight.mean()) - 1) > WEIGHT_MEAN_ERRORS_MAX * error + 1e-9:
        mean = float(log.weight.mean())
        return Refusal(f"Weights average {mean:.3f} instead of 1: the logged propensities cannot be right.", size)
    missing = log.predicted_logged is None or log.predicted_target is None
    if terms.estimator is Estimator.DOUBLY_ROBUST and missing:
        return Refusal("Doubly robust evaluation needs the predictions of a reward model.", size)
    return None


@dataclass(frozen=True, slots=True)
class _Bets:
    """Terms z_t - v u_t with mean 0 at the true value v, and how far they can fall or rise.

    The fall is `fall_base + fall_slope * v` at most, the rise `rise_base + rise_slope * v`.
    """

    z: FloatArray
    u: FloatArray
    fall_base: float
    fall_slope: float
    rise_base: float
    rise_slope: float

    @property
    def estimate(self) -> float:
        """The value at which the terms sum to 0, inside 0..1."""
        return min(max(float(self.z.sum() / self.u.sum()), 0.0), 1.0)

    def fall(self, value: float) -> float:
        return self.fall_base + self.fall_slope * value

    def rise(self, value: float) -> float:
        return self.rise_base + self.rise_slope * value


def _bets(log: LoggedDecisions, weight_max: float, estimator: Estimator) -> _Bets:
    weight, ones = log.weight, np.ones_like(log.reward)
    if estimator is Estimator.INVERSE_PROPENSITY:
        return _Bets(weight * log.reward, ones, 0.0, 1.0, weight_max, -1.0)
    if estimator is Estimator.SELF_NORMALISED:
        return _Bets(weight * log.reward, weight, 0.0, weight_max, weight_max, -weight_max)
    if log.predicted_logged is None or log.predicted_target is None:
        raise AssertionError
    z = log.predicted_target + weight * (log.reward - log.predicted_logged)
    return _Bets(z, ones, weight_max, 1.0, weight_max + 1, -1.0)


def _betting_interval(bets: _Bets, confidence: float) -> Interval:
    """Reject every value against which a bettor would have multiplied their money by 2 / alpha, on either side."""
    log_goal = math.log(2 / (1 - confidence))
    stake = _stakes(bets, log_goal)

    def rejected_low(value: float) -> bool:
        stakes = np.minimum(stake, BET_CAP / max(bets.fall(value), 1e-12))
        return float(np.log1p(stakes * (bets.z - value * bets.u)).sum()) >= log_goal

    def rejected_high(value: float) -> bool:
        stakes = np.minimum(stake, BET_CAP / max(bets.rise(value), 1e-12))
        return float(np.log1p(-stakes * (bets.z - value * bets.u)).sum()) >= log_goal

    low, high = 0.0, 1.0
    if rejected_low(0.0):
        inside = bets.estimate
        for _ in range(30):
            middle = (low + inside) / 2
            low, inside = (middle, inside) if rejected_low(middle) else (low, middle)
    if rejected_high(1.0):
        inside = bets.estimate
        for _ in range(30):
            middle = (high + inside) / 2
            high, inside = (middle, inside) if rejected_high(middle) else (high, middle)
    return Interval(low, high, confidence)


def _stakes(bets: _Bets, log_goal: float) -> FloatArray:
    """Stake before each decision, from the decisions before it alone: sqrt(2 log(2 / alpha) / (n variance so far))."""
    n = len(bets.z)
    past = np.arange(n)
    z_before, u_before = np.cumsum(bets.z) - bets.z, np.cumsum(bets.u) - bets.u
    running = np.clip((0.5 + z_before) / (1 + u_before), 0.0, 1.0)
    squares = (bets.z - running * bets.u) ** 2
    spread = max(bets.fall(0.5), bets.rise(0.5))
    variance = (0.25 * spread + np.cumsum(squares) - squares) / (past + 1)
    return np.asarray(np.sqrt(2 * log_goal / (n * np.maximum(variance, 1e-12))))
