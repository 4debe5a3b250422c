"""Whom to look at: what batches changed comes first in the order of its coming, kept in rows until it was looked at."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from stammgast.events.contracts import Taken
from stammgast.kernel.clock import MILLIS_PER_DAY
from stammgast.kernel.ports.watching import Cause
from stammgast.pipeline.watching.store import Marks


class Marking:
    """The marks that wait, in memory as in `watch_marks`. Those of one number go together with their row."""

    def __init__(self, kept: Iterable[tuple[int, int, Marks]]) -> None:
        """Take (number, since, marks) of what a worker before left."""
        self._waiting: dict[int, tuple[int, int]] = {}
        """Anchor -> (number of the row that named it first, causes), first come first."""
        self._rows: deque[tuple[int, int]] = deque()
        for number, since, marks in kept:
            self.add(number, since, marks)

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def add(self, number: int, since: int, marks: Marks) -> None:
        """Note what the row `number` says; ms UTC."""
        self._rows.append((number, since))
        waiting = self._waiting
        for anchor, causes in marks.items():
            first, before = waiting.get(anchor, (number, 0))
            # Who waits already keeps the place in the queue: one look answers for both.
            waiting[anchor] = (first, before | causes)

    def first(self, most: int) -> Marks:
        """Return the marks that wait longest; they stay until they are `done`."""
        found: Marks = {}
        for anchor, (_number, causes) in self._waiting.items():
            if len(found) == most:
                break
            found[anchor] = causes
        return found

    def open_after(self, done: Marks) -> int:
        """Return the number of the first row of which something is left once `done` was looked at."""
        for anchor, (number, _causes) in self._waiting.items():
            if anchor not in done:
                return number
        return self._rows[-1][0] + 1 if self._rows else 0

    def done(self, done: Marks) -> None:
        """Forget what was looked at."""
        for anchor in done:
            self._waiting.pop(anchor, None)
        number = self.open_after({})
        while self._rows and self._rows[0][0] < number:
            self._rows.popleft()

    @property
    def since(self) -> int | None:
        """When what waits longest was marked, ms UTC; None when nothing waits."""
        return self._rows[0][1] if self._waiting and self._rows else None


def marks_of(
    fresh: Sequence[Taken], noted: Iterable[int], moved: Iterable[int], gone: Iterable[int], now: int
) -> Marks:
    """Return whom a batch changed: by events, by what people noted, by what was merged, split or decided."""
    marks: Marks = {}
    for anchor in noted:
        marks[anchor] = int(Cause.QUIET)
    for anchor in moved:
        marks[anchor] = marks.get(anchor, 0) | int(Cause.MOVED)
    for number in gone:
        marks[number] = marks.get(number, 0) | int(Cause.MOVED | Cause.GONE)
    for taken in fresh:
        event = taken.event
        if taken.anchor and not event.origin:
            is_live = not event.is_import and taken.quarantine_id is None and now - event.time < MILLIS_PER_DAY
            marks[taken.anchor] = marks.get(taken.anchor, 0) | int(Cause.LIVE if is_live else Cause.QUIET)
    return marks
