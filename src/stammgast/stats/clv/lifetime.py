"""Discounted lifetime value: expected purchases per period, times spend, times margin, brought to today's money."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from stammgast.stats.arrays import FloatArray, require
from stammgast.stats.clv.gamma_gamma import GammaGamma


class PurchaseModel(Protocol):
    """What a fitted purchase model answers: BG/NBD, MBG/NBD and Pareto/NBD do."""

    def expected_purchases(
        self, horizon: float, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike
    ) -> FloatArray:
        """Expected purchases in the next `horizon` units of time, shape (customers,)."""

    def probability_alive(self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> FloatArray:
        """Probability (0..1) of still being a customer, shape (customers,)."""


@dataclass(frozen=True, slots=True)
class ValueTerms:
    """Over which horizon, at which margin and interest a lifetime value is counted; say them beside the number.

    >>> ValueTerms.yearly(discount_rate=0.10, margin=0.3).discount_rate > 0.0018
    True
    """

    horizon: float
    """Units of time of the model, above 0."""
    margin: float = 1.0
    """Share of spend that stays, above 0 and up to 1."""
    discount_rate: float = 0.0
    """Per unit of time of the model."""
    periods: int = 12
    """Equal parts of the horizon, each discounted from its middle."""

    def __post_init__(self) -> None:
        """Refuse terms without meaning."""
        require("horizon", self.horizon > 0, "must be above 0")
        require("margin", 0 < self.margin <= 1, "is a share of spend above 0 and up to 1")
        require("discount_rate", self.discount_rate > -1, "must be above -1")
        require("periods", self.periods >= 1, "must be at least 1")

    @classmethod
    def yearly(cls, *, discount_rate: float, margin: float, units_per_year: float = 365.25 / 7) -> ValueTerms:
        """Return the terms for one year ahead with a yearly discount rate; `units_per_year` is 52.18 for weeks."""
        return cls(units_per_year, margin, (1 + discount_rate) ** (1 / units_per_year) - 1)


def discounted_lifetime_value(
    model: PurchaseModel,
    spend: GammaGamma,
    frequency: ArrayLike,
    recency: ArrayLike,
    age: ArrayLike,
    mean_value: ArrayLike,
    terms: ValueTerms,
) -> FloatArray:
    """Return each customer's expected margin over the horizon, in today's money; shape (customers,).

    NaN for customers without repeat purchases when the spend model has no mean (q <= 1).
    """
    length = terms.horizon / terms.periods
    discounted: FloatArray = np.zeros(len(np.atleast_1d(np.asarray(frequency))))
    before = np.zeros_like(discounted)
    for period in range(1, terms.periods + 1):
        bought = model.expected_purchases(period * length, frequency, recency, age)
        discounted += (bought - before) * math.exp(-math.log1p(terms.discount_rate) * (period - 0.5) * length)
        before = bought
    return discounted * terms.margin * spend.expected_value(frequency, mean_value)
