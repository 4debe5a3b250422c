"""Sample-ratio mismatch: were the arms filled as planned? If not, nothing else of the experiment can be believed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from stammgast.stats.arrays import FloatArray, finite_vector, require, same_length

LEVEL = 0.001
"""A mismatch is called below this p-value: a healthy experiment is then stopped once in a thousand."""


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """The p-value of "filled as planned" and the expected counts per arm."""

    p_value: float
    expected: tuple[float, ...]
    always_valid: bool

    @property
    def mismatch(self) -> bool:
        """Say whether to distrust the experiment (p below 0.001)."""
        return self.p_value < LEVEL


def check_sample_ratio(counts: ArrayLike, weights: ArrayLike) -> SampleRatio | None:
    """Compare the arms' `counts` with planned `weights` (any positive scale) by a chi-square test, for one look.

    None before any unit was assigned. Source: Fabijan et al. 2019 (KDD).

    >>> round(check_sample_ratio([44700, 45489], [1, 1]).p_value, 4)
    0.0086
    """
    observed, share = _plan(counts, weights)
    total = observed.sum()
    if total == 0:
        return None
    expected = total * share
    statistic = float(((observed - expected) ** 2 / expected).sum())
    return SampleRatio(float(special.chdtrc(len(share) - 1, statistic)), _floats(expected), always_valid=False)


def check_sample_ratio_sequentially(
    counts: ArrayLike, weights: ArrayLike, concentration: float = 1000.0
) -> SampleRatio | None:
    """Compare counts with the plan at every look: 1 / Bayes factor against a Dirichlet alternative, an always-valid p.

    `concentration` tells how close to the plan the feared mismatch is (higher: smaller deviations, found later). None before
    any unit was assigned. Source: Lindon and Malek 2022 (NeurIPS), "Anytime-valid inference for multinomial count data".

    >>> check_sample_ratio_sequentially([44700, 45489], [1, 1], concentration=20_000).p_value < 0.15
    True
    """
    observed, share = _plan(counts, weights)
    require("concentration", concentration > 0, "must be above 0")
    total = observed.sum()
    if total == 0:
        return None
    alpha = concentration * share
    log_factor = special.gammaln(concentration) - special.gammaln(concentration + total)
    log_factor += float((special.gammaln(alpha + observed) - special.gammaln(alpha) - observed * np.log(share)).sum())
    return SampleRatio(float(np.exp(min(0.0, -log_factor))), _floats(total * share), always_valid=True)


def _plan(counts: ArrayLike, weights: ArrayLike) -> tuple[FloatArray, FloatArray]:
    observed, planned = finite_vector("counts", counts), finite_vector("weights", weights)
    same_length(counts=observed, weights=planned)
    require("weights", len(planned) > 1 and bool((planned > 0).all()), "need two or more arms, each above 0")
    require("counts", bool((observed >= 0).all()), "cannot be negative")
    return observed, planned / planned.sum()


def _floats(values: FloatArray) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
