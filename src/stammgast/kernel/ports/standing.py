"""Standing: does anything stand against writing to a person, asking or advertising now? An open complaint, an objection.

Modules that know such things put a `runtime.StandingCheck` into their manifest; whoever is about to act asks `asking.standing_of`.
"""

from __future__ import annotations

from typing import Final

import msgspec

from stammgast.kernel.i18n import marked as _

UNKNOWN: Final = "unknown"
NOTHING_KNOWN = _("No part of this installation keeps complaints or objections, so nothing stands against it.")
NOTHING_FOUND = _("No complaint is open and no objection was made.")


class Against(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that stands against it: what (`open_complaint`, `objection` ...), a sentence for people, since when, where to read on."""

    kind: str
    reason: str
    """Marked, or a `Phrase`."""
    since: int | None = None
    """ms UTC."""
    path: str = ""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What stands against contacting a profile, and when nothing does, why we say so. `asked` names the checks."""

    profile: int
    against: tuple[Against, ...]
    asked: tuple[str, ...]
    reason: str

    @property
    def is_clear(self) -> bool:
        """Say whether nothing stands against it."""
        return not self.against
