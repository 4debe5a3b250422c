"""What people's decisions teach the next run: corrections, in bits, of the levels of agreement they disagreed about.

A logistic regression of "accepted" on the levels a pair stood on, with the model's own weight as its starting point and every
correction pulled towards zero (ridge). Conditional on the levels it doesn't matter that only likely pairs are shown to
people, so no bias comes from what they were asked. One decision hardly moves anything; some dozens that agree do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from stammgast.whoiswho.matching.scoring import Part, ScoredPair

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SPREAD_BITS = 1.0
"""Standard deviation that corrections are expected to have before anything was decided."""
BITS_MAX = 6.0
"""No correction is greater, whatever was decided."""
ROUNDS = 30
CLOSE = 1e-9
OVERALL = "overall"
"""The correction of all pairs alike: people accept more, or fewer, than the model expects."""

Corrections = dict[str, float]
"""`field:level`, or OVERALL -> bits to add."""


class Decided(msgspec.Struct, frozen=True):
    """A decision on a pair: the levels it stood on, and its weight in bits by the run's own model, uncorrected."""

    levels: tuple[str, ...]
    bits: float
    is_accepted: bool


def level_name(part: Part) -> str:
    """Return the name under which a level is corrected.

    >>> level_name(Part("email", "same", 9.1))
    'email:same'
    """
    return f"{part.field}:{part.level}"


def corrections(decided: Sequence[Decided]) -> Corrections:
    """Return what to add to the levels' weights so that the decisions become likely; empty without decisions.

    >>> refused = [Decided(("email:same", "first_name:different"), 4.0, False)] * 20
    >>> accepted = [Decided(("email:same", "first_name:same"), 4.0, True)] * 20
    >>> found = corrections(refused + accepted)
    >>> found["first_name:different"] < -2 < 0 < found["first_name:same"]
    True
    """
    if not decided:
        return {}
    import numpy as np

    names = sorted({name for one in decided for name in one.levels})
    places = {name: index for index, name in enumerate(names, 1)}
    design = np.zeros((len(decided), len(names) + 1))
    design[:, 0] = 1.0
    for row, one in enumerate(decided):
        for name in one.levels:
            design[row, places[name]] = 1.0
    start = np.array([one.bits for one in decided]) * math.log(2)
    outcome = np.array([one.is_accepted for one in decided], dtype=np.float64)
    bits = _fit(design, start, outcome) / math.log(2)
    return {
        name: round(float(np.clip(value, -BITS_MAX, BITS_MAX)), 4)
        for name, value in zip((OVERALL, *names), bits, strict=True)
    }


def _fit(design: NDArray[np.float64], start: NDArray[np.float64], outcome: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the penalised coefficients by Newton's method, which this convex problem always suits.

    Steps are halved while they make it worse: with a far-off start the first full step may overshoot.
    """
    import numpy as np

    penalty = 1 / (SPREAD_BITS * math.log(2)) ** 2
    found = np.zeros(design.shape[1])
    loss = _loss(design, start, outcome, found, penalty)
    for _ in range(ROUNDS):
        expected = 1 / (1 + np.exp(-np.clip(start + design @ found, -500, 500)))
        gradient = design.T @ (outcome - expected) - penalty * found
        curvature = (design * (expected * (1 - expected))[:, None]).T @ design + penalty * np.eye(design.shape[1])
        step = np.linalg.solve(curvature, gradient)
        while (tried := _loss(design, start, outcome, found + step, penalty)) > loss and np.abs(step).max() > CLOSE:
            step /= 2
        found, loss = found + step, tried
        if np.abs(step).max() < CLOSE:
            break
    return found


def _loss(
    design: NDArray[np.float64],
    start: NDArray[np.float64],
    outcome: NDArray[np.float64],
    found: NDArray[np.float64],
    penalty: float,
) -> float:
    import numpy as np

    logit = start + design @ found
    return float(np.sum(np.logaddexp(0, logit) - outcome * logit) + penalty * np.sum(found**2) / 2)


def corrected(pair: ScoredPair, learned: Corrections) -> ScoredPair:
    """Return a pair with what was learned added to its parts; the overall correction belongs to the prior."""
    if not learned:
        return pair
    parts = tuple(
        msgspec.structs.replace(part, bits=part.bits + learned.get(level_name(part), 0.0)) for part in pair.parts
    )
    return msgspec.structs.replace(pair, parts=parts, bits=sum(part.bits for part in parts))
