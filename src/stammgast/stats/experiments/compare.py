"""Fixed-horizon comparison of two arms: Welch's test, absolute or relative, and non-inferiority."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from stammgast.stats.arrays import FloatArray, require
from stammgast.stats.intervals import Interval
from stammgast.stats.moments import Estimate


@dataclass(frozen=True, slots=True)
class NotEnoughData:
    """The named answer when a comparison cannot be made; `reason` is a sentence for people."""

    reason: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Treatment against control: the effect, how sure it is, and the two-sided p-value of "no effect"."""

    effect: float
    """Treatment minus control in the metric's unit, or, when `relative`, as a share of control (0.1 = +10 %)."""
    standard_error: float
    interval: Interval
    p_value: float
    relative: bool
    always_valid: bool = False
    """True if interval and p-value hold at every look at once, False if they hold at one planned look."""

    @property
    def significant(self) -> bool:
        """Say whether the interval excludes no effect."""
        return not self.interval.contains(0.0)


@dataclass(frozen=True, slots=True)
class NonInferiority:
    """Is the treatment no worse than control by more than the margin? `bound` is the one-sided limit of the effect."""

    effect: float
    margin: float
    bound: float
    p_value: float
    holds: bool
    relative: bool


@dataclass(frozen=True, slots=True)
class ArmArrays:
    """One arm's estimates of many metrics; vectors of shape (metrics,). The vectorised core works on these."""

    n: FloatArray
    mean: FloatArray
    variance: FloatArray


@dataclass(frozen=True, slots=True)
class EffectArrays:
    """Effects of many metrics with their variances and Welch-Satterthwaite degrees of freedom; shape (metrics,)."""

    effect: FloatArray
    variance: FloatArray
    degrees: FloatArray
    n: FloatArray
    """Units in both arms."""


def effects(control: ArmArrays, treatment: ArmArrays, *, relative: bool) -> EffectArrays:
    """Return effects for arms with positive variances (and, when `relative`, control means other than 0).

    Relative variances follow the delta method for treatment / control - 1 with independent arms.
    """
    control_part, treatment_part = control.variance / control.n, treatment.variance / treatment.n
    pooled = control_part + treatment_part
    degrees = pooled**2 / (control_part**2 / (control.n - 1) + treatment_part**2 / (treatment.n - 1))
    effect, variance = treatment.mean - control.mean, pooled
    if relative:
        variance = treatment_part / control.mean**2 + control_part * treatment.mean**2 / control.mean**4
        effect = effect / control.mean
    return EffectArrays(effect, variance, degrees, control.n + treatment.n)


def welch(found: EffectArrays, confidence: float) -> tuple[FloatArray, FloatArray]:
    """Return the interval's half-widths and the two-sided p-values, shapes (metrics,)."""
    error = np.sqrt(found.variance)
    half = special.stdtrit(found.degrees, 0.5 + confidence / 2) * error
    return np.asarray(half), np.asarray(2 * special.stdtr(found.degrees, -np.abs(found.effect) / error))


def obstacle(control: Estimate | None, treatment: Estimate | None, *, relative: bool = False) -> NotEnoughData | None:
    """Return why the two cannot be compared, or None when they can."""
    for name, arm in (("control", control), ("treatment", treatment)):
        if arm is None or arm.n <= 1:
            return NotEnoughData(f"The {name} group has fewer than two units.")
    if control is None or treatment is None or control.variance + treatment.variance <= 0:
        return NotEnoughData("The metric does not vary in either group.")
    if relative and control.mean <= 0:
        return NotEnoughData("A relative effect needs a control mean above 0.")
    return None


def as_arrays(estimates: list[Estimate]) -> ArmArrays:
    """Return many metrics' estimates of one arm as columns."""
    columns = np.array([(e.n, e.mean, e.variance) for e in estimates], dtype=np.float64).reshape(-1, 3).T
    return ArmArrays(columns[0], columns[1], columns[2])


def compare(
    control: Estimate | None, treatment: Estimate | None, *, relative: bool = False, confidence: float = 0.95
) -> Comparison | NotEnoughData:
    """Compare two arms once, at the planned end, by Welch's t-test.

    Looking every day and stopping at the first p < 0.05 makes every fourth A/A test "significant" after 20 looks: use
    `compare_always_valid` for that.

    >>> from stammgast.stats.moments import Moments
    >>> control, treatment = Moments(3407, 1396.87, 52377.9767), Moments(3461, 2422.7, 134698.29)
    >>> lift = compare(control.estimate(), treatment.estimate(), relative=True)
    >>> round(lift.effect, 5), round(lift.interval.low, 5), round(lift.p_value, 5)
    (0.70732, -0.03526, 0.06191)
    """
    blocked = obstacle(control, treatment, relative=relative)
    if blocked or control is None or treatment is None:
        return blocked or NotEnoughData("An arm has no estimate.")
    found = effects(as_arrays([control]), as_arrays([treatment]), relative=relative)
    half, p_value = welch(found, confidence)
    return comparisons(found, half, p_value, relative=relative, confidence=confidence)[0]


def comparisons(
    found: EffectArrays,
    half: FloatArray,
    p_value: FloatArray,
    *,
    relative: bool,
    confidence: float,
    always_valid: bool = False,
) -> list[Comparison]:
    """Return one comparison per metric; columns are turned into plain floats at once, which is most of the time saved."""
    columns = (found.effect, np.sqrt(found.variance), found.effect - half, found.effect + half, p_value)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [
        Comparison(effect, error, Interval(low, high, confidence), p, relative, always_valid)
        for effect, error, low, high, p in rows
    ]


def check_non_inferiority(
    control: Estimate | None,
    treatment: Estimate | None,
    *,
    margin: float,
    relative: bool = False,
    higher_is_better: bool = True,
    confidence: float = 0.95,
) -> NonInferiority | NotEnoughData:
    """Test that the treatment is not worse than control by `margin` (>= 0, in the metric's unit or as a share) or more.

    One-sided at 1 - `confidence`. `bound` is the worst effect still compatible with the rows.

    >>> arm = Estimate(10_000, 0.5, 0.25)
    >>> check_non_inferiority(arm, arm, margin=0.02).holds
    True
    """
    require("margin", margin >= 0, "cannot be negative; it is how much worse would still do")
    blocked = obstacle(control, treatment, relative=relative)
    if blocked or control is None or treatment is None:
        return blocked or NotEnoughData("An arm has no estimate.")
    found = effects(as_arrays([control]), as_arrays([treatment]), relative=relative)
    direction = 1.0 if higher_is_better else -1.0
    effect, error, degrees = float(found.effect[0]), float(np.sqrt(found.variance[0])), float(found.degrees[0])
    p_value = float(special.stdtr(degrees, -(direction * effect + margin) / error))
    bound = effect - direction * float(special.stdtrit(degrees, confidence)) * error
    return NonInferiority(effect, margin, bound, p_value, direction * bound > -margin, relative)
