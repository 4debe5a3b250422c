"""What lists and states were made by, and how far making them anew is, so that it goes on after the worker died in between."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Column, Connection, LargeBinary, String, Table

from stammgast.kernel.customers_tables import metadata
from stammgast.kernel.sql import rows_in, rows_of, run

list_marks = Table(
    "list_marks",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    comment="What lists and states were made by: a digest of the policies of traits, versions of folds, the recount.",
)


def read_mark(connection: Connection, name: str) -> bytes | None:
    """Return a mark, None when it was never set."""
    rows = rows_of(connection, "SELECT value FROM list_marks WHERE name = ?", (name,))
    return bytes(rows[0][0]) if rows else None


def read_marks(connection: Connection, names: Iterable[str]) -> dict[str, bytes]:
    """Return those of some marks that were ever set."""
    return {
        name: bytes(value)
        for name, value in rows_in(connection, "SELECT name, value FROM list_marks WHERE name IN ({keys})", names)
    }


def set_mark(connection: Connection, name: str, value: bytes) -> None:
    """Set a mark."""
    run(
        connection,
        "INSERT INTO list_marks (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )


def profiles_listed_after(connection: Connection, profile: int, limit: int) -> list[int]:
    """Return profiles of the list beyond a number, ascending."""
    sql = "SELECT profile FROM customers WHERE profile > ? ORDER BY profile LIMIT ?"
    return [number for (number,) in rows_of(connection, sql, (profile, limit))]
