"""Which anchor bears a profile's number, where it is not the anchor of the same number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from stammgast.identity.graph.numbering import Numbers
from stammgast.kernel.sql import rows_in, rows_of, run_many


def load_bearers(connection: Connection) -> dict[int, int]:
    """Return number -> anchor; few beside the graph, since only splits by people make any."""
    return dict(rows_of(connection, "SELECT number, anchor FROM number_bearers"))


def load_numbers(connection: Connection) -> Numbers:
    """Return the same, arranged for the law."""
    return Numbers(load_bearers(connection))


def former_numbers(connection: Connection, anchors: Iterable[int]) -> set[int]:
    """Return those of these anchors whose own number named a profile that was merged away."""
    rows = rows_in(connection, "SELECT alias FROM aliases WHERE alias IN ({keys})", anchors)
    return {alias for (alias,) in rows}


def write_bearers(connection: Connection, changed: Mapping[int, int]) -> None:
    """Let other anchors bear numbers."""
    run_many(
        connection,
        "INSERT INTO number_bearers (number, anchor) VALUES (?, ?)"
        " ON CONFLICT (number) DO UPDATE SET anchor = excluded.anchor",
        sorted(changed.items()),
    )
