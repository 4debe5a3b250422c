"""Always-valid comparison: look as often as you like, stop when you like.

Asymptotic confidence sequences of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (arXiv 2103.06476): eq. 9 the width, eq. 155
and 161 the tuning to the sample size at which the sequence is tightest.
"""

from __future__ import annotations

import numpy as np

from stammgast.stats.arrays import FloatArray, require
from stammgast.stats.experiments.compare import (
    Comparison,
    EffectArrays,
    NotEnoughData,
    as_arrays,
    comparisons,
    effects,
    obstacle,
)
from stammgast.stats.moments import Estimate

TUNING_DEFAULT = 5000
"""Units in both arms at which the interval is tightest; choose the sample size you expect to decide at."""


def compare_always_valid(
    control: Estimate | None,
    treatment: Estimate | None,
    *,
    relative: bool = False,
    confidence: float = 0.95,
    tuning: float = TUNING_DEFAULT,
) -> Comparison | NotEnoughData:
    """Compare two arms with an interval and a p-value that hold at all looks at once.

    The price is width: about 1.5 times Welch's near `tuning` units. Asymptotic: begin to look at a few hundred units.

    >>> from stammgast.stats.moments import Moments
    >>> control, treatment = Moments(3000, 1396.87, 52377.9767), Moments(3461, 2422.7, 134698.29)
    >>> lift = compare_always_valid(control.estimate(), treatment.estimate(), relative=True, tuning=1000)
    >>> round(lift.effect, 5), round(lift.interval.low, 5), round(lift.interval.high, 5)
    (0.50336, -0.55844, 1.56516)
    """
    require("tuning", tuning > 0, "must be above 0")
    blocked = obstacle(control, treatment, relative=relative)
    if blocked or control is None or treatment is None:
        return blocked or NotEnoughData("An arm has no estimate.")
    found = effects(as_arrays([control]), as_arrays([treatment]), relative=relative)
    half, p_value = sequence(found, confidence, tuning)
    return comparisons(found, half, p_value, relative=relative, confidence=confidence, always_valid=True)[0]


def sequence(found: EffectArrays, confidence: float, tuning: float) -> tuple[FloatArray, FloatArray]:
    """Return half-widths and p-values of the confidence sequence at the present sample, shapes (metrics,).

    The p-value is the error rate at which the sequence would just touch 0, so p <= 0.05 agrees with the 95 % interval.
    """
    alpha = 1 - confidence
    scale = -2 * np.log(alpha)
    mixture = (scale + np.log(scale + 1)) / tuning  # rho squared
    grown = found.n * mixture + 1
    half = np.sqrt(found.variance * 2 * grown / (found.n * mixture) * np.log(np.sqrt(grown) / alpha))
    log_p = 0.5 * np.log(grown) - found.effect**2 / found.variance * found.n * mixture / (2 * grown)
    return np.asarray(half), np.asarray(np.exp(np.minimum(log_p, 0.0)))
