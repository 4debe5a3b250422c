"""Which of the profiles that are now each profile that would be goes on, and what comes to it from others. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from stammgast.whoiswho.tracing.contracts import Part


def continued(before: Sequence[Part], after: Sequence[Part], events: Mapping[int, int]) -> tuple[Part, ...]:
    """Return `after` with whom each goes on from (`was`, 0 for somebody new) and what comes to it from others.

    A number stays with whom it names best, so whoever has it goes on. `events`: those of each anchor.
    """
    known = {one.profile: one for one in before}
    return tuple(_told(one, known.get(one.profile), events) for one in after)


def _told(one: Part, was: Part | None, events: Mapping[int, int]) -> Part:
    stayed = set(was.anchors) if was is not None else set()
    moved = tuple(anchor for anchor in one.anchors if anchor not in stayed)
    return replace(
        one,
        was=one.profile if was is not None else 0,
        moved_anchors=moved,
        moved_events=sum(events.get(anchor, 0) for anchor in moved),
    )
