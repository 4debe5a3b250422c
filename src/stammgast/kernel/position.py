"""The worker's one row: its lease and how far it is."""

# ruff: noqa: S608 - only names of our own tables and columns are pasted into statements; values are parameters

from __future__ import annotations

from typing import ClassVar

import msgspec
from sqlalchemy import Connection

from stammgast.kernel.errors import StammgastError
from stammgast.kernel.sql import rows_of, run


class LeaseLost(StammgastError):
    """Another worker has taken over (lease epoch {epoch} is over). Only one may work; this one ends."""

    status = 503
    retry: ClassVar[bool] = False


class Progress(msgspec.Struct):
    """How far the worker is. position: of the log, committed. block: where new message ids go, with how many in it.

    listed_batch: every batch before it is in the list of customers. recent_number: of the newest line in the live view.
    """

    position: int = 0
    next_anchor: int = 1
    next_batch: int = 1
    next_identifier: int = 1
    block: int = 0
    block_count: int = 0
    listed_batch: int = 1
    recent_number: int = 0


_COLUMNS = "position, next_anchor, next_batch, next_identifier, block, block_count, listed_batch, recent_number"


def take_lease(connection: Connection) -> tuple[int, Progress]:
    """Begin a new epoch, which ends every earlier one; return it with the progress so far."""
    run(
        connection,
        f"INSERT INTO worker (one, epoch, {_COLUMNS}) VALUES (1, 0, 0, 1, 1, 1, 0, 0, 1, 0) ON CONFLICT DO NOTHING",
    )
    run(connection, "UPDATE worker SET epoch = epoch + 1 WHERE one = 1")
    (row,) = rows_of(connection, f"SELECT epoch, {_COLUMNS} FROM worker WHERE one = 1")
    return row[0], Progress(*row[1:])


def keep_progress(connection: Connection, epoch: int, progress: Progress) -> None:
    """Write the progress. Raises LeaseLost when `epoch` is not the present one; roll back then."""
    touched = run(
        connection,
        "UPDATE worker SET position = ?, next_anchor = ?, next_batch = ?, next_identifier = ?, block = ?,"
        " block_count = ?, listed_batch = ?, recent_number = ? WHERE one = 1 AND epoch = ?",
        (*msgspec.structs.astuple(progress), epoch),
    )
    if touched != 1:
        raise LeaseLost(epoch=epoch)


def committed_position(connection: Connection) -> int:
    """Return the log position up to which everything is in profiles, 0 before the first worker."""
    found = rows_of(connection, "SELECT position FROM worker WHERE one = 1")
    return int(found[0][0]) if found else 0


def next_batch(connection: Connection) -> int:
    """Return the number that the worker's next batch gets; all before it are committed. 1 before the first worker."""
    found = rows_of(connection, "SELECT next_batch FROM worker WHERE one = 1")
    return int(found[0][0]) if found else 1
