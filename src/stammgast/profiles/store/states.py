"""Feature states of anchors, one row each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection

from stammgast.kernel.sql import rows_in, rows_of, run_many


def load_states(connection: Connection, anchors: Iterable[int]) -> Iterator[tuple[int, bytes]]:
    """Yield (anchor, encoded state) for those anchors that have one."""
    for anchor, state in rows_in(
        connection, "SELECT anchor, state FROM anchor_states WHERE anchor IN ({keys})", anchors
    ):
        yield anchor, bytes(state)


def states_between(connection: Connection, after: int, last: int, limit: int) -> list[tuple[int, bytes]]:
    """Return (anchor, encoded state) of anchors beyond `after` up to `last`, ascending."""
    sql = "SELECT anchor, state FROM anchor_states WHERE anchor > ? AND anchor <= ? ORDER BY anchor LIMIT ?"
    return [(anchor, bytes(state)) for anchor, state in rows_of(connection, sql, (after, last, limit))]


def count_states(connection: Connection) -> int:
    """Return how many anchors have a state."""
    return int(rows_of(connection, "SELECT count(*) FROM anchor_states")[0][0])


def write_states(connection: Connection, rows: Sequence[tuple[int, bytes]]) -> None:
    """Write (anchor, encoded state) rows."""
    run_many(
        connection,
        "INSERT INTO anchor_states (anchor, state) VALUES (?, ?)"
        " ON CONFLICT (anchor) DO UPDATE SET state = excluded.state",
        sorted(rows),
    )
