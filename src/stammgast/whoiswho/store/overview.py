"""Counting over the whole identity graph, for its overview: profiles, identifiers, what was kept apart and joined."""

from __future__ import annotations

from sqlalchemy import Connection

from stammgast.kernel.sql import rows_of
from stammgast.profiles.contracts import GraphCounts, NamespaceCount, SharedIdentifier


def count_graph(connection: Connection, since: int) -> GraphCounts:
    """Count everything; a full pass over identifiers and customers, a second for some millions."""
    profiles, identified = _one(
        connection,
        "SELECT count(*), coalesce(sum(CASE WHEN is_identified THEN 1 ELSE 0 END), 0)",
        "customers",
        "events > 0",
    )
    rows = rows_of(
        connection,
        "SELECT namespace, count(*), count(DISTINCT profile) FROM identifiers GROUP BY namespace"
        " ORDER BY count(*) DESC, namespace",
    )
    turns = dict(rows_of(connection, "SELECT kind, count(*) FROM merges WHERE merged_at >= ? GROUP BY kind", (since,)))
    return GraphCounts(
        profiles,
        identified,
        tuple(NamespaceCount(*row) for row in rows),
        _one(connection, "SELECT count(*)", "held")[0],
        _one(connection, "SELECT count(*)", "refusals", "time >= ?", since)[0],
        turns.get("merge", 0),
        turns.get("split", 0),
        _one(connection, "SELECT count(*)", "decisions", "decided_at >= ?", since)[0],
    )


def most_shared(connection: Connection, limit: int) -> tuple[SharedIdentifier, ...]:
    """Return the identifiers that were left out of most profiles."""
    rows = rows_of(
        connection,
        "SELECT left_namespace, left_value, count(*), count(DISTINCT kept_value), max(time) FROM refusals"
        " GROUP BY left_namespace, left_value ORDER BY count(DISTINCT kept_value) DESC, left_value LIMIT ?",
        (limit,),
    )
    return tuple(SharedIdentifier(*row) for row in rows)


def _one(connection: Connection, select: str, table: str, where: str = "1 = 1", *values: int) -> tuple[int, ...]:
    """Return the only row of a count; only names of our own tables and columns are pasted in."""
    (row,) = rows_of(connection, f"{select} FROM {table} WHERE {where}", values)
    return tuple(int(one) for one in row)
