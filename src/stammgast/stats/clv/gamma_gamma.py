"""Gamma-Gamma: what a repeat buyer spends per purchase. Fader, Hardie and Lee 2005; Fader and Hardie 2013.

It assumes that spend does not depend on frequency, so that is checked first and the check travels with the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from stammgast.stats.arrays import FloatArray, finite_vector, require, same_length
from stammgast.stats.clv.optimise import Fitted, LogLikelihood, maximise
from stammgast.stats.errors import NotIdentified, SpendDependsOnFrequency
from stammgast.stats.intervals import Interval, two_sided_z

CORRELATION_LIMIT = 0.3
"""A rank correlation beyond this is more than the 0.1 that Fader and Hardie call harmless, by any sampling error."""
STARTS = ((6.0, 4.0, 15.0), (1.0, 2.0, 10.0), (2.0, 10.0, 100.0), (10.0, 3.0, 1.0))
REPEAT_BUYERS_MIN = 10


@dataclass(frozen=True, slots=True)
class IndependenceCheck:
    """Spearman's rank correlation of frequency and mean spend among repeat buyers, with its interval."""

    correlation: float
    interval: Interval
    customers: int

    @property
    def holds(self) -> bool:
        """Say whether the correlation is small enough (|rho| <= 0.3) for Gamma-Gamma."""
        return abs(self.correlation) <= CORRELATION_LIMIT


@dataclass(frozen=True)
class GammaGamma(Fitted):
    """A fitted Gamma-Gamma model; `v` carries the unit of money, in units of which a start is scaled."""

    names: ClassVar[tuple[str, ...]] = ("p", "q", "v")

    p: float
    q: float
    v: float
    independence: IndependenceCheck

    @property
    def mean_value(self) -> float | None:
        """Mean spend per purchase over all customers, in money; None when q <= 1, where the mean does not exist."""
        return self.p * self.v / (self.q - 1) if self.q > 1 else None

    def expected_value(self, frequency: ArrayLike, mean_value: ArrayLike) -> FloatArray:
        """Return each customer's expected spend per purchase, in money; shape (customers,).

        A weighted mean of the customer's own spend and of everybody's. Customers without repeat purchases (frequency 0; their
        `mean_value` is ignored) get everybody's mean: NaN when q <= 1. Source: Fader and Hardie 2013, eq. 5.
        """
        x, m = finite_vector("frequency", frequency), finite_vector("mean_value", mean_value)
        same_length(frequency=x, mean_value=m)
        divisor = self.p * x + self.q - 1
        spent = np.where(x > 0, x * m, 0.0)
        return np.where(divisor > 0, self.p * (self.v + spent) / np.where(divisor > 0, divisor, 1.0), np.nan)


def check_independence(frequency: ArrayLike, mean_value: ArrayLike, confidence: float = 0.95) -> IndependenceCheck:
    """Correlate frequency and mean spend of repeat buyers by ranks; raises `NotIdentified` below 10 of them.

    Source of the interval: Fisher's z with Bonett and Wright's variance (1 + rho^2 / 2) / (n - 3) (Psychometrika 2000).
    """
    from scipy import stats

    x, m = _repeat_buyers(frequency, mean_value)
    rho = float(stats.spearmanr(x, m).statistic) if np.ptp(x) > 0 and np.ptp(m) > 0 else 0.0
    half = two_sided_z(confidence) * np.sqrt((1 + rho * rho / 2) / (len(x) - 3))
    z = np.arctanh(np.clip(rho, -0.999999, 0.999999))
    return IndependenceCheck(rho, Interval(float(np.tanh(z - half)), float(np.tanh(z + half)), confidence), len(x))


def fit_gamma_gamma(
    frequency: ArrayLike, mean_value: ArrayLike, weights: ArrayLike | None = None, *, allow_dependent: bool = False
) -> GammaGamma:
    """Fit Gamma-Gamma to repeat buyers (rows with frequency 0 are left out).

    `mean_value` is the mean spend of the repeat purchases, above 0 (net of refunds). Raises `SpendDependsOnFrequency` unless
    `allow_dependent`, `NotIdentified` below 10 repeat buyers, `NotConverged` with the reason.
    """
    x, m = _repeat_buyers(frequency, mean_value)
    independence = check_independence(x, m)
    if not independence.holds and not allow_dependent:
        raise SpendDependsOnFrequency(correlation=independence.correlation, limit=CORRELATION_LIMIT)
    weight = np.ones_like(x) if weights is None else _repeat_weights(frequency, weights)
    unit = float(weight @ m / weight.sum())  # fit in units of the mean, so that cents and millions behave alike
    likelihood = gamma_gamma_log_likelihood(x, m / unit, weight)
    starts = [(p, q, v / 35) for p, q, v in STARTS]
    maximum = maximise("Gamma-Gamma", GammaGamma.names, likelihood, float(weight.sum()), starts)
    p, q, v = (float(value) for value in maximum.parameters)
    log_likelihood = maximum.log_likelihood - float(weight.sum()) * float(np.log(unit))
    return GammaGamma(log_likelihood, float(weight.sum()), maximum.log_covariance, p, q, v * unit, independence)


def gamma_gamma_log_likelihood(x: FloatArray, m: FloatArray, weight: FloatArray) -> LogLikelihood:
    """Return the log-likelihood of (p, q, v) and its gradient; source: Fader and Hardie 2013, eq. 1a."""
    log_m, log_x = np.log(m), np.log(x)
    n = float(weight.sum())

    def evaluate(parameters: FloatArray) -> tuple[float, FloatArray]:
        p, q, v = parameters
        shape, own = p * x + q, p * x
        log_total = np.log(x * m + v)
        rows = special.gammaln(shape) - special.gammaln(own) + own * log_x + (own - 1) * log_m - shape * log_total
        value = float(weight @ rows) + n * (q * np.log(v) - special.gammaln(q))
        by_shape = special.psi(shape) - log_total
        gradient = [
            weight @ (x * (by_shape - special.psi(own) + log_x + log_m)),
            weight @ by_shape + n * (np.log(v) - special.psi(q)),
            n * q / v - weight @ (shape / (x * m + v)),
        ]
        return value, np.array(gradient, dtype=np.float64)

    return evaluate


def _repeat_buyers(frequency: ArrayLike, mean_value: ArrayLike) -> tuple[FloatArray, FloatArray]:
    x, m = finite_vector("frequency", frequency), finite_vector("mean_value", mean_value)
    same_length(frequency=x, mean_value=m)
    repeat = x > 0
    if int(repeat.sum()) < REPEAT_BUYERS_MIN:
        reason = f"{int(repeat.sum())} repeat buyers, at least {REPEAT_BUYERS_MIN} are needed"
        raise NotIdentified(model="Gamma-Gamma", reason=reason)
    require("mean_value", bool((m[repeat] > 0).all()), "must be above 0 for repeat buyers; leave free orders out")
    return x[repeat], m[repeat]


def _repeat_weights(frequency: ArrayLike, weights: ArrayLike) -> FloatArray:
    x, weight = finite_vector("frequency", frequency), finite_vector("weights", weights)
    same_length(frequency=x, weights=weight)
    require("weights", bool((weight >= 0).all()), "cannot be negative")
    return np.asarray(weight[x > 0], dtype=np.float64)
