"""What the worker set aside: a timer, a line of a list, an order, a row that failed again and again, so that the rest goes on.

It stays in the customers database with its error until it is taken up again, and then either succeeds or comes back.
"""

# ruff: noqa: S608 - only names of our own table and columns are pasted into statements; values are parameters

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from stammgast.kernel.sql import rows_in, rows_of, run, run_many

TRIES: Final = 3
"""How often something fails, alone, before it is set aside."""
ERROR_LENGTH_MAX = 300

TIMER: Final = "timer"
CUSTOMER: Final = "customer"
"""A line of the list of customers; its key is the profile's number."""
ACCOUNT: Final = "account"
RULES: Final = "rules"
"""An order to go by other identity rules; its key is the order's number."""
HISTORY: Final = "history"
"""A row that history refuses; its payload is the row."""
WATCHER: Final = "watcher"
"""A profile that a watcher (segments, alerts) fell over; its key is `watcher: profile`."""
STAGES: Final = (TIMER, CUSTOMER, ACCOUNT, RULES, HISTORY, WATCHER)


class Aside(msgspec.Struct, frozen=True):
    """One thing to set aside. (stage, key) names it; `error` is a kind of error, never its message (which may quote)."""

    stage: str
    key: str
    error: str
    payload: bytes = b""


class SetAside(msgspec.Struct, frozen=True):
    """One thing that is set aside, since `at` (ms UTC)."""

    number: int
    stage: str
    key: str
    error: str
    payload: bytes
    at: int


class Patience:
    """Counts failures in a row. What a process forgets by dying begins anew, which costs three tries more."""

    def __init__(self) -> None:
        """Nothing has failed yet."""
        self._failures: dict[tuple[str, str], int] = {}

    def is_out(self, stage: str, key: str) -> bool:
        """Note a failure; say whether it was the last that is borne with."""
        name = (stage, key)
        self._failures[name] = self._failures.get(name, 0) + 1
        if self._failures[name] < TRIES:
            return False
        del self._failures[name]
        return True

    def failures(self, stage: str, key: str) -> int:
        """Return how often it failed since it last succeeded."""
        return self._failures.get((stage, key), 0)

    def succeeded(self, stage: str, keys: Iterable[str]) -> None:
        """Forget the failures of what did succeed."""
        if self._failures:
            for key in keys:
                self._failures.pop((stage, key), None)


def put_aside(connection: Connection, many: Sequence[Aside], now: int) -> None:
    """Keep things with their errors; one that is there already keeps its number and gets the new error. `now` in ms UTC."""
    run_many(
        connection,
        "INSERT INTO set_aside (stage, key, error, payload, at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (stage, key) DO UPDATE SET error = excluded.error, payload = excluded.payload, at = excluded.at",
        [(one.stage, one.key, one.error[:ERROR_LENGTH_MAX].replace("\0", ""), one.payload, now) for one in many],
    )


_COLUMNS = "number, stage, key, error, payload, at"


def list_set_aside(connection: Connection, limit: int, before: int | None = None) -> list[SetAside]:
    """Return what is set aside, newest first, before the number `before`."""
    where, values = ("", ()) if before is None else (" WHERE number < ?", (before,))
    rows = rows_of(
        connection, f"SELECT {_COLUMNS} FROM set_aside{where} ORDER BY number DESC LIMIT ?", (*values, limit)
    )
    return [_read(row) for row in rows]


def find_set_aside(connection: Connection, numbers: Iterable[int]) -> list[SetAside]:
    """Return those of `numbers` that are there; whoever takes them up takes them out too (or leaves them till it worked)."""
    found = [rows_of(connection, f"SELECT {_COLUMNS} FROM set_aside WHERE number = ?", (one,)) for one in numbers]
    return [_read(row) for rows in found for row in rows]


def keys_set_aside(connection: Connection, stage: str) -> set[str]:
    """Return the keys of all that is set aside of one stage."""
    return {row[0] for row in rows_of(connection, "SELECT key FROM set_aside WHERE stage = ?", (stage,))}


def known_keys(connection: Connection, stage: str, keys: Iterable[str]) -> set[str]:
    """Return which of some keys are set aside."""
    sql = "SELECT key FROM set_aside WHERE stage = ? AND key IN ({keys})"
    return {key for (key,) in rows_in(connection, sql, keys, before=(stage,))}


def count_set_aside(connection: Connection) -> Mapping[str, int]:
    """Return how many are set aside, by stage; stages with none are left out."""
    return dict(rows_of(connection, "SELECT stage, count(*) FROM set_aside GROUP BY stage ORDER BY stage"))


def take_out(connection: Connection, numbers: Iterable[int]) -> None:
    """Forget what is taken up again."""
    run_many(connection, "DELETE FROM set_aside WHERE number = ?", [(one,) for one in numbers])


def take_out_by_key(connection: Connection, stage: str, keys: Iterable[str]) -> None:
    """Forget what has succeeded; one that is not there is no mistake."""
    for key in keys:
        run(connection, "DELETE FROM set_aside WHERE stage = ? AND key = ?", (stage, key))


def _read(row: tuple[Any, ...]) -> SetAside:
    number, stage, key, error, payload, at = row
    return SetAside(number, stage, key, error, bytes(payload), at)
