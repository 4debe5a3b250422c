"""The whole verdict over many metrics at once, vectorised: one call for a dashboard of a thousand metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from stammgast.stats.arrays import require
from stammgast.stats.experiments.bayesian import EffectPrior, chances, posterior
from stammgast.stats.experiments.compare import (
    Comparison,
    NotEnoughData,
    as_arrays,
    comparisons,
    effects,
    obstacle,
    welch,
)
from stammgast.stats.experiments.sequential import TUNING_DEFAULT, sequence
from stammgast.stats.moments import Estimate


@dataclass(frozen=True, slots=True)
class VerdictTerms:
    """How the verdict is read; the same for all metrics of an experiment."""

    confidence: float = 0.95
    tuning: float = TUNING_DEFAULT
    prior: EffectPrior = field(default_factory=EffectPrior)
    """Prior of the absolute effect for chance to win and losses."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Everything said about one metric."""

    absolute: Comparison
    relative: Comparison | None
    """None when control's mean is not above 0, where a relative effect has no meaning."""
    sequential: Comparison
    """Absolute, always valid."""
    chance_to_win: float
    expected_loss_treatment: float
    expected_loss_control: float


def verdicts(
    control: Sequence[Estimate | None], treatment: Sequence[Estimate | None], terms: VerdictTerms | None = None
) -> list[Verdict | NotEnoughData]:
    """Return one verdict per metric, in order, equal to what the single functions say.

    >>> arm = Estimate(1000, 0.10, 0.09)
    >>> verdicts([arm, None], [Estimate(1000, 0.15, 0.1275), arm])[1]
    NotEnoughData(reason='The control group has fewer than two units.')
    """
    terms = terms or VerdictTerms()
    require("treatment", len(control) == len(treatment), "needs one estimate per metric of control")
    answers: list[Verdict | NotEnoughData | None] = [obstacle(a, b) for a, b in zip(control, treatment, strict=True)]
    clear = [place for place, blocked in enumerate(answers) if blocked is None]
    usable = [(a, b) for place in clear if (a := control[place]) is not None and (b := treatment[place]) is not None]
    for place, verdict in zip(clear, _verdicts([a for a, _ in usable], [b for _, b in usable], terms), strict=True):
        answers[place] = verdict
    return [answer for answer in answers if answer is not None]


def _verdicts(control: list[Estimate], treatment: list[Estimate], terms: VerdictTerms) -> list[Verdict]:
    if not control:
        return []
    a, b = as_arrays(control), as_arrays(treatment)
    level = terms.confidence
    absolute = effects(a, b, relative=False)
    plain = comparisons(absolute, *welch(absolute, level), relative=False, confidence=level)
    sequences = sequence(absolute, level, terms.tuning)
    looked = comparisons(absolute, *sequences, relative=False, confidence=level, always_valid=True)
    with np.errstate(divide="ignore", invalid="ignore"):  # control means of 0 are answered None below
        ratio = effects(a, b, relative=True)
        lifts = comparisons(ratio, *welch(ratio, level), relative=True, confidence=level)
    judged = zip(*(column.tolist() for column in chances(*posterior(absolute, terms.prior))), strict=True)
    positive = (a.mean > 0).tolist()
    return [Verdict(plain[i], lifts[i] if positive[i] else None, looked[i], *chance) for i, chance in enumerate(judged)]
