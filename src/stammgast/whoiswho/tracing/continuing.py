"""Which of the profiles that are now each profile that would be goes on: numbers alone do not tell it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from stammgast.whoiswho.tracing.contracts import Part


def continued(before: Sequence[Part], after: Sequence[Part], events: Mapping[int, int]) -> tuple[Part, ...]:
    """Return `after` with whom each goes on from (`was`, 0 for somebody new) and what comes to it from others.

    A person goes on where most of the identifiers are, then most of the events. `events`: those of each anchor.
    A tie falls to the smaller number.
    """
    home = {one.profile: _home(one, before, events) for one in after}
    heirs: dict[int, Part] = {}
    for one in sorted(after, key=lambda one: one.profile):
        was = home[one.profile]
        if was is not None:
            rival = heirs.get(was.profile)
            if rival is None or _shared(was, one, events) > _shared(was, rival, events):
                heirs[was.profile] = one
    return tuple(_told(one, home[one.profile], heirs, events) for one in after)


def _told(one: Part, was: Part | None, heirs: Mapping[int, Part], events: Mapping[int, int]) -> Part:
    is_heir = was is not None and heirs[was.profile].profile == one.profile
    stayed = set(was.anchors) if was is not None and is_heir else set()
    moved = tuple(anchor for anchor in one.anchors if anchor not in stayed)
    return replace(
        one,
        was=was.profile if was is not None and is_heir else 0,
        moved_anchors=moved,
        moved_events=sum(events.get(anchor, 0) for anchor in moved),
    )


def _home(one: Part, before: Sequence[Part], events: Mapping[int, int]) -> Part | None:
    """Return the profile that most of this one comes from."""
    found = [(*_shared(each, one, events), -each.profile, each) for each in before]
    best = max(found, key=lambda each: each[:3], default=None)
    return best[3] if best is not None and best[:2] != (0, 0) else None


def _shared(one: Part, other: Part, events: Mapping[int, int]) -> tuple[int, int]:
    """Return how many identifiers and events two have in common."""
    identifiers = Counter(one.identifiers) & Counter(other.identifiers)
    anchors = set(one.anchors) & set(other.anchors)
    return identifiers.total(), sum(events.get(anchor, 0) for anchor in anchors)
