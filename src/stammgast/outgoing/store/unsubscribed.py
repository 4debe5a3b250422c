"""Who wants no more mails of a purpose, in the customers database."""

from __future__ import annotations

from sqlalchemy import Connection

from stammgast.kernel.sql import rows_of, run


def add(connection: Connection, digest: bytes, purpose: str, now: int) -> None:
    """Note that no mail of a purpose is to go to an address any more."""
    sql = "INSERT INTO outgoing_unsubscribed (digest, purpose, since) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
    run(connection, sql, (digest, purpose, now))


def remove(connection: Connection, digest: bytes, purpose: str) -> None:
    """Note that mails of a purpose may go to an address again."""
    run(connection, "DELETE FROM outgoing_unsubscribed WHERE digest = ? AND purpose = ?", (digest, purpose))


def is_there(connection: Connection, digest: bytes, purpose: str) -> bool:
    """Say whether no mail of a purpose is to go to an address."""
    sql = "SELECT 1 FROM outgoing_unsubscribed WHERE digest = ? AND purpose = ?"
    return bool(rows_of(connection, sql, (digest, purpose)))
