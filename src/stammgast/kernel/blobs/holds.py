"""Who holds a file: references, counted in the store of whoever names it, in that very transaction.

What the worker keeps of events is held in the customers database, definitions are held in the control database: each has one
writer. A file that neither database holds may go. A holder is `kind:key`, such as `mail:4711`; its kind says who may see the file
(`runtime.BlobHolder`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import BigInteger, Column, Connection, Index, MetaData, String, Table

from stammgast.kernel.sql import rows_in, rows_of, run, run_many

metadata = MetaData()
blob_holds = Table(
    "blob_holds",
    metadata,
    Column("blob", String, primary_key=True),
    Column("holder", String, primary_key=True),
    Column("held_at", BigInteger, nullable=False),
    Index("blob_holds_by_holder", "holder"),
    comment="Who holds which file; the same table in both databases.",
)


def hold_blobs(connection: Connection, holds: Iterable[tuple[str, str]], now: int) -> None:
    """Hold (file, holder) pairs; holding twice is holding once. `now` in ms UTC."""
    sql = "INSERT INTO blob_holds (blob, holder, held_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
    run_many(connection, sql, [(blob, holder, now) for blob, holder in holds])


def release_blobs(connection: Connection, holder: str) -> list[str]:
    """Let all files of a holder go; return those that nobody in this database holds any more.

    Give them to `Blobs.let_go` once the transaction is kept.
    """
    names = [name for (name,) in rows_of(connection, "SELECT blob FROM blob_holds WHERE holder = ?", (holder,))]
    run(connection, "DELETE FROM blob_holds WHERE holder = ?", (holder,))
    return sorted(set(names) - held_among(connection, names))


def held_among(connection: Connection, names: Collection[str]) -> set[str]:
    """Return which of some files are held in this database."""
    return {one for (one,) in rows_in(connection, "SELECT DISTINCT blob FROM blob_holds WHERE blob IN ({keys})", names)}


def holders_of(connection: Connection, name: str) -> list[str]:
    """Return who holds a file in this database, in the order of their names."""
    return [
        one for (one,) in rows_of(connection, "SELECT holder FROM blob_holds WHERE blob = ? ORDER BY holder", (name,))
    ]


def all_held(connection: Connection) -> list[str]:
    """Return every file that is held in this database."""
    return [one for (one,) in rows_of(connection, "SELECT DISTINCT blob FROM blob_holds ORDER BY blob")]
