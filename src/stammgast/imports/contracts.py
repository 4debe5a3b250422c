"""What crosses the border of the import: values of a map, events made, lines refused, progress, errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from stammgast.kernel.errors import Conflict, NotFound, StammgastError

FileFormat = Literal["csv", "jsonl", "parquet", "spreadsheet"]
ValueKind = Literal["", "text", "number", "whole_number", "boolean", "time", "list", "json"]
Subject = Literal["required", "optional", "none"]


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """Where one value comes from: a column, a constant, a product of columns, a sum or list over an event's lines.

    Exactly one of `column`, `constant`, `multiply`, `sum`, `lines`, `count` is set.
    """

    column: str | None = None
    constant: str | None = None
    """JSON text of a constant."""
    multiply: tuple[Value, ...] = ()
    sum: Value | None = None
    lines: Node | None = None
    """An object for each line of the event."""
    count: Literal["", "lines"] = ""
    kind: ValueKind = ""
    """What to make of a column's text; empty is what the file itself says: text for CSV."""
    format: str = ""
    zone: str = ""
    separator: str = ","
    decimal: str = "."
    negate: bool = False
    lower: bool = False
    default: str | None = None
    """JSON text taken when the column is missing or empty."""


class Node(msgspec.Struct, frozen=True):
    """A JSON object to be filled: (name, value or inner object) pairs in the map's order."""

    members: tuple[tuple[str, Value | Node], ...] = ()

    def get(self, name: str) -> Value | Node | None:
        """Return the member `name`, or None."""
        return next((inner for key, inner in self.members if key == name), None)


class Condition(msgspec.Struct, frozen=True):
    """A test on one column: `equals`, `begins_with` ... against `operand`."""

    column: str
    operator: str
    operand: object


class EventRule(msgspec.Struct, frozen=True, kw_only=True):
    """How one event is made of a line or group of lines. `when` must hold and `unless` must not, each as a whole."""

    path: str
    type: str
    name: Value | None
    when: tuple[Condition, ...]
    unless: tuple[Condition, ...]
    timestamp: Value
    identifiers: tuple[tuple[str, Value], ...]
    subject: Subject
    properties: Node
    traits: Node
    context: Node
    group_id: Value | None
    previous_id: Value | None


class FileShape(msgspec.Struct, frozen=True, kw_only=True):
    """How the file is written; what is empty or None is told from the file itself.

    `columns` empty: a line names them. `escape`: what stands before a quote inside a quoted cell, where it is not a second
    quote. `skip_lines`: lines before the heading, such as `sep=;`. `sheet`: of a spreadsheet, its first unless named.
    """

    format: FileFormat | Literal[""] = ""
    delimiter: str = ""
    quote: str = ""
    escape: str = ""
    encoding: str = ""
    skip_lines: int | None = None
    columns: tuple[str, ...] = ()
    missing: tuple[str, ...] = ("",)
    sheet: str = ""


class ImportMap(msgspec.Struct, frozen=True, kw_only=True):
    """A checked map. `group` empty: each line is by itself. A line that fits `skip` is passed over, not refused."""

    name: str
    file: FileShape
    group: str
    skip: tuple[Condition, ...]
    events: tuple[EventRule, ...]


class MadeEvent(msgspec.Struct, frozen=True, gc=False):
    """An event ready to be sent: `body` is its JSON, `row` the number of its first line."""

    message_id: str
    body: bytes
    row: int


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """A line that can't be used. `row` as a spreadsheet counts; `cells` is the line itself as far as it could be read."""

    row: int
    reason: str
    detail: str
    cells: tuple[str, ...] = ()


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a run has come. `rows_total` None while the file is being looked over; `seconds` since the start."""

    phase: Literal["survey", "import", "done"]
    rows: int = 0
    rows_total: int | None = None
    events: int = 0
    refused: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float | None:
        """Rows a second so far, None at the very start."""
        return self.rows / self.seconds if self.seconds > 0 and self.rows else None

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the last row at the present rate, None when it can't be told."""
        if self.rows_total is None or not self.rate:
            return None
        return (self.rows_total - self.rows) / self.rate


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a file. `reasons`: reason -> lines refused; `examples`: reason -> the first such refusal."""

    rows: int
    events: int
    sent: int
    refused: int
    seconds: float
    reasons: Mapping[str, int]
    examples: Mapping[str, Refusal]
    events_by_name: Mapping[str, int]
    first_events: tuple[bytes, ...] = ()


JobState = Literal["draft", "trying", "waiting", "running", "done", "stopped", "failed"]


class ImportJob(msgspec.Struct, frozen=True, kw_only=True):
    """An import in the interface. `map_text` is YAML, empty until a person has made one.

    trial: what a dry run found; summary: what came of the import. kept: events certainly on disk, from which an
    interrupted import goes on. `problem` is the sentence a failed one ended with. Times in ms UTC.
    """

    id: int
    file_name: str
    size: int
    state: JobState
    map_text: str
    source_name: str
    progress: Progress | None
    trial: Summary | None
    summary: Summary | None
    problem: str
    kept: int
    wants_stop: bool
    made_by: str
    created_at: int
    begun_at: int | None
    ended_at: int | None

    @property
    def is_busy(self) -> bool:
        """Whether it is being worked on, or waits for it."""
        return self.state in ("trying", "waiting", "running")


class ImportRefused(StammgastError):
    """The file can't be imported."""

    status = 422


class WrongMap(ImportRefused):
    """The map's {key} is not right: {problem}. {mend}."""


class UnreadableMap(ImportRefused):
    """The map can't be read as YAML: {problem}."""


class UnknownColumn(ImportRefused):
    """The map's {key} names the column {column!r}, which the file does not have. {mend}."""


class UnreadableFile(ImportRefused):
    """The file {path} can't be read as {format}: {problem}."""


class NotRunning(StammgastError):
    """Stammgast is not running at {address}. Start it with `stammgast up`, then import again."""

    status = 503
    retry = True


class ImportStopped(StammgastError):
    """Sending stopped: {problem}. What was sent stays; run the same import again to go on."""

    status = 503
    retry = True


class JobNotFound(NotFound):
    """There is no import {name}."""

    code = "not_found"


class JobBusy(Conflict):
    """This import is being worked on. Stop it first, or wait."""
