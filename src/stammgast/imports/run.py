"""A whole import: look the file over, make its events, hand them on, write down what can't be used, tell how far it is."""

from __future__ import annotations

import csv
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Literal, TextIO

from stammgast.imports.contracts import ImportMap, MadeEvent, Progress, Refusal, Summary
from stammgast.imports.engine import Engine
from stammgast.imports.opening import open_table
from stammgast.imports.sinks import BATCH_BYTES, BATCH_EVENTS, Sink
from stammgast.imports.survey import survey_table
from stammgast.imports.tables import Table
from stammgast.web.cells import safe_cell

PROGRESS_SECONDS = 0.2
FIRST_EVENTS = 5


class Stopped(Exception):
    """Somebody asked the import to stop; what was sent stays."""


class Run:
    """One run of a map over a file. `tell` is called at most every 0.2 s, and at the end; it may raise Stopped."""

    def __init__(self, path: Path, plan: ImportMap, tell: Callable[[Progress], None] | None = None) -> None:
        """Open the file. Raises UnreadableFile, UnknownColumn."""
        self.table: Table = open_table(path, plan.file)
        self._plan = plan
        self._tell = tell or (lambda _progress: None)
        self._begun = time.monotonic()
        self._told = 0.0
        self._phase: Literal["survey", "import", "done"] = "survey"
        self._rows = self._events = 0
        self._rows_total: int | None = None
        self._reasons: Counter[str] = Counter()
        self._examples: dict[str, Refusal] = {}
        self._names: Counter[str] = Counter()
        self._refused_writer: RefusedFile | None = None

    def dry(self) -> Summary:
        """Return what the import would do, with the first events; nothing is sent."""
        first: list[bytes] = []
        for event in self._made():
            if len(first) < FIRST_EVENTS:
                first.append(event.body)
        return self._summary(sent=0, first=tuple(first))

    def send(
        self, sink: Sink, *, refused: Path | None = None, skip: int = 0, checkpoint: Callable[[int], None] | None = None
    ) -> Summary:
        """Send all events to `sink`; unusable lines go to the file `refused`, made only when there are some.

        skip: events at the start that an earlier, interrupted run is known to have delivered. `checkpoint` hears how
        many events are certainly kept, counted from the first of the file.
        """
        remember = checkpoint or (lambda _count: None)
        self._refused_writer = RefusedFile(refused, self.table.columns) if refused else None
        try:
            for batch in batches(self._made(), skip):
                sink.send(batch)
                remember(skip + sink.durable)
        except Stopped:
            sink.flush()
            raise
        else:
            sink.flush()
        finally:
            remember(skip + sink.durable)
            if self._refused_writer:
                self._refused_writer.close()
        return self._summary(sent=sink.durable)

    def _made(self) -> Iterator[MadeEvent]:
        survey = survey_table(self.table, self._plan, self._surveyed)
        self._rows_total = survey.rows
        self._phase, self._rows = "import", 0
        engine = Engine(self.table, self._plan, survey, self._refuse)
        for event in engine.events():
            self._events += 1
            self._rows = engine.rows
            self._tell_sometimes()
            yield event
        self._rows = engine.rows
        self._names = engine.names()
        self._phase = "done"
        self._tell(self.progress())

    def progress(self) -> Progress:
        """Return how far the run has come."""
        return Progress(
            phase=self._phase,
            rows=self._rows,
            rows_total=self._rows_total,
            events=self._events,
            refused=sum(self._reasons.values()),
            seconds=time.monotonic() - self._begun,
        )

    def _surveyed(self, rows: int) -> None:
        self._rows = rows
        self._tell_sometimes()

    def _tell_sometimes(self) -> None:
        now = time.monotonic()
        if now - self._told >= PROGRESS_SECONDS:
            self._told = now
            self._tell(self.progress())

    def _refuse(self, refusal: Refusal) -> None:
        self._reasons[refusal.reason] += 1
        self._examples.setdefault(refusal.reason, refusal)
        if self._refused_writer:
            self._refused_writer.write(refusal)

    def _summary(self, *, sent: int, first: tuple[bytes, ...] = ()) -> Summary:
        return Summary(
            rows=self._rows,
            events=self._events,
            sent=sent,
            refused=sum(self._reasons.values()),
            seconds=time.monotonic() - self._begun,
            reasons=dict(self._reasons.most_common()),
            examples=dict(self._examples),
            events_by_name=dict(self._names.most_common()),
            first_events=first,
        )


class RefusedFile:
    """A CSV file of the lines that can't be used: row, reason, detail, then the line's own cells. Made at the first."""

    def __init__(self, path: Path, columns: tuple[str, ...] | None) -> None:
        """An older file of that name is removed: each run tells all of it."""
        self._path = path
        self._columns = columns or ("line",)
        self._file: TextIO | None = None
        path.unlink(missing_ok=True)

    def write(self, refusal: Refusal) -> None:
        """Add a line."""
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("w", encoding="utf-8", newline="")
            csv.writer(self._file).writerow(("row", "reason", "detail", *self._columns))
        cells = [safe_cell(cell) for cell in refusal.cells]
        csv.writer(self._file).writerow((refusal.row, refusal.reason, safe_cell(refusal.detail), *cells))

    def close(self) -> None:
        """Finish the file."""
        if self._file is not None:
            self._file.close()


def batches(events: Iterator[MadeEvent], skip: int = 0) -> Iterator[list[MadeEvent]]:
    """Yield events in batches fit for one request, without the first `skip`."""
    batch: list[MadeEvent] = []
    size = 0
    with closing(events):  # type: ignore[type-var]
        for number, event in enumerate(events):
            if number < skip:
                continue
            if batch and (size + len(event.body) > BATCH_BYTES or len(batch) >= BATCH_EVENTS):
                yield batch
                batch, size = [], 0
            batch.append(event)
            size += len(event.body)
    if batch:
        yield batch
