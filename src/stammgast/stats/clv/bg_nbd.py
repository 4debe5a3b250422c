"""BG/NBD and MBG/NBD: customers buy at their own rate and may drop out after any purchase.

Fader, Hardie and Lee 2005 (Marketing Science 24) and Batislam, Denizel and Filiztekin 2007 (IJRM 24). The two differ in one
thing: in the modified model a customer may also drop out after the first purchase. So both are one formula with
`chances`, the number of moments to drop out: x in BG/NBD, x + 1 in MBG/NBD.
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

POLE_MARGIN = 1e-6
STARTS = ((0.5, 5.0, 0.7, 2.0), (1.0, 1.0, 1.0, 1.0), (1.0, 30.0, 0.1, 5.0), (2.0, 100.0, 1.0, 10.0))


@dataclass(frozen=True)
class BgNbd(Fitted):
    """A fitted BG/NBD (or, with `modified`, MBG/NBD) model.

    Purchase rates are gamma(r, alpha) per unit of time, chances to drop out beta(a, b).
    """

    names: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")

    r: float
    alpha: float
    a: float
    b: float
    modified: bool = False

    def probability_alive(self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> FloatArray:
        """Return the probability (0..1) that each customer has not dropped out; shape (customers,).

        In BG/NBD it is 1 for customers with one purchase, by assumption; MBG/NBD has no such corner.
        """
        x, t_x, t = check_histories(frequency, recency, age)
        return self._alive(x, t_x, t)

    def expected_purchases(
        self, horizon: float, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike
    ) -> FloatArray:
        """Return the expected number of purchases in the next `horizon` units of time; shape (customers,).

        Source: Fader, Hardie and Lee 2005, eq. 10.
        """
        require("horizon", horizon >= 0, "cannot be negative")
        x, t_x, t = check_histories(frequency, recency, age)
        chances = x + self.modified
        growth = _expected_while_alive(self._a_off_pole, self.b + chances, self.r + x, self.alpha + t, horizon)
        return growth * self._alive(x, t_x, t)

    def expected_purchases_of_newcomer(self, horizon: ArrayLike) -> FloatArray:
        """Return expected repeat purchases within `horizon` (shape (n,)) of a customer drawn at random.

        Source: Fader, Hardie and Lee 2005, eq. 9.
        """
        horizons = np.atleast_1d(np.asarray(horizon, dtype=np.float64))
        shape = np.zeros_like(horizons)
        grown = _expected_while_alive(
            self._a_off_pole, shape + self.b + self.modified, shape + self.r, shape + self.alpha, horizons
        )
        return grown * self._alive(shape, shape, shape)

    @property
    def _a_off_pole(self) -> float:
        """The formulas divide by a - 1 although their limit exists; step off the pole by less than print precision."""
        return self.a if abs(self.a - 1) > POLE_MARGIN else 1 + POLE_MARGIN

    def _alive(self, x: FloatArray, t_x: FloatArray, t: FloatArray) -> FloatArray:
        chances = x + self.modified
        log_odds_dead = np.log(self.a) - np.log(self.b + np.maximum(chances, 1) - 1)
        log_odds_dead += (self.r + x) * (np.log(self.alpha + t) - np.log(self.alpha + t_x))
        return np.where(chances > 0, special.expit(-log_odds_dead), 1.0)


def _expected_while_alive(
    a: float, b: FloatArray, shape: FloatArray, rate: FloatArray, horizon: float | FloatArray
) -> FloatArray:
    """Expected purchases within `horizon` given alive, with rates gamma(shape, rate) and drop-out chances beta(a, b)."""
    z = horizon / (rate + horizon)
    survival = special.hyp2f1(shape, b, a + b - 1, z) * (1 - z) ** shape
    return np.asarray((a + b - 1) / (a - 1) * (1 - survival), dtype=np.float64)


def fit_bg_nbd(frequency: ArrayLike, recency: ArrayLike, age: ArrayLike, weights: ArrayLike | None = None) -> BgNbd:
    """Fit BG/NBD by maximum likelihood; `weights` counts customers per row (1 each when None).

    Raises `Invalid` for impossible rows, `NotIdentified` when nobody bought twice, `NotConverged` with the reason.

    >>> frequency, recency = [0, 1, 1, 2, 2, 5, 9], [0, 5, 25, 10, 30, 20, 36]
    >>> model = fit_bg_nbd(frequency, recency, [39] * 7, weights=[600, 90, 60, 30, 40, 15, 10])
    >>> model.expected_purchases(10, frequency=[5, 5], recency=[36, 12], age=[39, 39]).round(2)
    array([0.79, 0.05])
    """
    return _fit("BG/NBD", group_histories(frequency, recency, age, weights), modified=False)


def fit_mbg_nbd(frequency: ArrayLike, recency: ArrayLike, age: ArrayLike, weights: ArrayLike | None = None) -> BgNbd:
    """Fit MBG/NBD, in which customers may drop out right after their first purchase; as `fit_bg_nbd` otherwise."""
    return _fit("MBG/NBD", group_histories(frequency, recency, age, weights), modified=True)


def _fit(name: str, histories: PurchaseHistories, *, modified: bool) -> BgNbd:
    if not (histories.frequency > 0).any():
        raise NotIdentified(model=name, reason="no customer has bought twice; observe them for longer")
    unit = histories.fitting_unit
    likelihood = bg_nbd_log_likelihood(histories.in_unit(unit), modified=modified)
    maximum = maximise(name, BgNbd.names, likelihood, histories.customers, STARTS)
    r, alpha, a, b = (float(value) for value in maximum.parameters)
    log_likelihood = maximum.log_likelihood - histories.purchases * math.log(unit)
    return BgNbd(log_likelihood, histories.customers, maximum.log_covariance, r, alpha * unit, a, b, modified)


def bg_nbd_log_likelihood(histories: PurchaseHistories, *, modified: bool = False) -> LogLikelihood:
    """Return the log-likelihood of (r, alpha, a, b) and its gradient over `histories`.

    Gamma functions depend on the frequency alone, so they are taken once per distinct frequency. With w the odds-weighted
    probability of having dropped out, the gradient needs no function the likelihood has not already computed.
    """
    distinct, place = np.unique(histories.frequency, return_inverse=True)
    count = np.bincount(place, weights=histories.weight).astype(np.float64)
    once = histories.frequency + modified == 0
    stayed = _Once(histories.age[once], histories.weight[once])
    x, t_x, t, weight = (
        column[~once] for column in (histories.frequency, histories.recency, histories.age, histories.weight)
    )
    place = place[~once]

    def evaluate(parameters: FloatArray) -> tuple[float, FloatArray]:
        r, alpha, a, b = parameters
        value, gradient = _by_frequency(parameters, distinct, distinct + modified, count)
        log_age, log_recency = np.log(alpha + t), np.log(alpha + t_x)
        shape = r + x
        log_drop = (np.log(a) - np.log(b + np.maximum(distinct + modified, 1) - 1))[place]
        log_odds = log_drop + shape * (log_age - log_recency)
        dead = special.expit(log_odds)
        value -= dot(weight, shape * log_age + special.log_expit(-log_odds))
        dead_weight = weight * dead
        alive_weight = weight - dead_weight
        gradient[0] -= dot(alive_weight, log_age) + dot(dead_weight, log_recency)
        gradient[1] -= dot(shape, alive_weight / (alpha + t) + dead_weight / (alpha + t_x))
        gradient[2] += float(dead_weight.sum()) / a
        gradient[3] -= float((dead_weight / (b + x + modified - 1)).sum())
        value_once, gradient_once = stayed.evaluate(r, alpha)
        gradient[:2] += gradient_once
        return value + value_once, gradient

    return evaluate


@dataclass(frozen=True)
class _Once:
    """BG/NBD customers without a repeat purchase: alive by assumption, only the rate enters."""

    age: FloatArray
    weight: FloatArray

    def evaluate(self, r: float, alpha: float) -> tuple[float, FloatArray]:
        log_sum = dot(self.weight, np.log(alpha + self.age))
        return -r * log_sum, np.array([-log_sum, -r * float((self.weight / (alpha + self.age)).sum())])


def _by_frequency(
    parameters: FloatArray, x: FloatArray, chances: FloatArray, count: FloatArray
) -> tuple[float, FloatArray]:
    """The part of the likelihood that depends on the frequency alone, and its gradient by (r, alpha, a, b)."""
    r, alpha, a, b = parameters
    n = count.sum()
    rate = special.gammaln(r + x) - special.gammaln(r)
    kept = special.gammaln(a + b) + special.gammaln(b + chances) - special.gammaln(b) - special.gammaln(a + b + chances)
    value = float(count @ (rate + kept) + n * r * np.log(alpha))
    both = special.psi(a + b) - special.psi(a + b + chances)
    gradient = [
        count @ special.psi(r + x) + n * (np.log(alpha) - special.psi(r)),
        n * r / alpha,
        count @ both,
        count @ (both + special.psi(b + chances) - special.psi(b)),
    ]
    return value, np.array(gradient, dtype=np.float64)
