"""Pareto/NBD: customers buy at their own rate and drop out at any moment. Schmittlein, Morrison and Colombo 1987.

The integral over the moment of dropping out, usually written as a difference of two hypergeometric functions, is summed by
Gauss-Legendre quadrature on a logarithmic time scale. That keeps full precision where the difference cancels, and its
gradient is exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from stammgast.stats.arrays import FloatArray, dot, require
from stammgast.stats.clv.histories import PurchaseHistories, check_histories, group_histories
from stammgast.stats.clv.optimise import Fitted, LogLikelihood, maximise
from stammgast.stats.errors import NotIdentified

STARTS = ((0.5, 10.0, 0.5, 10.0), (1.0, 10.0, 1.0, 50.0), (1.0, 1.0, 1.0, 1.0), (2.0, 50.0, 0.5, 100.0))
NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(32)
DECAY_KEPT = 45.0
"""The integrand falls by e^-45 over the part that is summed; what lies behind cannot change a float64."""


@dataclass(frozen=True)
class ParetoNbd(Fitted):
    """A fitted Pareto/NBD model: purchase rates gamma(r, alpha), drop-out rates gamma(s, beta), per unit of time."""

    names: ClassVar[tuple[str, ...]] = ("r", "alpha", "s", "beta")

    r: float
    alpha: float
    s: float
    beta: float

    def probability_alive(self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> FloatArray:
        """Return the probability (0..1) that each customer has not dropped out; shape (customers,)."""
        x, t_x, t = check_histories(frequency, recency, age)
        return 1.0 - _dropout(np.array(list(self.parameters.values())), x, t_x, t).dead

    def expected_purchases(
        self, horizon: float, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike
    ) -> FloatArray:
        """Return the expected number of purchases in the next `horizon` units of time; shape (customers,).

        Source: Fader and Hardie 2005, "A note on deriving the Pareto/NBD model", eq. 41.
        """
        require("horizon", horizon >= 0, "cannot be negative")
        x, t_x, t = check_histories(frequency, recency, age)
        rate = (self.r + x) / (self.alpha + t)
        return rate * self._lived(self.beta + t, horizon) * self.probability_alive(x, t_x, t)

    def expected_purchases_of_newcomer(self, horizon: ArrayLike) -> FloatArray:
        """Return expected repeat purchases within `horizon` (shape (n,)) of a customer drawn at random."""
        horizons = np.atleast_1d(np.asarray(horizon, dtype=np.float64))
        return self.r / self.alpha * self._lived(np.full_like(horizons, self.beta), horizons)

    def _lived(self, beta: FloatArray, horizon: float | FloatArray) -> FloatArray:
        """Expected time lived within `horizon` by someone alive now: beta / (s - 1) * (1 - (1 + h / beta)^(1 - s))."""
        # exprel(y) = (e^y - 1) / y makes the limit at s = 1 part of the formula.
        log_growth = np.log1p(horizon / beta)
        return np.asarray(beta * log_growth * special.exprel((1 - self.s) * log_growth), dtype=np.float64)


def fit_pareto_nbd(
    frequency: ArrayLike, recency: ArrayLike, age: ArrayLike, weights: ArrayLike | None = None
) -> ParetoNbd:
    """Fit Pareto/NBD by maximum likelihood; `weights` counts customers per row (1 each when None).

    Raises `Invalid` for impossible rows, `NotIdentified` when nobody bought twice, `NotConverged` with the reason.
    """
    histories = group_histories(frequency, recency, age, weights)
    if not (histories.frequency > 0).any():
        raise NotIdentified(model="Pareto/NBD", reason="no customer has bought twice; observe them for longer")
    unit = histories.fitting_unit
    likelihood = pareto_nbd_log_likelihood(histories.in_unit(unit))
    maximum = maximise("Pareto/NBD", ParetoNbd.names, likelihood, histories.customers, STARTS)
    r, alpha, s, beta = (float(value) for value in maximum.parameters)
    log_likelihood = maximum.log_likelihood - histories.purchases * math.log(unit)
    return ParetoNbd(log_likelihood, histories.customers, maximum.log_covariance, r, alpha * unit, s, beta * unit)


@dataclass(frozen=True, slots=True)
class _Dropout:
    """Per row: log-likelihood without the gamma functions, P(dropped out), and means over the moment of dropping out."""

    log_likelihood: FloatArray
    dead: FloatArray
    log_alpha: FloatArray
    log_beta: FloatArray
    inverse_alpha: FloatArray
    inverse_beta: FloatArray


def _dropout(parameters: FloatArray, x: FloatArray, t_x: FloatArray, t: FloatArray) -> _Dropout:
    """Sum the integral of (alpha + y)^-(r + x) (beta + y)^-(s + 1) over y from t_x to t."""
    r, alpha, s, beta = parameters
    origin = min(alpha, beta)
    span = np.minimum(np.log((origin + t) / (origin + t_x)), DECAY_KEPT / (r + x + s))
    top = -(r + x) * np.log(alpha + t_x) - (s + 1) * np.log(beta + t_x)
    sums = np.zeros((5, len(x)))
    for node, node_weight in zip(NODES, NODE_WEIGHTS, strict=True):
        y_shifted = (origin + t_x) * np.exp(span * (node + 1) / 2)
        at_alpha, at_beta = y_shifted + (alpha - origin), y_shifted + (beta - origin)
        log_alpha, log_beta = np.log(at_alpha), np.log(at_beta)
        mass = node_weight / 2 * span * y_shifted * np.exp(-(r + x) * log_alpha - (s + 1) * log_beta - top)
        for row, factor in enumerate((1.0, log_alpha, log_beta, 1 / at_alpha, 1 / at_beta)):
            sums[row] += mass * factor
    total = np.maximum(sums[0], np.finfo(float).tiny)  # a customer who bought just now has no time to have dropped out
    log_dead = np.log(s) + top + np.log(total)
    log_alive = -(r + x) * np.log(alpha + t) - s * np.log(beta + t)
    log_sum = np.logaddexp(log_dead, log_alive)
    return _Dropout(log_sum, np.exp(log_dead - log_sum), *(sums[1:] / total))


def pareto_nbd_log_likelihood(histories: PurchaseHistories) -> LogLikelihood:
    """Return the log-likelihood of (r, alpha, s, beta) and its gradient over `histories`."""
    x, t_x, t, weight = histories.frequency, histories.recency, histories.age, histories.weight
    n = histories.customers

    def evaluate(parameters: FloatArray) -> tuple[float, FloatArray]:
        r, alpha, s, beta = parameters
        dropout = _dropout(parameters, x, t_x, t)
        value = dot(weight, special.gammaln(r + x) + dropout.log_likelihood)
        value += n * (r * np.log(alpha) + s * np.log(beta) - special.gammaln(r))
        dead = weight * dropout.dead
        alive = weight - dead
        by_r = dot(weight, special.psi(r + x)) + n * (np.log(alpha) - special.psi(r))
        by_s = n * np.log(beta) + float(dead.sum()) / s
        gradient = [
            by_r - dot(alive, np.log(alpha + t)) - dot(dead, dropout.log_alpha),
            n * r / alpha - dot(r + x, alive / (alpha + t) + dead * dropout.inverse_alpha),
            by_s - dot(alive, np.log(beta + t)) - dot(dead, dropout.log_beta),
            n * s / beta - s * float((alive / (beta + t)).sum()) - (s + 1) * dot(dead, dropout.inverse_beta),
        ]
        return float(value), np.array(gradient, dtype=np.float64)

    return evaluate
