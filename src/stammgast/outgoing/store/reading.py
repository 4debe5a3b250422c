"""Reading deliveries for people: lists, counts, attempts."""

# ruff: noqa: S608 - only names of our own columns are pasted into statements; values are parameters

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from stammgast.kernel.sql import rows_of
from stammgast.outgoing.contracts import Attempt, Delivery, State
from stammgast.outgoing.store.deliveries import COLUMNS, delivery_of


def list_deliveries(
    connection: Connection, *, target: int | None, state: State | None, before: int | None, limit: int
) -> list[Delivery]:
    """Return deliveries, newest first, before a number."""
    asked = {"target = ?": target, "state = ?": state, "delivery < ?": before}
    given = {condition: value for condition, value in asked.items() if value is not None}
    where = f" WHERE {' AND '.join(given)}" if given else ""
    sql = f"SELECT {COLUMNS} FROM outgoing_deliveries{where} ORDER BY delivery DESC LIMIT ?"
    return [delivery_of(row) for row in rows_of(connection, sql, (*given.values(), limit))]


def delivery_of_key(connection: Connection, key: str) -> Delivery | None:
    """Return the delivery with a key, None when it is not kept."""
    sql = f"SELECT {COLUMNS} FROM outgoing_deliveries WHERE key = ? ORDER BY delivery DESC LIMIT 1"
    return next((delivery_of(row) for row in rows_of(connection, sql, (key,))), None)


def list_attempts(connection: Connection, *, delivery: int | None, target: int | None, limit: int) -> list[Attempt]:
    """Return the newest attempts at a delivery or a target."""
    where: tuple[str, Any] = ("delivery", delivery) if delivery is not None else ("target", target)
    rows = rows_of(
        connection,
        "SELECT delivery, number, target, at, millis, outcome, status, detail FROM outgoing_attempts"
        f" WHERE {where[0]} = ? ORDER BY at DESC, number DESC LIMIT ?",
        (where[1], limit),
    )
    return [Attempt(*row) for row in rows]


def count_deliveries(connection: Connection) -> list[tuple[int, str, int]]:
    """Return (target, state, count)."""
    rows = rows_of(connection, "SELECT target, state, count(*) FROM outgoing_deliveries GROUP BY target, state")
    return [(int(target), str(state), int(count)) for target, state, count in rows]


def waiting(connection: Connection) -> list[tuple[str, int, int]]:
    """Return (kind, how many wait, since when the longest waits that was never tried, 0 for none)."""
    rows = rows_of(
        connection,
        "SELECT kind, count(*), coalesce(min(since), 0) FROM ("
        " SELECT kind, created_at AS since FROM effects UNION ALL"
        " SELECT kind, CASE WHEN attempts = 0 THEN created_at END FROM outgoing_deliveries WHERE state = 'waiting'"
        ") AS both_kinds GROUP BY kind ORDER BY kind",
    )
    return [(str(kind), int(count), int(since)) for kind, count, since in rows]
