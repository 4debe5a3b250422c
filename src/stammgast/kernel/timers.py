"""Durable timers: something that has to happen at a time, kept in the customers database until it did.

The worker asks for what is due and takes a timer away in the same transaction that keeps what firing it brought about,
so each timer takes effect once, whatever is killed when. The worker's process is the only writer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import BigInteger, Column, Index, LargeBinary, MetaData, String, Table, delete, select

from stammgast.kernel.upsert import upsert

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

metadata = MetaData()

timers = Table(
    "timers",
    metadata,
    Column("kind", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("due_at", BigInteger, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Index("timers_by_due", "due_at"),
)


class Timer(msgspec.Struct, frozen=True):
    """One thing to do at `due_at` (ms UTC). `kind` names the manifest's TimerKind, (kind, key) names the timer."""

    kind: str
    key: str
    due_at: int
    payload: bytes = b""
    """Whatever the kind wrote to itself; opaque here."""


def set_timers(connection: Connection, wanted: Sequence[Timer]) -> None:
    """Set `wanted`; a timer that stands already under its (kind, key) moves to the new time and payload."""
    if not wanted:
        return
    insert = upsert(connection, timers)
    statement = insert.on_conflict_do_update(
        index_elements=[timers.c.kind, timers.c.key],
        set_={"due_at": insert.excluded.due_at, "payload": insert.excluded.payload},
    )
    connection.execute(statement, [msgspec.structs.asdict(one) for one in wanted])


def cancel_timers(connection: Connection, named: Sequence[tuple[str, str]]) -> None:
    """Take away the timers with these (kind, key) names; one that is not there is no mistake."""
    for kind, key in named:
        connection.execute(delete(timers).where(timers.c.kind == kind, timers.c.key == key))


def due_timers(connection: Connection, now: int, limit: int = 500) -> list[Timer]:
    """Return at most `limit` timers that are due at `now`, earliest first."""
    rows = connection.execute(
        select(timers.c.kind, timers.c.key, timers.c.due_at, timers.c.payload)
        .where(timers.c.due_at <= now)
        .order_by(timers.c.due_at, timers.c.kind, timers.c.key)
        .limit(limit)
    )
    return [Timer(*row) for row in rows]


def next_due(connection: Connection) -> int | None:
    """Return when the earliest timer is due (ms UTC), or None when none is set."""
    return connection.scalar(select(timers.c.due_at).order_by(timers.c.due_at).limit(1))
