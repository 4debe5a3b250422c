"""Before the experiment: how many units, how long, and what could be found at all."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special

from stammgast.stats.arrays import require
from stammgast.stats.intervals import two_sided_z


@dataclass(frozen=True, slots=True)
class Design:
    """A two-sided comparison of one treatment arm with control.

    `ratio` is treatment units per control unit. For sequential reading plan about twice the units (`width_factor`^2).
    """

    control_variance: float
    treatment_variance: float
    confidence: float = 0.95
    power: float = 0.8
    ratio: float = 1.0
    width_factor: float = 1.0
    """How much wider than fixed-horizon the intervals will be: 1 at a planned look, about 1.5 always-valid."""

    def __post_init__(self) -> None:
        """Refuse designs without meaning."""
        require("variance", min(self.control_variance, self.treatment_variance) >= 0, "cannot be negative")
        require("power", 0 < self.power < 1, "must lie between 0 and 1")
        require("ratio", self.ratio > 0, "must be above 0")

    @classmethod
    def for_shares(cls, control: float, treatment: float, *, confidence: float = 0.95, power: float = 0.8) -> Design:
        """Return the design for two shares (0..1): variances follow from them."""
        require("share", 0 < control < 1 and 0 < treatment < 1, "must lie between 0 and 1")
        return cls(control * (1 - control), treatment * (1 - treatment), confidence, power)

    def standard_error(self, n_control: float) -> float:
        """Standard error of the difference with `n_control` control units."""
        return math.sqrt(self.control_variance / n_control + self.treatment_variance / (self.ratio * n_control))


def sample_size_per_arm(design: Design, effect: float) -> tuple[int, int]:
    """Return control and treatment units needed to find `effect` (absolute, not 0) with the design's power.

    n = (z_(1 - alpha/2) + z_power)^2 (var_c + var_t / ratio) / effect^2, rounded up. Source: van Belle 2008, chapter 2.

    >>> sample_size_per_arm(Design.for_shares(0.10, 0.12), 0.02)
    (3839, 3839)
    """
    require("effect", effect != 0, "cannot be 0: no sample finds nothing")
    multiplier = design.width_factor * two_sided_z(design.confidence) + float(special.ndtri(design.power))
    n_control = multiplier**2 * (design.control_variance + design.treatment_variance / design.ratio) / effect**2
    return math.ceil(n_control), math.ceil(n_control * design.ratio)


def power(design: Design, effect: float, n_control: int) -> float:
    """Return the chance (0..1) to find a true `effect` with `n_control` control units, either sign counted as found.

    >>> round(power(Design.for_shares(0.10, 0.12), 0.02, 3839), 3)
    0.8
    """
    require("n_control", n_control > 0, "must be above 0")
    z = design.width_factor * two_sided_z(design.confidence)
    error = design.standard_error(n_control)
    if error == 0:
        return float(effect != 0)
    return float(special.ndtr(effect / error - z) + special.ndtr(-effect / error - z))


def minimum_detectable_effect(design: Design, n_control: int) -> float:
    """Return the smallest absolute effect found with the design's power from `n_control` control units.

    >>> round(minimum_detectable_effect(Design.for_shares(0.10, 0.12), 3839), 4)
    0.02
    """
    require("n_control", n_control > 0, "must be above 0")
    multiplier = design.width_factor * two_sided_z(design.confidence) + float(special.ndtri(design.power))
    return multiplier * design.standard_error(n_control)


def duration_days(units: int, units_per_day: float, *, whole_weeks: bool = True) -> int | None:
    """Return the days until `units` (all arms) have come at `units_per_day`; None if nobody comes.

    Whole weeks by default, since weekdays differ.

    >>> duration_days(7678, 1000)
    14
    """
    if units_per_day <= 0:
        return None
    days = math.ceil(units / units_per_day)
    return math.ceil(days / 7) * 7 if whole_weeks else days
