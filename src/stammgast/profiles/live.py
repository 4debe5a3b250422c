"""The live view: the newest events of the ring, whose they are, what they carried, and those that fit a search."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from stammgast.events.api import message_digest, own_digest, quarantined_bodies_of
from stammgast.kernel import clock
from stammgast.kernel.ids import SourceId
from stammgast.kernel.outbox import RING
from stammgast.kernel.runtime import Runtime
from stammgast.profiles import history
from stammgast.profiles.contracts import RecentEvent
from stammgast.profiles.naming import listed_visitor
from stammgast.profiles.store import customers, reading

UNDERWAY_MILLIS = 10_000
"""How long an event may be on its way from profiles to history."""


class LiveQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which events.

    text: part of event, person, source, message id or reason, case aside. path and value: only events that carry this
    property (a dot leads down; also of traits and context), with a value that holds this text.
    """

    fate: str = ""
    source: int = 0
    text: str = ""
    path: str = ""
    value: str = ""

    @property
    def is_narrow(self) -> bool:
        """Say whether it leaves anything out."""
        return self != LiveQuery()


class LiveRow(msgspec.Struct, frozen=True):
    """One event and what whoever it belongs to is called; `visitor` is the tag of somebody nobody knows."""

    event: RecentEvent
    name: str = ""
    visitor: str = ""


class LivePage(msgspec.Struct, frozen=True):
    """Events, newest first. newest: the number to ask on from; every later event that fits comes then."""

    rows: tuple[LiveRow, ...]
    newest: int


def live_page(
    runtime: Runtime,
    wanted: LiveQuery,
    *,
    sources: Mapping[SourceId, str],
    words: Mapping[str, str],
    after: int = 0,
    limit: int = 100,
    is_bound: bool = False,
) -> LivePage:
    """Return events beyond number `after` that fit. Raises HistoryUnavailable when a property is asked for.

    sources: names of sources; with `is_bound`, only their events. words: what event names and reasons are called, by
    which `text` finds them too.
    """
    with runtime.customers.read() as connection:
        found = reading.recent_events(connection, after, RING)
        called = customers.called(connection, {one.profile for one in found if one.profile})
    newest = found[0].number if found else after
    rows = [_row(one, called.get(one.profile)) for one in found]
    rows = [
        row
        for row in rows
        if (not wanted.fate or row.event.fate == wanted.fate)
        and (not wanted.source or row.event.source == wanted.source)
        and (not is_bound or row.event.source in sources)
        and _holds(row, wanted.text.strip().lower(), sources, words)
    ]
    if wanted.path:
        carried = payloads(runtime, [row.event for row in rows])
        newest = min([newest, *(number - 1 for number in _underway(rows, carried))])
        rows = [row for row in rows if _carries(carried.get(row.event.number), wanted) and row.event.number <= newest]
    return LivePage(tuple(rows[:limit]), newest)


def payloads(runtime: Runtime, events: Sequence[RecentEvent]) -> dict[int, bytes]:
    """Return number -> JSON as it came in, of those events that history or the quarantine holds. Raises HistoryUnavailable."""
    digests = {one.number: _digests(one.message_id) for one in events if one.message_id}
    asked = list(dict.fromkeys(digest for some in digests.values() for digest in some))
    if not asked:
        return {}
    # Whatever came again was received earlier: it is looked for in all of history.
    is_repeated = any(one.fate == "deduplicated" for one in events)
    kept = history.raws_of(runtime.history, asked, 0 if is_repeated else min(one.received_at for one in events))
    with runtime.customers.read() as connection:
        held = quarantined_bodies_of(connection, asked)
    found = {}
    for one in events:
        # Of a message id that was used twice, one may be in history and the other in the quarantine.
        places = (held, kept) if one.fate == "quarantined" else (kept, held)
        raws = (place.get(digest) for place in places for digest in digests.get(one.number, ()))
        raw = next((raw for raw in raws if raw is not None), None)
        if raw is not None:
            found[one.number] = raw
    return found


def recent_event(runtime: Runtime, number: int) -> RecentEvent | None:
    """Return the line of the ring with this number, None once it has been overwritten."""
    with runtime.customers.read() as connection:
        found = reading.recent_events(connection, number - 1, RING)
    return next((one for one in found if one.number == number), None)


def _row(one: RecentEvent, called: tuple[str, str] | None) -> LiveRow:
    name, sorted_by = called or ("", "")
    return LiveRow(one, name, listed_visitor(sorted_by))


def _holds(row: LiveRow, text: str, sources: Mapping[SourceId, str], words: Mapping[str, str]) -> bool:
    if not text:
        return True
    one = row.event
    told = (one.name, one.type, words.get(one.name, ""), words.get(one.reason, ""), one.reason, one.channel)
    return any(
        text in part.lower() for part in (*told, one.message_id, row.name, row.visitor, sources.get(one.source, ""))
    )


def _digests(message_id: str) -> tuple[bytes, bytes, bytes]:
    return message_digest(message_id), message_digest(message_id, is_import=True), own_digest(message_id)


def _underway(rows: Iterable[LiveRow], carried: Mapping[int, bytes]) -> list[int]:
    """Return the numbers of events that are not in history yet, and may be in a moment."""
    young = clock.now_millis() - UNDERWAY_MILLIS
    return [
        row.event.number
        for row in rows
        if row.event.number not in carried and row.event.message_id and row.event.received_at > young
    ]


def _carries(raw: bytes | None, wanted: LiveQuery) -> bool:
    if raw is None:
        return False
    try:
        said: Any = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return False
    text = wanted.value.strip().lower()
    return any(text in value.lower() for value in values_at(said, wanted.path.strip()))


def values_at(said: Any, path: str) -> list[str]:
    """Return the values of a property as texts: of properties, traits, context, or the event itself.

    >>> values_at({"event": "x", "properties": {"total": 4.5, "a": {"b": True}}}, "a.b")
    ['true']
    >>> values_at({"event": "x", "properties": {"total": 4.5}}, "event"), values_at([], "a")
    (['x'], [])
    """
    if not isinstance(said, dict):
        return []
    places = [said.get("properties"), said.get("traits"), said.get("context"), said]
    found = (_at(place, path) for place in places)
    return [one if isinstance(one, str) else msgspec.json.encode(one).decode() for one in found if one is not None]


def _at(place: Any, path: str) -> Any:
    if not isinstance(place, dict):
        return None
    if path in place:
        return place[path]
    first, _dot, rest = path.partition(".")
    return _at(place.get(first), rest) if rest else None
