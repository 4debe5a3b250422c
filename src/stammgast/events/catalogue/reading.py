"""What the catalogue says, and saying something of an event. Other modules offer names, properties and values from here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, cast

import msgspec

from stammgast.events.catalogue import history
from stammgast.events.catalogue.contracts import (
    DAYS_SHOWN,
    DECLARED_KINDS,
    EventDescription,
    EventName,
    EventUnknown,
    PropertyKind,
    SeenEvent,
    SeenProperty,
    ValueCount,
)
from stammgast.events.contracts import EventType
from stammgast.events.store import catalogue as store
from stammgast.kernel import clock
from stammgast.kernel.errors import Invalid
from stammgast.kernel.i18n import Phrase
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.ids import BrandId, SourceId, UserId
from stammgast.kernel.runtime import Runtime
from stammgast.workspace.api import brand_of_source, changing, list_users
from stammgast.workspace.contracts import Actor

NOWHERE = -1
"""Stands for the sources of a brand that has none."""
DESCRIPTION_LENGTH_MAX = 2_000


def seen_events(
    runtime: Runtime, *, text: str = "", brands: Collection[BrandId] = (), limit: int | None = None
) -> list[SeenEvent]:
    """Return the events there are, most frequent first, at most half a minute late; those described and never seen last.

    text: only those whose name or description holds it, case aside. brands: only what their sources sent; none: all.
    """
    sources = _sources(runtime, brands)
    today = clock.now_millis() // clock.MILLIS_PER_DAY
    with runtime.control.read() as connection:
        rows = store.list_events(connection, sources)
        days = store.list_days(connection, today - DAYS_SHOWN + 1, sources)
        said = {EventName(row["type"], row["name"]): _description(row) for row in store.list_described(connection)}
    found = _events(rows, days, said, today)
    if not brands:
        unseen = [(event, one) for event, one in said.items() if event not in found]
        found |= {event: _described(SeenEvent(event=event), one) for event, one in sorted(unseen, key=_by_name)}
    wanted = text.strip().lower()
    fitting = [one for one in found.values() if wanted in one.event.name.lower() or wanted in one.description.lower()]
    fitting.sort(key=lambda one: (-one.events, one.event.name, one.event.type))
    return fitting[:limit]


def seen_event(runtime: Runtime, event: EventName, *, brands: Collection[BrandId] = ()) -> SeenEvent:
    """Return one event. Raises EventUnknown."""
    for one in seen_events(runtime, brands=brands):
        if one.event == event:
            return one
    raise EventUnknown(name=event.name or event.type)


def seen_properties(runtime: Runtime, event: EventName, *, brands: Collection[BrandId] = ()) -> list[SeenProperty]:
    """Return the properties of an event (of identify and group: traits), most frequent first, those only declared last."""
    with runtime.control.read() as connection:
        rows = store.list_properties(connection, event.type, event.name, _sources(runtime, brands))
        said = {row["property"]: row for row in store.list_described_properties(connection, event.type, event.name)}
    kinds: dict[str, list[tuple[PropertyKind, int]]] = defaultdict(list)
    last: dict[str, int] = {}
    for row in rows:
        kinds[row["property"]].append((row["kind"], int(row["events"])))
        last[row["property"]] = max(row["last_at"], last.get(row["property"], 0))
    found = [
        SeenProperty(
            name=name,
            kinds=tuple(sorted(kinds.get(name, ()), key=lambda one: -one[1])),
            last_at=last.get(name),
            declared=(said[name]["kind"] or None) if name in said else None,
            description=said[name]["description"] if name in said else "",
        )
        for name in dict.fromkeys([*kinds, *(() if brands else sorted(said))])
    ]
    return sorted(found, key=lambda one: (-one.events, one.name))


def property_values(
    runtime: Runtime,
    event: EventName,
    name: str,
    *,
    text: str = "",
    brands: Collection[BrandId] = (),
    limit: int = 20,
) -> list[ValueCount]:
    """Return the values of a property as texts, most frequent first; `text`: only those that hold it, case aside.

    Of pages and screens, the property `name` is what they call themselves. Asked of history itself: 0.1 s in a million
    events. Raises HistoryUnavailable.
    """
    sources = _sources(runtime, brands)
    if not name or "\0" in name:
        return []
    if event.type in ("page", "screen") and name == "name":
        rows = history.page_names(runtime.history, event, sources, text, limit)
    else:
        rows = history.value_counts(runtime.history, event, name, sources, text, limit)
    return [ValueCount(value, events) for value, events in rows]


def example_values(
    runtime: Runtime, event: EventName, *, brands: Collection[BrandId] = ()
) -> Mapping[str, Sequence[str]]:
    """Return property -> a few of its values as JSON. Raises HistoryUnavailable."""
    return history.example_values(runtime.history, event, _sources(runtime, brands))


def declared_kinds(runtime: Runtime) -> Mapping[tuple[EventName, str], PropertyKind]:
    """Return (event, property) -> the kind that a person declared it to be; for whoever compares values."""
    with runtime.control.read() as connection:
        found = store.declared_kinds(connection)
    return {
        (EventName(cast("EventType", kind), name), prop): cast("PropertyKind", said)
        for (kind, name, prop), said in found.items()
    }


def events_left_out(runtime: Runtime) -> int:
    """Return how many events are not listed since there are too many names."""
    with runtime.control.read() as connection:
        return store.left_out(connection)


def describe_event(runtime: Runtime, by: Actor, event: EventName, said: EventDescription) -> None:
    """Say what an event means, who answers for it, and whether it is expected. Raises Invalid."""
    if not event.name and event.type == "track":
        raise Invalid(field="name", problem=_("write the event's name"))
    if said.owner is not None and said.owner not in {one.id for one in list_users(runtime)}:
        raise Invalid(field="owner", problem=_("choose somebody who is here"))
    _check_length(said.description)
    with changing(runtime, by) as change:
        store.describe_event(
            change.connection,
            event.type,
            event.name,
            description=said.description,
            owner=said.owner,
            is_expected=said.is_expected,
        )
        change.note("catalogue.event", event.name or event.type, expected=said.is_expected)


def describe_properties(runtime: Runtime, by: Actor, event: EventName, said: Mapping[str, tuple[str, str]]) -> None:
    """Write (declared kind, description) of an event's properties in place of what was said before; empty kind: none.

    Raises Invalid.
    """
    rows = []
    for name, (kind, description) in said.items():
        if kind and kind not in DECLARED_KINDS:
            raise Invalid(field="kind", problem=Phrase("choose one of {names}", names=", ".join(DECLARED_KINDS)))
        _check_length(description)
        if kind or description:
            rows.append({"property": name, "kind": kind, "description": description})
    with changing(runtime, by) as change:
        store.describe_properties(change.connection, event.type, event.name, rows)
        change.note("catalogue.properties", event.name or event.type, declared=len(rows))


def _check_length(description: str) -> None:
    if len(description) > DESCRIPTION_LENGTH_MAX:
        raise Invalid(
            field="description", problem=Phrase("write at most {most} characters", most=DESCRIPTION_LENGTH_MAX)
        )


def _sources(runtime: Runtime, brands: Collection[BrandId]) -> list[int]:
    """Return the sources of some brands; none for all."""
    if not brands:
        return []
    return [number for number, brand in brand_of_source(runtime).items() if brand in brands] or [NOWHERE]


def _events(
    rows: Iterable[Mapping[Any, Any]],
    days: Iterable[Mapping[Any, Any]],
    said: Mapping[EventName, EventDescription],
    today: int,
) -> dict[EventName, SeenEvent]:
    found: dict[EventName, SeenEvent] = {}
    for row in rows:
        event = EventName(row["type"], row["name"])
        before = found.get(event) or _described(SeenEvent(event=event), said.get(event))
        found[event] = msgspec.structs.replace(
            before,
            events=before.events + row["events"],
            first_at=row["first_at"] if before.first_at is None else min(before.first_at, row["first_at"]),
            last_at=row["last_at"] if before.last_at is None else max(before.last_at, row["last_at"]),
            sources=(*before.sources, SourceId(row["source"])),
            origin=before.origin or row["origin"],
        )
    by_day: dict[EventName, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for row in days:
        by_day[EventName(row["type"], row["name"])][row["day"]] += row["events"]
    return {
        event: msgspec.structs.replace(one, days=days_until(by_day.get(event, {}), today))
        for event, one in found.items()
    }


def days_until(counts: Mapping[int, int], today: int) -> tuple[int, ...]:
    """Return the counts of the last 30 days, `today` last.

    >>> days_until({10: 3, 9: 1}, 10)[-3:]
    (0, 1, 3)
    """
    return tuple(counts.get(day, 0) for day in range(today - DAYS_SHOWN + 1, today + 1))


def _description(row: Mapping[Any, Any]) -> EventDescription:
    owner = None if row["owner"] is None else UserId(row["owner"])
    return EventDescription(row["description"], owner, bool(row["is_expected"]))


def _described(one: SeenEvent, said: EventDescription | None) -> SeenEvent:
    if said is None:
        return one
    return msgspec.structs.replace(one, description=said.description, owner=said.owner, is_expected=said.is_expected)


def _by_name(one: tuple[EventName, EventDescription]) -> tuple[str, str]:
    return one[0].name, one[0].type
