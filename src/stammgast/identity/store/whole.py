"""Reading the whole graph in steps, and writing what a change of rules does to it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from stammgast.identity.resolution import Pair, RawSet
from stammgast.kernel.sql import rows_in, rows_of, run, run_many

STEP = 20_000
"""Rows of one read."""

_decode_set = msgspec.msgpack.Decoder(tuple[tuple[str, str], ...]).decode


def anchors_after(connection: Connection, anchor: int, most: int = STEP) -> list[tuple[int, RawSet]]:
    """Return the next anchors with their raw sets, ascending."""
    rows = rows_of(
        connection, "SELECT anchor, identifiers FROM anchors WHERE anchor > ? ORDER BY anchor LIMIT ?", (anchor, most)
    )
    return [(number, _decode_set(bytes(encoded))) for number, encoded in rows]


def exceptions(connection: Connection) -> Iterator[tuple[int, int]]:
    """Yield (anchor, profile) of every anchor that is not its own profile."""
    last = 0
    while rows := rows_of(
        connection,
        "SELECT anchor, profile FROM anchor_profiles WHERE anchor > ? ORDER BY anchor LIMIT ?",
        (last, STEP),
    ):
        yield from rows
        last = rows[-1][0]


def owned_identifiers(connection: Connection) -> Iterator[tuple[int, str, str, int]]:
    """Yield (number, namespace, value, profile) of every stored identifier."""
    last = 0
    while rows := rows_of(
        connection,
        "SELECT identifier, namespace, value, profile FROM identifiers WHERE identifier > ? ORDER BY identifier LIMIT ?",
        (last, STEP),
    ):
        yield from rows
        last = rows[-1][0]


def days_of(connection: Connection, anchors: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield (anchor, day) of all evidence of anchors."""
    yield from rows_in(connection, "SELECT anchor, day FROM evidence WHERE anchor IN ({keys})", anchors)


def count_graph(connection: Connection) -> int:
    """Return how many anchors there are, at least about: numbers are dense."""
    return int(rows_of(connection, "SELECT coalesce(max(anchor), 0) FROM anchors")[0][0])


def count_refusals(connection: Connection) -> int:
    """Return how many identifiers are left out of an event's profile now."""
    return int(rows_of(connection, "SELECT count(*) FROM refusals")[0][0])


def all_anchors(connection: Connection) -> Iterator[int]:
    """Yield the number of every anchor."""
    for (anchor,) in rows_of(connection, "SELECT anchor FROM anchors"):
        yield anchor


def all_aliases(connection: Connection) -> Iterator[int]:
    """Yield every number of a profile that is no more."""
    for (alias,) in rows_of(connection, "SELECT alias FROM aliases"):
        yield alias


def move_anchors(
    connection: Connection, placed: Sequence[tuple[int, int]], led: Mapping[int, int], gone: Mapping[int, int]
) -> None:
    """Write whose anchors are; numbers of profiles that are no more lead where the anchor went that bears them."""
    run_many(
        connection,
        "INSERT INTO anchor_profiles (anchor, profile) VALUES (?, ?)"
        " ON CONFLICT (anchor) DO UPDATE SET profile = excluded.profile",
        placed,
    )
    run_many(
        connection,
        "UPDATE aliases SET profile = ? WHERE alias = ?",
        [(profile, number) for number, profile in sorted(led.items())],
    )
    run_many(
        connection,
        "INSERT INTO aliases (alias, profile) VALUES (?, ?) ON CONFLICT (alias) DO UPDATE SET profile = excluded.profile",
        sorted(gone.items()),
    )
    run(connection, "DELETE FROM aliases WHERE alias = profile")


def own_identifiers(
    connection: Connection, reowned: Sequence[tuple[int, int]], fresh: Mapping[Pair, int], next_identifier: int
) -> int:
    """Write whose identifiers are and add new ones; return the next free number."""
    run_many(
        connection,
        "UPDATE identifiers SET profile = ? WHERE identifier = ?",
        [(profile, number) for number, profile in reowned],
    )
    run_many(
        connection,
        "INSERT INTO identifiers (identifier, namespace, value, profile) VALUES (?, ?, ?, ?)",
        [(number, *pair, profile) for number, (pair, profile) in enumerate(sorted(fresh.items()), next_identifier)],
    )
    return next_identifier + len(fresh)


def relink(
    connection: Connection,
    anchors: Sequence[int],
    before: Callable[[RawSet], Collection[Pair]],
    after: Callable[[RawSet], Collection[Pair]],
) -> None:
    """Write which identifiers anchors hold, where they are read otherwise now; new identifiers are stored already."""
    for start in range(0, len(anchors), STEP):
        lost: list[tuple[Pair, int]] = []
        won: list[tuple[Pair, int]] = []
        for anchor, encoded in rows_in(
            connection,
            "SELECT anchor, identifiers FROM anchors WHERE anchor IN ({keys})",
            anchors[start : start + STEP],
        ):
            raw = _decode_set(bytes(encoded))
            old, new = set(before(raw)), set(after(raw))
            lost += [(pair, anchor) for pair in old - new]
            won += [(pair, anchor) for pair in new - old]
        numbers = _numbers(connection, {pair for pair, _ in (*lost, *won)})
        run_many(
            connection,
            "DELETE FROM identifier_anchors WHERE identifier = ? AND anchor = ?",
            [(numbers[pair], anchor) for pair, anchor in lost if pair in numbers],
        )
        run_many(
            connection,
            "INSERT INTO identifier_anchors (identifier, anchor) VALUES (?, ?)",
            sorted((numbers[pair], anchor) for pair, anchor in won),
        )


def drop_identifiers(connection: Connection, numbers: Sequence[int]) -> None:
    """Forget identifiers that nothing reads as any more; the raw ones stay with their anchors."""
    rows = [(number,) for number in numbers]
    run_many(connection, "DELETE FROM identifier_anchors WHERE identifier = ?", rows)
    run_many(connection, "DELETE FROM identifiers WHERE identifier = ?", rows)


def hold_only(connection: Connection, held: Mapping[Pair, int], now: int) -> None:
    """Hold exactly these; those that were held keep the moment since when."""
    before = {(row[0], row[1]) for row in rows_of(connection, "SELECT namespace, value FROM held")}
    run_many(connection, "DELETE FROM held WHERE namespace = ? AND value = ?", sorted(before - held.keys()))
    run_many(
        connection,
        "INSERT INTO held (namespace, value, day, held_at) VALUES (?, ?, ?, ?)",
        [(*pair, day, now) for pair, day in sorted(held.items()) if pair not in before],
    )


def _numbers(connection: Connection, pairs: set[Pair]) -> dict[Pair, int]:
    rows = rows_in(
        connection,
        "SELECT namespace, value, identifier FROM identifiers WHERE value IN ({keys})",
        {value for _, value in pairs},
    )
    return {(namespace, value): number for namespace, value, number in rows if (namespace, value) in pairs}
