"""Reading why identifiers are one person's: sets and their evidence, refusals, the merge log, decisions, who is held."""

# ruff: noqa: S608 - only names of our own tables and columns are pasted into statements; values are parameters

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from stammgast.identity.resolution import Pair, RawSet
from stammgast.kernel.sql import rows_in, rows_of
from stammgast.profiles.api.pages import listed_visitor
from stammgast.profiles.contracts import Called
from stammgast.whoiswho.tracing.contracts import KeptApart, Turned

_decode_set = msgspec.msgpack.Decoder(tuple[tuple[str, str], ...]).decode
_TURNED = "SELECT merge, kind, kept, merged, message_id, time, merged_at, rule, version, identifiers FROM merges"
_REFUSED = """
SELECT r.anchor, r.kept_namespace, r.kept_value, r.left_namespace, r.left_value, r.reason, r.namespace, r.time,
  r.message_id, r.version, k.profile, l.profile
FROM refusals r
LEFT JOIN identifiers k ON k.value = r.kept_value AND k.namespace = r.kept_namespace
LEFT JOIN identifiers l ON l.value = r.left_value AND l.namespace = r.left_namespace
"""


class DatedSet(msgspec.Struct, frozen=True):
    """The evidence of an anchor on one UTC day."""

    anchor: int
    raw: RawSet
    day: int
    time: int
    message_id: str
    source: int


class DecidedRow(msgspec.Struct, frozen=True):
    """One decision about a pair, with who made it."""

    number: int
    decided_at: int
    kind: str
    one: Pair
    other: Pair
    person: str


class RefusedRow(msgspec.Struct, frozen=True):
    """A refusal and the anchor on which it happened: with its time and what was left out, its place in the log."""

    anchor: int
    refusal: KeptApart


def dated_sets(connection: Connection, anchors: Iterable[int]) -> Iterator[DatedSet]:
    """Yield the evidence of anchors, a row a day."""
    for anchor, encoded, day, time, message_id, source in rows_in(
        connection,
        "SELECT a.anchor, a.identifiers, e.day, e.time, e.message_id, e.source FROM anchors a"
        " JOIN evidence e ON e.anchor = a.anchor WHERE a.anchor IN ({keys})",
        anchors,
    ):
        yield DatedSet(anchor, _decode_set(bytes(encoded)), day, time, message_id, source)


def refusals_naming(connection: Connection, identifiers: Collection[Pair]) -> list[RefusedRow]:
    """Return the refusals that name any of these, newest event first."""
    values = {value for _, value in identifiers}
    found: dict[tuple[int, Pair], RefusedRow] = {}
    for side in ("kept", "left"):
        for row in rows_in(connection, f"{_REFUSED} WHERE r.{side}_value IN ({{keys}})", values):
            one = _refused(row)
            if one.refusal.kept in identifiers or one.refusal.left_out in identifiers:
                found[one.anchor, one.refusal.left_out] = one
    return sorted(found.values(), key=lambda one: (-one.refusal.time, one.anchor, one.refusal.left_out))


def refusals_before(
    connection: Connection,
    before: tuple[int, int, str, str] | None,
    limit: int,
    *,
    namespace: str,
    since: int | None,
    until: int | None,
) -> list[RefusedRow]:
    """Return refusals beyond (time, anchor, namespace and value left out), newest event first."""
    conditions, values = _period("r.time", since, until)
    if before is not None:
        time, anchor, *left_out = before
        conditions.append(
            "(r.time < ? OR (r.time = ? AND (r.anchor < ? OR (r.anchor = ? AND (r.left_namespace, r.left_value) > (?, ?)))))"
        )
        values += [time, time, anchor, anchor, *left_out]
    if namespace:
        conditions.append("(r.kept_namespace = ? OR r.left_namespace = ?)")
        values += [namespace, namespace]
    rows = rows_of(
        connection,
        f"{_REFUSED} WHERE {' AND '.join(conditions)} ORDER BY r.time DESC, r.anchor DESC,"
        " r.left_namespace, r.left_value LIMIT ?",
        [*values, limit],
    )
    return [_refused(row) for row in rows]


def turned_of(connection: Connection, profiles: Collection[int]) -> list[Turned]:
    """Return the lines of the merge log in which any of these profiles stands, newest first."""
    found = {}
    for side in ("kept", "merged"):
        for row in rows_in(connection, f"{_TURNED} WHERE {side} IN ({{keys}})", profiles):
            found[row[0]] = _turned(row)
    return [found[number] for number in sorted(found, reverse=True)]


def turned_before(
    connection: Connection,
    before: int | None,
    limit: int,
    kinds: Sequence[str],
    *,
    namespace: str,
    since: int | None,
    until: int | None,
) -> list[Turned]:
    """Return lines of the merge log below number `before`, newest first."""
    conditions, values = _period("merged_at", since, until)
    if before is not None:
        conditions.append("merge < ?")
        values.append(before)
    if namespace:
        is_sqlite = connection.dialect.name == "sqlite"
        conditions.append("instr(identifiers, ?) > 0" if is_sqlite else "position(? IN identifiers) > 0")
        # A pair begins as an array of two, then its namespace: so it stands in the encoded identifiers.
        values.append(msgspec.msgpack.encode((namespace, ""))[:-1])
    conditions.append(f"kind IN ({', '.join('?' * len(kinds))})")
    rows = rows_of(
        connection,
        f"{_TURNED} WHERE {' AND '.join(conditions)} ORDER BY merge DESC LIMIT ?",
        [*values, *kinds, limit],
    )
    return [_turned(row) for row in rows]


_DECISIONS = (
    "SELECT decision, decided_at, kind, one_namespace, one_value, other_namespace, other_value, person FROM decisions"
)


def decisions_naming(connection: Connection, identifiers: Collection[Pair]) -> list[DecidedRow]:
    """Return the decisions that name any of these, in the order of the log."""
    values = {value for _, value in identifiers}
    found = {}
    for side in ("one", "other"):
        for row in rows_in(connection, f"{_DECISIONS} WHERE {side}_value IN ({{keys}})", values):
            one = _decided(row)
            if one.one in identifiers or one.other in identifiers:
                found[one.number] = one
    return [found[number] for number in sorted(found)]


def decisions_between(connection: Connection, first: int, last: int) -> list[DecidedRow]:
    """Return the decisions numbered `first` to `last`."""
    rows = rows_of(connection, f"{_DECISIONS} WHERE decision BETWEEN ? AND ? ORDER BY decision", (first, last))
    return [_decided(row) for row in rows]


def orders_before(
    connection: Connection,
    before: int | None,
    limit: int,
    *,
    size: int,
    namespace: str,
    since: int | None,
    until: int | None,
    person: str,
) -> list[int]:
    """Return the numbers (decision // `size`) of orders that hold decisions, below `before`, newest first."""
    conditions, values = _period("decided_at", since, until)
    if before is not None:
        conditions.append("decision < ?")
        values.append(before * size)
    if namespace:
        conditions.append("(one_namespace = ? OR other_namespace = ?)")
        values += [namespace, namespace]
    if person:
        conditions.append("person = ?")
        values.append(person)
    rows = rows_of(
        connection,
        f"SELECT DISTINCT decision / {size} AS number FROM decisions WHERE {' AND '.join(conditions)}"
        " ORDER BY number DESC LIMIT ?",
        [*values, limit],
    )
    return [int(number) for (number,) in rows]


def deciders(connection: Connection) -> list[str]:
    """Return everybody who ever decided something."""
    return [person for (person,) in rows_of(connection, "SELECT DISTINCT person FROM decisions ORDER BY person")]


def single_decisions(connection: Connection) -> list[DecidedRow]:
    """Return what was decided about single identifiers (hold, release), in the order of the log."""
    return [
        _decided(row)
        for row in rows_of(connection, f"{_DECISIONS} WHERE kind IN ('hold', 'release') ORDER BY decision")
    ]


def count_sets(connection: Connection, identifiers: Collection[Pair]) -> dict[Pair, int]:
    """Return how many sets of identifiers hold each of these."""
    rows = rows_in(
        connection,
        "SELECT i.namespace, i.value, count(*) FROM identifiers i JOIN identifier_anchors a"
        " ON a.identifier = i.identifier WHERE i.value IN ({keys}) GROUP BY i.namespace, i.value",
        {value for _, value in identifiers},
    )
    return {(namespace, value): count for namespace, value, count in rows if (namespace, value) in identifiers}


def names_of(connection: Connection, profiles: Iterable[int]) -> dict[int, Called]:
    """Return what the list of customers calls these profiles; those not on it are left out."""
    sql = "SELECT profile, name, sort_name FROM customers WHERE profile IN ({keys})"
    rows = rows_in(connection, sql, set(profiles))
    return {profile: Called(name, listed_visitor(sorted_by)) for profile, name, sorted_by in rows}


def _period(column: str, since: int | None, until: int | None) -> tuple[list[str], list[int | str | bytes]]:
    conditions = ["1 = 1"]
    values: list[int | str | bytes] = []
    for sign, moment in ((">=", since), ("<", until)):
        if moment is not None:
            conditions.append(f"{column} {sign} ?")
            values.append(moment)
    return conditions, values


def _turned(row: tuple[Any, ...]) -> Turned:
    number, kind, kept, merged, message_id, time, at, rule, version, identifiers = row
    return Turned(number, kind, kept, merged, message_id, time, at, rule, version, _decode_set(bytes(identifiers)))


def _refused(row: tuple[Any, ...]) -> RefusedRow:
    anchor, kept_namespace, kept, left_namespace, left, reason, namespace, time, message_id, version, owner, other = row
    one, two = (kept_namespace, kept), (left_namespace, left)
    return RefusedRow(anchor, KeptApart(one, two, reason, namespace, time, message_id, version, owner or 0, other or 0))


def _decided(row: tuple[Any, ...]) -> DecidedRow:
    number, at, kind, one_namespace, one, other_namespace, other, person = row
    return DecidedRow(number, at, kind, (one_namespace, one), (other_namespace, other), person)
