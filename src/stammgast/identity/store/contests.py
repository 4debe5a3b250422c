"""What keeps identifiers apart: refusals, held identifiers and people's decisions; and loading sets for a closure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from stammgast.identity.graph.canonical import Refusal
from stammgast.identity.graph.evidence import Decision
from stammgast.identity.resolution import Pair, RawSet
from stammgast.kernel.sql import rows_in, rows_of, run, run_many

_encode = msgspec.msgpack.Encoder().encode
_decode_pairs = msgspec.msgpack.Decoder(tuple[tuple[str, str], tuple[str, str]]).decode
_decode_set = msgspec.msgpack.Decoder(tuple[tuple[str, str], ...]).decode


class StoredSet(msgspec.Struct, frozen=True, gc=False):
    """An anchor as stored: its raw identifiers, whose it is, and its smallest (time, message id) of all days."""

    anchor: int
    raw: RawSet
    profile: int
    time: int
    message_id: str


class HeldRow(msgspec.Struct, frozen=True):
    """An identifier that links nowhere, and the UTC day (since 1970) on which it met too many."""

    namespace: str
    value: str
    day: int
    held_at: int


_REFUSAL = (
    "anchor, kept_namespace, kept_value, left_namespace, left_value, time, message_id, reason, namespace, version"
)
_SETS = """
SELECT a.anchor, a.identifiers, p.profile, e.time, e.message_id
FROM anchors a
LEFT JOIN anchor_profiles p ON p.anchor = a.anchor
JOIN evidence e ON e.anchor = a.anchor AND e.day = (SELECT min(m.day) FROM evidence m WHERE m.anchor = a.anchor)
WHERE a.anchor IN ({keys})
"""


def load_sets(connection: Connection, anchors: Iterable[int]) -> Iterator[StoredSet]:
    """Yield anchors with their smallest keys."""
    for anchor, encoded, profile, time, message_id in rows_in(connection, _SETS, anchors):
        yield StoredSet(anchor, _decode_set(bytes(encoded)), anchor if profile is None else profile, time, message_id)


def anchors_holding(connection: Connection, identifiers: Collection[Pair]) -> set[int]:
    """Return every stored anchor that holds any of these normalised identifiers."""
    rows = rows_in(
        connection,
        "SELECT identifier, namespace, value FROM identifiers WHERE value IN ({keys})",
        {value for _, value in identifiers},
    )
    numbers = [number for number, namespace, value in rows if (namespace, value) in identifiers]
    found = rows_in(connection, "SELECT anchor FROM identifier_anchors WHERE identifier IN ({keys})", numbers)
    return {anchor for (anchor,) in found}


def anchors_on_day(connection: Connection, identifier: Pair, day: int) -> Iterator[RawSet]:
    """Yield the raw sets that hold an identifier and have evidence on a UTC day."""
    rows = rows_of(
        connection,
        "SELECT a.identifiers FROM identifiers i JOIN identifier_anchors h ON h.identifier = i.identifier"
        " JOIN evidence e ON e.anchor = h.anchor AND e.day = ? JOIN anchors a ON a.anchor = h.anchor"
        " WHERE i.value = ? AND i.namespace = ?",
        (day, identifier[1], identifier[0]),
    )
    for (encoded,) in rows:
        yield _decode_set(bytes(encoded))


def first_keys(connection: Connection, anchors: Iterable[int]) -> dict[int, tuple[int, str]]:
    """Return the smallest (time, message id) of each stored anchor."""
    rows = rows_in(
        connection,
        "SELECT e.anchor, e.time, e.message_id FROM evidence e WHERE e.anchor IN ({keys})"
        " AND e.day = (SELECT min(m.day) FROM evidence m WHERE m.anchor = e.anchor)",
        anchors,
    )
    return {anchor: (time, message_id) for anchor, time, message_id in rows}


def members_of(connection: Connection, profiles: Iterable[int]) -> Iterator[tuple[Pair, int]]:
    """Yield the normalised identifiers of profiles, each with its profile."""
    for namespace, value, profile in rows_in(
        connection, "SELECT namespace, value, profile FROM identifiers WHERE profile IN ({keys})", profiles
    ):
        yield (namespace, value), profile


def contested_profiles(connection: Connection, limits: Mapping[str, int]) -> set[int]:
    """Return the profiles that a refusal or a decision concerns, and those that are beyond a namespace's limit."""
    found: set[int] = set()
    for table, side in (
        ("refusals", "kept"),
        ("refusals", "left"),
        ("decisions", "one"),
        ("decisions", "other"),
    ):
        rows = rows_of(
            connection,
            f"SELECT DISTINCT i.profile FROM {table} r JOIN identifiers i"  # noqa: S608 - names of our own tables and columns
            f" ON i.value = r.{side}_value AND i.namespace = r.{side}_namespace",
        )
        found.update(profile for (profile,) in rows)
    for namespace, limit in limits.items():
        rows = rows_of(
            connection,
            "SELECT profile FROM identifiers WHERE namespace = ? AND profile > 0 GROUP BY profile HAVING count(*) > ?",
            (namespace, limit),
        )
        found.update(profile for (profile,) in rows)
    return found


def load_decisions(connection: Connection) -> list[Decision]:
    """Return everything that people decided and that says anything under the present rules, in the order of the log."""
    rows = rows_of(
        connection,
        "SELECT decision, decided_at, kind, one_namespace, one_value, other_namespace, other_value FROM decisions"
        " WHERE one_value <> '' ORDER BY decision",
    )
    return [Decision(row[0], row[1], row[2], (row[3], row[4]), (row[5], row[6])) for row in rows]


def load_held(connection: Connection) -> list[HeldRow]:
    """Return the identifiers that are held, newest first."""
    rows = rows_of(connection, "SELECT namespace, value, day, held_at FROM held ORDER BY held_at DESC, value")
    return [HeldRow(*row) for row in rows]


def last_refusal(connection: Connection, identifiers: Collection[Pair]) -> int | None:
    """Return the newest event time of any refusal that names one of these, None without one."""
    newest = []
    values = {value for _, value in identifiers}
    for side in ("kept", "left"):
        rows = rows_in(
            connection,
            f"SELECT {side}_namespace, {side}_value, max(time) FROM refusals WHERE {side}_value IN ({{keys}})"  # noqa: S608 - names of our own columns
            f" GROUP BY {side}_namespace, {side}_value",
            values,
        )
        newest += [time for namespace, value, time in rows if (namespace, value) in identifiers]
    return max(newest, default=None)


def replace_refusals(
    connection: Connection, anchors: Collection[int], rows: Sequence[tuple[int, Refusal]], version: int
) -> None:
    """Write the refusals of anchors over those that were there, where they differ; (anchor, refusal) rows.

    In a closure that was resolved anew most stay: writing all of them again took a third of the commit.
    """
    wanted: dict[int, list[tuple[object, ...]]] = defaultdict(list)
    for anchor, one in rows:
        evidence = (one.evidence.time, one.evidence.message_id)
        wanted[anchor].append((anchor, *one.kept, *one.left_out, *evidence, one.reason, one.namespace, version))
    stored: dict[int, list[tuple[object, ...]]] = defaultdict(list)
    for row in rows_in(connection, f"SELECT {_REFUSAL} FROM refusals WHERE anchor IN ({{keys}})", anchors):  # noqa: S608 - our own columns
        stored[row[0]].append(tuple(row))
    stale = [anchor for anchor, kept in stored.items() if set(kept) != set(wanted.get(anchor, ()))]
    run_many(connection, "DELETE FROM refusals WHERE anchor = ?", [(anchor,) for anchor in sorted(stale)])
    gone = set(stale)
    run_many(
        connection,
        f"INSERT INTO refusals ({_REFUSAL}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - our own columns
        [row for anchor, many in wanted.items() if anchor in gone or anchor not in stored for row in many],
    )


def reason_left_out(connection: Connection, identifier: Pair) -> tuple[str, str] | None:
    """Return (reason, namespace) of the newest refusal by which an identifier was left out, None without one."""
    rows = rows_of(
        connection,
        "SELECT reason, namespace FROM refusals WHERE left_value = ? AND left_namespace = ? ORDER BY time DESC LIMIT 1",
        (identifier[1], identifier[0]),
    )
    return (rows[0][0], rows[0][1]) if rows else None


def forget_refusals(connection: Connection) -> None:
    """Take all refusals away, before all are written anew."""
    run(connection, "DELETE FROM refusals")


def write_held(connection: Connection, held: Sequence[tuple[Pair, int]], released: Collection[Pair], now: int) -> None:
    """Hold identifiers, each with the day on which it met too many; let go of those that a person released."""
    run_many(connection, "DELETE FROM held WHERE namespace = ? AND value = ?", sorted(released))
    run_many(
        connection,
        "INSERT INTO held (namespace, value, day, held_at) VALUES (?, ?, ?, ?) ON CONFLICT (namespace, value) DO NOTHING",
        [(*pair, day, now) for pair, day in held],
    )


def add_decisions(
    connection: Connection, decided: Sequence[tuple[Decision, str]], normal: Callable[[Decision], Decision | None]
) -> None:
    """Keep decisions with the names of who made them; one that is there already says the same."""
    run_many(
        connection,
        "INSERT INTO decisions (decision, decided_at, kind, person, one_namespace, one_value, other_namespace,"
        " other_value, given) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (decision) DO NOTHING",
        [(one.id, one.decided_at, one.kind, person, *decision_columns(one, normal(one))) for one, person in decided],
    )


def given_decisions(connection: Connection) -> list[Decision]:
    """Return all decisions as people gave them, before any normal form, in the order of the log."""
    rows = rows_of(
        connection,
        "SELECT decision, decided_at, kind, one_namespace, one_value, other_namespace, other_value, given FROM decisions"
        " ORDER BY decision",
    )
    found = []
    for number, decided_at, kind, *names, given in rows:
        one, other = ((names[0], names[1]), (names[2], names[3])) if given is None else _decode_pairs(bytes(given))
        found.append(Decision(number, decided_at, kind, one, other))
    return found


def read_decisions_as(connection: Connection, decisions: Sequence[tuple[Decision, Decision | None]]) -> None:
    """Write the normal form of decisions, (as given, as read now); None: about nothing any more."""
    run_many(
        connection,
        "UPDATE decisions SET one_namespace = ?, one_value = ?, other_namespace = ?, other_value = ?, given = ?"
        " WHERE decision = ?",
        [(*decision_columns(given, normal), given.id) for given, normal in decisions],
    )


def decision_columns(given: Decision, normal: Decision | None) -> tuple[str, str, str, str, bytes | None]:
    """Return the pair in its normal form, empty when it is about nothing, and as given where that is another."""
    if normal is None:
        return ("", "", "", "", _encode((given.one, given.other)))
    is_same = (given.one, given.other) == (normal.one, normal.other)
    return (*normal.one, *normal.other, None if is_same else _encode((given.one, given.other)))
