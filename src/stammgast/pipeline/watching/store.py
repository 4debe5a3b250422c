"""What the profile stage keeps in the customers database."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec
from sqlalchemy import BigInteger, Column, Connection, Index, Integer, LargeBinary, MetaData, String, Table

from stammgast.kernel.customers_tables import Big
from stammgast.kernel.ports.watching import Kept
from stammgast.kernel.sql import rows_in, rows_of, run, run_many

metadata = MetaData()
watch_marks = Table(
    "watch_marks",
    metadata,
    Column("number", Big, primary_key=True, autoincrement=True),
    Column("since", BigInteger, nullable=False),
    Column("marks", LargeBinary, nullable=False),
    comment="Whom a batch changed and nobody looked at yet: anchor -> causes, in msgpack; a row goes once all were looked at.",
)
watched = Table(
    "watched",
    metadata,
    Column("profile", Big, primary_key=True, autoincrement=False),
    Column("batch", BigInteger, nullable=False),
    Column("looked_at", BigInteger, nullable=False),
    Column("wake_at", BigInteger, nullable=True),
    Index("watched_by_wake", "wake_at"),
    comment="Through which batch each profile was looked at, and when it is to be looked at again.",
)
watch_results = Table(
    "watch_results",
    metadata,
    Column("watcher", String, primary_key=True),
    Column("profile", Big, primary_key=True, autoincrement=False),
    Column("result", LargeBinary, nullable=False),
    Column("version", Integer, nullable=False),
    Column("transition", BigInteger, nullable=False),
    comment="What watchers found, unless they keep it in tables of their own.",
)
Marks = dict[int, int]
"""Anchor (or number of a profile that is gone) -> causes (`Cause`)."""
encode_marks = msgspec.msgpack.Encoder().encode
_decode_marks = msgspec.msgpack.Decoder(dict[int, int]).decode


def add_marks(connection: Connection, marks: bytes, now: int) -> int:
    """Keep encoded marks; return the number of their row."""
    rows = rows_of(connection, "INSERT INTO watch_marks (since, marks) VALUES (?, ?) RETURNING number", (now, marks))
    return int(rows[0][0])


def load_marks(connection: Connection) -> list[tuple[int, int, Marks]]:
    """Return (number, since, marks) of all that is left, oldest first."""
    rows = rows_of(connection, "SELECT number, since, marks FROM watch_marks ORDER BY number")
    return [(number, since, _decode_marks(marks)) for number, since, marks in rows]


def drop_marks(connection: Connection, before: int) -> None:
    """Take the rows below a number away: everybody in them was looked at."""
    run(connection, "DELETE FROM watch_marks WHERE number < ?", (before,))


def due_profiles(connection: Connection, now: int, limit: int) -> list[int]:
    """Return profiles whose moment has come, earliest first."""
    sql = "SELECT profile FROM watched WHERE wake_at <= ? ORDER BY wake_at LIMIT ?"
    return [profile for (profile,) in rows_of(connection, sql, (now, limit))]


def due_since(connection: Connection, now: int) -> int | None:
    """Return the earliest moment that has come and was not looked at, None when there is none."""
    rows = rows_of(connection, "SELECT min(wake_at) FROM watched WHERE wake_at <= ?", (now,))
    return None if rows[0][0] is None else int(rows[0][0])


def wakes_of(connection: Connection, profiles: Collection[int]) -> dict[int, int | None]:
    """Return when profiles are to be looked at again, as far as they were ever looked at."""
    return dict(rows_in(connection, "SELECT profile, wake_at FROM watched WHERE profile IN ({keys})", profiles))


def keep_watched(connection: Connection, rows: Sequence[tuple[int, int, int, int | None]], gone: Iterable[int]) -> None:
    """Write (profile, batch, looked at, wake at), and forget those that are gone."""
    run_many(
        connection,
        "INSERT INTO watched (profile, batch, looked_at, wake_at) VALUES (?, ?, ?, ?) ON CONFLICT (profile) DO UPDATE SET"
        " batch = excluded.batch, looked_at = excluded.looked_at, wake_at = excluded.wake_at",
        rows,
    )
    run_many(connection, "DELETE FROM watched WHERE profile = ?", [(profile,) for profile in gone])


def load_results(connection: Connection, watcher: str, profiles: Collection[int]) -> dict[int, Kept]:
    """Return what a watcher found of profiles."""
    sql = "SELECT profile, result, version, transition FROM watch_results WHERE watcher = ? AND profile IN ({keys})"
    return {
        profile: Kept(bytes(result), version, transition)
        for profile, result, version, transition in rows_in(connection, sql, profiles, before=(watcher,))
    }


def keep_results(connection: Connection, watcher: str, kept: Mapping[int, Kept], gone: Iterable[int]) -> None:
    """Write what a watcher found, and forget those that are gone."""
    run_many(
        connection,
        "INSERT INTO watch_results (watcher, profile, result, version, transition) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (watcher, profile) DO UPDATE SET result = excluded.result, version = excluded.version,"
        " transition = excluded.transition",
        [(watcher, profile, one.result, one.version, one.transition) for profile, one in kept.items()],
    )
    sql = "DELETE FROM watch_results WHERE watcher = ? AND profile = ?"
    run_many(connection, sql, [(watcher, profile) for profile in gone])


def anchors_after(connection: Connection, anchor: int, limit: int) -> list[int]:
    """Return anchors beyond a number, ascending."""
    return [
        one
        for (one,) in rows_of(
            connection, "SELECT anchor FROM anchors WHERE anchor > ? ORDER BY anchor LIMIT ?", (anchor, limit)
        )
    ]
