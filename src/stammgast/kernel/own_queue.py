"""Own events on their way to the worker's next batch, in the customers database.

Whoever computes in the worker's process leaves them here in a transaction of its own; the batch that admits them takes them
away in its commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from stammgast.kernel.sql import rows_of, run_many

Queued = tuple[int, int, bytes]
"""(number, queued at in ms UTC, body)."""
TAKEN_MAX = 2_000
"""Most that one batch admits."""


def queue_own(connection: Connection, bodies: Iterable[bytes], now: int) -> None:
    """Leave own events (`events.own_body`) for the next batch; `now` in ms UTC is when they count as received."""
    sql = "INSERT INTO own_queue (queued_at, body) VALUES (?, ?)"
    run_many(connection, sql, [(now, body) for body in bodies])


def queued_own(connection: Connection, most: int | None = TAKEN_MAX) -> list[Queued]:
    """Return (number, queued at, body) of the oldest that wait, at most `most`; all of them for None."""
    sql = "SELECT number, queued_at, body FROM own_queue ORDER BY number"
    rows = rows_of(connection, sql) if most is None else rows_of(connection, sql + " LIMIT ?", (most,))
    return [(number, queued_at, bytes(body)) for number, queued_at, body in rows]


def take_queued(connection: Connection, numbers: Sequence[int]) -> None:
    """Take own events away that a batch has admitted (or set aside)."""
    # One by one: a lower number may be committed later than a higher one.
    run_many(connection, "DELETE FROM own_queue WHERE number = ?", [(number,) for number in numbers])
