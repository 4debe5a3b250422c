"""The log of all: merges, splits, what was kept apart, what people decided; newest first, page by page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec
from sqlalchemy import Connection

from stammgast.identity.deciding import DECISIONS_MAX
from stammgast.kernel.runtime import Runtime
from stammgast.profiles.api.pages import read_cursor, write_cursor
from stammgast.profiles.contracts import WrongCursor
from stammgast.whoiswho.store import tracing as stored
from stammgast.whoiswho.store.tracing import RefusedRow
from stammgast.whoiswho.tracing.contracts import Decided, LogFilter, LogLine, LogPage
from stammgast.whoiswho.tracing.decisions import gather, standing
from stammgast.whoiswho.tracing.reading import with_person

LIMIT_MAX = 500
_RefusalPlace = tuple[int, int, str, str]


class _Place(msgspec.Struct, frozen=True, array_like=True):
    """How far a reader is in each of the three logs: everything before it was shown."""

    turned: int | None = None
    refused: _RefusalPlace | None = None
    decided: int | None = None


class _Found(msgspec.Struct, frozen=True):
    """A line with the place of who has read it."""

    line: LogLine
    place: _Place


def read_log(runtime: Runtime, wanted: LogFilter, *, after: str = "", limit: int = 50) -> LogPage:
    """Return a page of the log; `after` is a page's `next`, empty at first. Raises WrongCursor."""
    limit = max(1, min(limit, LIMIT_MAX))
    place = read_cursor(after, _Place) if after else _Place()
    if place.turned is not None and abs(place.turned) >= 2**63:
        raise WrongCursor(cursor=after)
    with runtime.customers.read() as connection:
        found = [
            *_turned(connection, place, wanted, limit),
            *_refused(connection, place, wanted, limit),
            *_decided(connection, place, wanted, limit),
        ]
        # Sorting keeps the order within each of the three, which are in their own already.
        found.sort(key=lambda one: -one.line.at)
        shown = found[:limit]
        names = stored.names_of(connection, {each for one in shown for each in _profiles(one.line)})
    for one in shown:
        place = _Place(
            place.turned if one.place.turned is None else one.place.turned,
            one.place.refused or place.refused,
            place.decided if one.place.decided is None else one.place.decided,
        )
    is_more = len(found) > limit
    return LogPage(tuple(one.line for one in shown), write_cursor(place) if is_more else None, names)


def whole_log(runtime: Runtime, wanted: LogFilter) -> Iterator[LogPage]:
    """Yield the pages of the log, all of them, for an export."""
    after = ""
    while True:
        page = read_log(runtime, wanted, after=after, limit=LIMIT_MAX)
        yield page
        if page.next is None:
            return
        after = page.next


def deciders(runtime: Runtime) -> list[str]:
    """Return everybody who ever decided who is who."""
    with runtime.customers.read() as connection:
        return stored.deciders(connection)


def _turned(connection: Connection, place: _Place, wanted: LogFilter, limit: int) -> Iterable[_Found]:
    kinds = [one for one in ("merge", "split") if one in wanted.kinds]
    if not kinds or wanted.person:
        return []
    found = stored.turned_before(
        connection,
        place.turned,
        limit + 1,
        kinds,
        namespace=wanted.namespace,
        since=wanted.since,
        until=wanted.until,
    )
    about = {each for one in found for each in one.identifiers}
    decided = stored.decisions_naming(connection, about) if about else []
    return [
        _Found(LogLine(one.at, one.kind, turned=with_person(one, decided)), _Place(turned=one.number)) for one in found
    ]


def _refused(connection: Connection, place: _Place, wanted: LogFilter, limit: int) -> Iterable[_Found]:
    if "refusal" not in wanted.kinds or wanted.person:
        return []
    rows = stored.refusals_before(
        connection, place.refused, limit + 1, namespace=wanted.namespace, since=wanted.since, until=wanted.until
    )
    return [
        _Found(LogLine(one.refusal.time, "refusal", kept_apart=one.refusal), _Place(refused=_place_of(one)))
        for one in rows
    ]


def _place_of(one: RefusedRow) -> _RefusalPlace:
    return (one.refusal.time, one.anchor, *one.refusal.left_out)


def _decided(connection: Connection, place: _Place, wanted: LogFilter, limit: int) -> Iterable[_Found]:
    if "decision" not in wanted.kinds:
        return []
    numbers = stored.orders_before(
        connection,
        place.decided,
        limit + 1,
        size=DECISIONS_MAX,
        namespace=wanted.namespace,
        since=wanted.since,
        until=wanted.until,
        person=wanted.person,
    )
    return [
        _Found(LogLine(one.decided_at, "decision", decided=one), _Place(decided=one.number))
        for one in orders(connection, numbers)
    ]


def orders(connection: Connection, numbers: Sequence[int]) -> list[Decided]:
    """Return what people decided in these orders, newest first, and whether it still stands."""
    rows = [
        row
        for number in numbers
        for row in stored.decisions_between(connection, number * DECISIONS_MAX, (number + 1) * DECISIONS_MAX - 1)
    ]
    about = stored.decisions_naming(connection, {each for row in rows for each in (row.one, row.other)})
    return list(gather(rows, standing(about)))


def _profiles(line: LogLine) -> Iterator[int]:
    if line.turned:
        yield from (line.turned.kept, line.turned.merged)
    if line.kept_apart:
        yield from (line.kept_apart.kept_profile, line.kept_apart.left_profile)
