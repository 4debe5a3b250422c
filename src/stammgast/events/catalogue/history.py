"""All SQL of the catalogue against the history."""

# ruff: noqa: S608 - only our own expressions and quoted names are pasted into statements; values are parameters

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from stammgast.events.catalogue.contracts import EventName
from stammgast.kernel.history import HistoryClient

BATCHES_ASKED = 500
EXAMPLE_EVENTS = 1_000
EXAMPLES = 5
TRAITS_OF = ("identify", "group")

_NAME = "if(type IN ('page', 'screen'), '', events.name)"
"""Pages are called by their titles, of which there is no end."""
_FROM = "FROM events WHERE batch > {after:UInt64} AND batch <= {through:UInt64}"
_ONE_THREAD = " SETTINGS max_threads = 1"
_PAIRS = "JSONExtractKeysAndValuesRaw(raw, if(type IN ('identify', 'group'), 'traits', 'properties'))"
_KIND = (
    (
        "multiIf(v = 'null', 'empty', v IN ('true', 'false'), 'yes_no', startsWith(v, '['), 'list',"
        " startsWith(v, '{{'), 'object', match(v, '^\"\\\\d{{4}}-\\\\d\\\\d-\\\\d\\\\d([T \"]|$)'), 'time', startsWith(v, '\"'), 'text',"
        " match(v, '^-?\\\\d+$'), 'whole', 'number')"
    )
    .replace("{{", "{")
    .replace("}}", "}")
)


class EventRow(NamedTuple):
    """Events of one name, source and day (since 1970). Times are ms UTC."""

    type: str
    name: str
    source: int
    origin: str
    day: int
    events: int
    first_at: int
    last_at: int
    received_at: int


class PropertyRow(NamedTuple):
    """How many events of a name and source carry a property with values of one kind."""

    type: str
    name: str
    source: int
    property: str
    kind: str
    events: int
    last_at: int


class LibraryRow(NamedTuple):
    """With which library a source sends."""

    source: int
    library: str
    version: str
    events: int
    received_at: int


def batches_after(history: HistoryClient, after: int, through: int) -> list[tuple[int, int]]:
    """Return (batch, rows) of the next batches that have rows, in order, at most BATCHES_ASKED."""
    found = history.query(
        f"SELECT batch, count() {_FROM} GROUP BY batch ORDER BY batch LIMIT {BATCHES_ASKED}",
        {"after": after, "through": through},
    )
    return [(batch, rows) for batch, rows in found]


def event_rows(history: HistoryClient, after: int, through: int) -> list[EventRow]:
    """Return what some batches add to the events."""
    return history.query(
        f"SELECT type, {_NAME} AS called, source, any(origin), toInt32(toDate(time)) AS day, count(),"
        " toUnixTimestamp64Milli(min(time)), toUnixTimestamp64Milli(max(time)), toUnixTimestamp64Milli(max(received_at))"
        f" {_FROM} GROUP BY type, called, source, day" + _ONE_THREAD,
        {"after": after, "through": through},
        row=EventRow,
    )


def property_rows(history: HistoryClient, after: int, through: int) -> list[PropertyRow]:
    """Return what some batches add to the properties, those one level down included."""
    pairs = f"SELECT type, {_NAME} AS called, source, time, arrayJoin({_PAIRS}) AS pair {_FROM}"
    flat = "SELECT type, called, source, time, pair.1 AS k, pair.2 AS v FROM (" + pairs + ")"
    deep = (
        "SELECT type, called, source, time, concat(k, '.', inner.1) AS k, inner.2 AS v FROM"
        " (SELECT type, called, source, time, k, arrayJoin(JSONExtractKeysAndValuesRaw(v)) AS inner"
        " FROM pairs WHERE startsWith(v, '{'))"
    )
    return history.query(
        f"WITH pairs AS ({flat}) SELECT type, called, source, k, {_KIND} AS kind, count(),"
        " toUnixTimestamp64Milli(max(time)) FROM (SELECT * FROM pairs UNION ALL " + deep + ")"
        " GROUP BY type, called, source, k, kind" + _ONE_THREAD,
        {"after": after, "through": through},
        row=PropertyRow,
    )


def library_rows(history: HistoryClient, after: int, through: int) -> list[LibraryRow]:
    """Return with which libraries some batches were sent."""
    return history.query(
        "SELECT source, JSONExtractString(raw, 'context', 'library', 'name') AS library,"
        " JSONExtractString(raw, 'context', 'library', 'version') AS version, count(),"
        f" toUnixTimestamp64Milli(max(received_at)) {_FROM} AND origin = '' GROUP BY source, library, version"
        " HAVING library != ''" + _ONE_THREAD,
        {"after": after, "through": through},
        row=LibraryRow,
    )


def example_values(history: HistoryClient, event: EventName, sources: Collection[int]) -> dict[str, list[str]]:
    """Return property -> some of its values as JSON, from a few of the event's rows."""
    where, parameters = _where(event, sources)
    pairs = (
        f"SELECT arrayJoin({_PAIRS}) AS pair FROM (SELECT type, raw FROM events WHERE {where} LIMIT {EXAMPLE_EVENTS})"
    )
    flat = f"SELECT pair.1 AS k, pair.2 AS v FROM ({pairs})"
    deep = (
        "SELECT concat(k, '.', inner.1) AS k, inner.2 AS v FROM"
        " (SELECT k, arrayJoin(JSONExtractKeysAndValuesRaw(v)) AS inner FROM pairs WHERE startsWith(v, '{'))"
    )
    rows = history.query(
        f"WITH pairs AS ({flat}) SELECT k, groupUniqArray({EXAMPLES})(substring(v, 1, 200))"
        f" FROM (SELECT * FROM pairs UNION ALL {deep}) WHERE v != 'null' GROUP BY k",
        parameters,
    )
    return {name: sorted(values) for name, values in rows}


def value_counts(
    history: HistoryClient, event: EventName, path: str, sources: Collection[int], text: str, limit: int
) -> list[tuple[str, int]]:
    """Return (value as text, events) of a property, most frequent first; with `text` those that hold it, case aside."""
    where, parameters = _where(event, sources)
    column = "traits" if event.type in TRAITS_OF else "properties"
    parameters |= {"text": text, "limit": limit}
    rows = history.query(
        f"SELECT {_value_of(column, path)} AS value, count() AS events_of FROM events"
        f" WHERE {where} AND value != '' AND ({{text:String}} = '' OR positionCaseInsensitiveUTF8(value, {{text:String}}) > 0)"
        " GROUP BY value ORDER BY events_of DESC, value LIMIT {limit:UInt32}",
        parameters,
    )
    return [(value, events) for value, events in rows]


def page_names(
    history: HistoryClient, event: EventName, sources: Collection[int], text: str, limit: int
) -> list[tuple[str, int]]:
    """Return (name, events) of pages or screens, most frequent first; with `text` those that hold it, case aside."""
    where, parameters = _where(event, sources)
    rows = history.query(
        f"SELECT toString(name) AS called, count() AS events_of FROM events WHERE {where} AND name != ''"
        " AND ({text:String} = '' OR positionCaseInsensitiveUTF8(name, {text:String}) > 0)"
        " GROUP BY called ORDER BY events_of DESC, called LIMIT {limit:UInt32}",
        parameters | {"text": text, "limit": limit},
    )
    return [(name, events) for name, events in rows]


def _where(event: EventName, sources: Collection[int]) -> tuple[str, dict[str, object]]:
    where, parameters = "type = {type:String}", {"type": event.type, "name": event.name}
    if event.type not in ("page", "screen"):
        where += " AND name = {name:String}"
    given: dict[str, object] = dict(parameters)
    if sources:
        where += " AND source IN {sources:Array(UInt32)}"
        given["sources"] = sorted(sources)
    return where, given


def _value_of(column: str, path: str) -> str:
    """Return the expression for a property as text. One whose own name has a dot is kept with an underscore in its place."""
    deep = f"{column}.{_quoted_path(path)}"
    flat = f"{column}.{_quoted_path(path.replace('.', '_'))}"
    if "." not in path or not all(path.split(".")):
        return f"toString({flat})"
    return f"if(isNull({deep}), toString({flat}), toString({deep}))"


def _quoted_path(path: str) -> str:
    r"""Return a property's path as it stands in a statement. A dot leads one level down, as history keeps it.

    >>> _quoted_path("address.city"), _quoted_path("a`b\\")
    ('`address`.`city`', '`a\\`b\\\\`')
    """
    parts: Sequence[str] = path.split(".")
    return ".".join("`" + part.replace("\\", "\\\\").replace("`", "\\`") + "`" for part in parts)
