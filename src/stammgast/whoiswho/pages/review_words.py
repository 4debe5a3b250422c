"""How the review calls fields, levels of agreement, phases of a search; and a pair's weights as a waterfall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from stammgast.kernel.i18n import marked as _
from stammgast.whoiswho.matching.contracts import Suggestion
from stammgast.whoiswho.matching.learning import OVERALL
from stammgast.whoiswho.matching.scoring import Part

FIELD_LABELS: Mapping[str, str] = {
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "birth_date": _("Date of birth"),
    "email": _("Mail address"),
    "phone": _("Phone number"),
    "number": _("Card or tax number"),
    "street": _("Street and house number"),
    "place": _("Postcode and town"),
    OVERALL: _("What your decisions taught"),
}
LEVEL_LABELS: Mapping[str, str] = {
    "same": _("The same"),
    "swapped": _("First and last name swapped"),
    "very_alike": _("Very alike"),
    "alike": _("Alike"),
    "short_form": _("One begins like the other"),
    "shared_word": _("A part is the same"),
    "swapped_day": _("Day and month swapped"),
    "one_slip": _("A slip of one or two characters"),
    "two_slips": _("Two characters differ"),
    "same_year": _("Only the year is the same"),
    "same_mailbox": _("The same before the @"),
    "other_house": _("The same street, another house"),
    "same_postcode": _("The same postcode"),
    "same_town": _("The same town"),
    "different": _("Different"),
    "unknown": _("Not known of both"),
    OVERALL: _("You accepted more or fewer than expected"),
}
PHASE_LABELS: Mapping[str, str] = {
    "waiting": _("Waiting to begin"),
    "gathering": _("Reading names, addresses and birth dates"),
    "learning": _("Learning what agreement is worth here"),
    "comparing": _("Comparing customers"),
    "keeping": _("Keeping what is likely"),
    "done": _("Done"),
}
STATE_LABELS: Mapping[str, str] = {
    "open": _("Open"),
    "accepted": _("Accepted"),
    "refused": _("Refused"),
    "never": _("Never merge"),
}
NEARLY = 0.999
"""What is more probable is told as more than this. A name, since Jinja writes constants in the first reader's language."""
SIDE_BITS = 12.0
"""A waterfall shows at least this many bits to both sides."""
WIDTH = 240.0
Tone = Literal["for", "against", "nothing"]


class Step(msgspec.Struct, frozen=True):
    """One row of the comparison: both values, the level in words, and its bar in the waterfall (SVG units)."""

    field: str
    one: str
    other: str
    level: str
    bits: float | None
    tone: Tone
    x: float
    width: float


class Waterfall(msgspec.Struct, frozen=True):
    """A pair's weights, running from the prior to the sum; `zero` is where even odds are."""

    prior: Step
    steps: tuple[Step, ...]
    total: Step
    zero: float


def waterfall(found: Suggestion, one: Mapping[str, str], other: Mapping[str, str]) -> Waterfall:
    """Return the comparison of a pair, the heaviest part first, fields known of one side only at the end."""
    parts = sorted(found.parts, key=lambda part: -abs(part.bits))
    low, high = _span(found.prior, parts)
    scale = WIDTH / (high - low)

    def step(field: str, level: str, start: float, bits: float) -> Step:
        tone: Tone = "for" if bits > 0 else "against"
        left = min(start, start + bits)
        x, width = round((left - low) * scale, 1), round(max(1.5, abs(bits) * scale), 1)
        return Step(field, one.get(field, ""), other.get(field, ""), level, bits, tone, x, width)

    running, steps = found.prior, []
    for part in parts:
        steps.append(step(part.field, part.level, running, part.bits))
        running += part.bits
    compared = {part.field for part in parts}
    silent = [
        Step(field, one.get(field, ""), other.get(field, ""), "unknown", None, "nothing", 0.0, 0.0)
        for field in FIELD_LABELS
        if field not in compared and (one.get(field) or other.get(field))
    ]
    return Waterfall(
        step("", "", 0.0, found.prior), (*steps, *silent), step("", "", 0.0, found.bits), round(-low * scale, 1)
    )


def _span(prior: float, parts: Sequence[Part]) -> tuple[float, float]:
    """Return the least and the greatest sum on the way, with SIDE_BITS to both sides at least.

    >>> _span(-10.0, [Part("email", "same", 22.5), Part("phone", "different", -1.0)])
    (-12.0, 12.5)
    """
    sums, running = [prior], prior
    for part in parts:
        running += part.bits
        sums.append(running)
    return min(-SIDE_BITS, *sums), max(SIDE_BITS, *sums)
