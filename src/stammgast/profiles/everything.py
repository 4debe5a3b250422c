"""A customer's whole life, event by event, as it came in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stammgast.kernel.ids import BrandId
from stammgast.kernel.runtime import Runtime
from stammgast.profiles import history, undelivered
from stammgast.profiles.contracts import Profile, TimelineEvent
from stammgast.profiles.timeline import read_event

PAGE = 500


def everything_of(
    runtime: Runtime, profile: Profile, brands: Sequence[BrandId] = ()
) -> Iterator[tuple[TimelineEvent, str]]:
    """Yield every event and its JSON, newest first, page by page. Raises HistoryUnavailable."""
    before: tuple[int, str] | None = None
    while True:
        wanted = history.TimelineQuery(profile.anchors, limit=PAGE, before=before, brands=tuple(brands))
        rows = undelivered.timeline_rows(runtime, wanted)
        for row in rows[:PAGE]:
            yield read_event(row), row.raw
        if len(rows) <= PAGE:
            return
        before = (rows[PAGE - 1].time, rows[PAGE - 1].digest)
