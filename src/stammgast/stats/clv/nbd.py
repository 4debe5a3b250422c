"""NBD: customers buy at their own rate and nobody drops out; the limit of BG/NBD and Pareto/NBD without drop-out.

When those do not converge because no drop-out is visible, this is the model the rows support. Ehrenberg 1959.
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

STARTS = ((0.5, 10.0), (1.0, 30.0), (2.0, 1.0))


@dataclass(frozen=True)
class Nbd(Fitted):
    """A fitted NBD model: purchase rates gamma(r, alpha) per unit of time, everybody stays."""

    names: ClassVar[tuple[str, ...]] = ("r", "alpha")

    r: float
    alpha: float

    def probability_alive(self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> FloatArray:
        """Return 1 for every customer: the model's assumption, not a finding."""
        return np.ones_like(check_histories(frequency, recency, age)[0])

    def expected_purchases(
        self, horizon: float, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike
    ) -> FloatArray:
        """Return (r + x) / (alpha + T) * horizon; shape (customers,)."""
        require("horizon", horizon >= 0, "cannot be negative")
        x, _, t = check_histories(frequency, recency, age)
        return (self.r + x) / (self.alpha + t) * horizon


def fit_nbd(frequency: ArrayLike, recency: ArrayLike, age: ArrayLike, weights: ArrayLike | None = None) -> Nbd:
    """Fit NBD by maximum likelihood; its log-likelihood is comparable with those of the models with drop-out."""
    histories = group_histories(frequency, recency, age, weights)
    if not (histories.frequency > 0).any():
        raise NotIdentified(model="NBD", reason="no customer has bought twice; observe them for longer")
    unit = histories.fitting_unit
    likelihood = _log_likelihood(histories.in_unit(unit))
    maximum = maximise("NBD", Nbd.names, likelihood, histories.customers, STARTS)
    r, alpha = (float(value) for value in maximum.parameters)
    log_likelihood = maximum.log_likelihood - histories.purchases * math.log(unit)
    return Nbd(log_likelihood, histories.customers, maximum.log_covariance, r, alpha * unit)


def _log_likelihood(histories: PurchaseHistories) -> LogLikelihood:
    x, t, weight, n = histories.frequency, histories.age, histories.weight, histories.customers

    def evaluate(parameters: FloatArray) -> tuple[float, FloatArray]:
        r, alpha = parameters
        log_age = np.log(alpha + t)
        value = dot(weight, special.gammaln(r + x) - (r + x) * log_age) + n * (r * np.log(alpha) - special.gammaln(r))
        by_r = dot(weight, special.psi(r + x) - log_age) + n * (np.log(alpha) - special.psi(r))
        return float(value), np.array([by_r, n * r / alpha - dot(weight, (r + x) / (alpha + t))])

    return evaluate
