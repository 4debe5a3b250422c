"""Bandits: show more often what works, keep trying the rest, and be able to replay and to evaluate every decision.

Thompson sampling is used through its probabilities: P(arm is best) is computed without random draws, a floor is added, and one
uniform number made from the seed and the decision's id picks the arm. So the logged propensity is exact and a decision can be
recomputed from the log, for ever.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from stammgast.stats.arrays import FloatArray, finite_vector, require
from stammgast.stats.moments import Moments, Proportion

NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(128)
LEVELS = (NODES + 1) / 2

DistributionFunction = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, slots=True)
class Choice:
    """A decision: which arm, and with which probability it was chosen (the propensity to log)."""

    arm: int
    propensity: float
    probabilities: tuple[float, ...]


def choose(probabilities: ArrayLike, seed: str, decision_id: str) -> Choice:
    """Choose an arm by its probability; the same seed and decision id always choose the same.

    >>> choose([0.2, 0.8], "spring-banner", "decision-1") == choose([0.2, 0.8], "spring-banner", "decision-1")
    True
    """
    shares = finite_vector("probabilities", probabilities)
    require("probabilities", len(shares) > 0 and bool((shares >= 0).all()), "need one from 0 per arm")
    require("probabilities", abs(float(shares.sum()) - 1) < 1e-6, "must sum to 1")  # noqa: PLR2004 - rounding only
    digest = hashlib.blake2b(f"{seed}\x00{decision_id}".encode(), digest_size=8).digest()
    uniform = (int.from_bytes(digest, "big") >> 11) / 2**53
    arm = int(np.searchsorted(np.cumsum(shares), uniform, side="right"))
    arm = min(arm, int(np.flatnonzero(shares)[-1]))  # a sum of 0.9999999 leaves a sliver at the end
    return Choice(arm, float(shares[arm]), tuple(float(share) for share in shares))


def with_floor(probabilities: ArrayLike, floor: float) -> FloatArray:
    """Return the probabilities mixed with equal ones so that no arm falls below `floor`; shape (arms,).

    A floor is what makes later off-policy evaluation possible: it needs about 1 / floor times the decisions.

    >>> with_floor([1.0, 0.0], 0.05)
    array([0.95, 0.05])
    """
    shares = finite_vector("probabilities", probabilities)
    require("floor", 0 <= floor * len(shares) <= 1, f"must lie between 0 and 1 / {len(shares)} arms")
    return floor + (1 - len(shares) * floor) * shares


def share_probabilities(
    arms: Sequence[Proportion], *, prior: tuple[float, float] = (1.0, 1.0), floor: float = 0.0
) -> FloatArray:
    """Return P(arm has the highest share) for independent beta posteriors; shape (arms,), sum 1.

    >>> share_probabilities([Proportion(100, 10), Proportion(100, 20)]).round(3)
    array([0.025, 0.975])
    """
    require("arms", len(arms) > 0, "need at least one")
    shapes = [(arm.successes + prior[0], arm.n - arm.successes + prior[1]) for arm in arms]
    quantiles = [np.asarray(special.betaincinv(a, b, LEVELS)) for a, b in shapes]
    functions = [_beta_cdf(a, b) for a, b in shapes]
    return with_floor(_best(quantiles, functions), floor)


@dataclass(frozen=True, slots=True)
class MeanPrior:
    """Normal-inverse-gamma prior of an arm's mean: worth `strength` values around `mean` with `deviation`."""

    mean: float
    deviation: float
    strength: float = 1.0


def mean_probabilities(arms: Sequence[Moments], prior: MeanPrior, *, floor: float = 0.0) -> FloatArray:
    """Return P(arm has the highest mean) for independent Student-t posteriors; shape (arms,), sum 1.

    Values need not be normal, but means must be nearly so: with heavy tails (revenue) winsorise first.

    >>> prior = MeanPrior(mean=20.0, deviation=10.0)
    >>> mean_probabilities([Moments(50, 1000, 22000), Moments(50, 1100, 26000)], prior).round(2)
    array([0.06, 0.94])
    """
    require("arms", len(arms) > 0, "need at least one")
    require("prior", prior.deviation > 0 and prior.strength > 0, "needs deviation and strength above 0")
    posteriors = [_student(arm, prior) for arm in arms]
    quantiles = [m + s * np.asarray(special.stdtrit(df, LEVELS)) for m, s, df in posteriors]
    functions = [_student_cdf(m, s, df) for m, s, df in posteriors]
    return with_floor(_best(quantiles, functions), floor)


@dataclass(frozen=True, slots=True)
class LinearArm:
    """An arm's sufficient statistics for reward = context . weights + noise. Adds; nothing else need be kept.

    `products` is the sum of context context' of shape (features, features), `responses` the sum of reward * context.
    """

    products: FloatArray
    responses: FloatArray

    @classmethod
    def of(cls, contexts: ArrayLike, rewards: ArrayLike) -> LinearArm:
        """Return the statistics of contexts (n, features) and their rewards (n,)."""
        x = np.atleast_2d(np.asarray(contexts, dtype=np.float64))
        y = finite_vector("rewards", rewards)
        require("rewards", len(x) == len(y), "need one per context")
        return cls(x.T @ x, x.T @ y)

    @classmethod
    def empty(cls, features: int) -> LinearArm:
        """Return the statistics of an arm that was never shown."""
        return cls(np.zeros((features, features)), np.zeros(features))

    def __add__(self, other: LinearArm) -> LinearArm:
        """Pool two disjoint sets of decisions."""
        return LinearArm(self.products + other.products, self.responses + other.responses)


def linear_probabilities(
    arms: Sequence[LinearArm],
    context: ArrayLike,
    *,
    noise: float,
    ridge: float = 1.0,
    floor: float = 0.0,
) -> FloatArray:
    """Return P(arm has the highest expected reward in `context`) for Bayesian linear arms; shape (arms,), sum 1.

    `context` has shape (features,) and should contain a 1 for the level; `noise` is the standard deviation of one reward,
    `ridge` the prior precision of the weights in units of 1 / noise^2. Source: Agrawal and Goyal 2013 (ICML).

    >>> liked = LinearArm.of([[1.0, 0.0]] * 40, [1.0] * 40)
    >>> linear_probabilities([liked, LinearArm.empty(2)], [1.0, 0.0], noise=0.5, floor=0.05).round(2)
    array([0.93, 0.07])
    """
    require("arms", len(arms) > 0, "need at least one")
    require("noise", noise > 0 and ridge > 0, "and ridge must be above 0")
    x = finite_vector("context", context)
    scores = [_linear_score(arm, x, noise, ridge) for arm in arms]
    quantiles = [m + s * np.asarray(special.ndtri(LEVELS)) for m, s in scores]
    functions = [_normal_cdf(m, s) for m, s in scores]
    return with_floor(_best(quantiles, functions), floor)


def _linear_score(arm: LinearArm, x: FloatArray, noise: float, ridge: float) -> tuple[float, float]:
    precision = arm.products + ridge * np.eye(len(x))
    solved = np.linalg.solve(precision, np.column_stack([arm.responses, x]))
    return float(x @ solved[:, 0]), noise * float(np.sqrt(max(float(x @ solved[:, 1]), 1e-300)))


def _best(quantiles: Sequence[FloatArray], functions: Sequence[DistributionFunction]) -> FloatArray:
    """P(arm is highest) = mean over its quantiles of the chance that all others lie below; made to sum to 1."""
    chances = np.zeros(len(quantiles))
    for arm, values in enumerate(quantiles):
        below = np.ones_like(values)
        for other, function in enumerate(functions):
            if other != arm:
                below *= function(values)
        chances[arm] = NODE_WEIGHTS @ below / 2
    return np.asarray(chances / chances.sum())


def _student(arm: Moments, prior: MeanPrior) -> tuple[float, float, float]:
    """Location, scale and degrees of freedom of the marginal posterior of the mean (Murphy 2007, section 3)."""
    strength = prior.strength + arm.n
    mean = (prior.strength * prior.mean + arm.sum) / strength
    own_mean = arm.mean if arm.mean is not None else prior.mean
    squares = max(arm.sum_squares - arm.n * own_mean**2, 0.0)
    drift = prior.strength * arm.n / strength * (own_mean - prior.mean) ** 2
    shape, rate = (prior.strength + arm.n) / 2, (prior.strength * prior.deviation**2 + squares + drift) / 2
    return mean, float(np.sqrt(rate / (shape * strength))), 2 * shape


def _beta_cdf(a: float, b: float) -> DistributionFunction:
    return lambda values: np.asarray(special.betainc(a, b, values))


def _student_cdf(mean: float, scale: float, degrees: float) -> DistributionFunction:
    return lambda values: np.asarray(special.stdtr(degrees, (values - mean) / scale))


def _normal_cdf(mean: float, scale: float) -> DistributionFunction:
    return lambda values: np.asarray(special.ndtr((values - mean) / scale))
