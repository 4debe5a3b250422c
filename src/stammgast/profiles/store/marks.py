"""What the lists were written by: so that a change of policies writes them anew, even after the worker died in between."""

from __future__ import annotations

from sqlalchemy import Column, Connection, LargeBinary, String, Table

from stammgast.kernel.customers_tables import metadata
from stammgast.kernel.sql import rows_of, run

list_marks = Table(
    "list_marks",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    comment="What the lists of customers and accounts were written by: a digest of the policies of traits.",
)


def read_mark(connection: Connection, name: str) -> bytes | None:
    """Return a mark, None when it was never set."""
    rows = rows_of(connection, "SELECT value FROM list_marks WHERE name = ?", (name,))
    return bytes(rows[0][0]) if rows else None


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
