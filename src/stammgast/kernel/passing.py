"""Which errors are a store's and go by: a full disk, a lock, a server that is away. All others are the data's or ours."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError

from stammgast.kernel.errors import StammgastError

_OF_THE_STORE = {
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_AUTH,
    sqlite3.SQLITE_NOTADB,
}
"""SQLite's own codes; the lowest byte of an extended one."""
_PASSING_STATES = ("08", "25006", "40", "53", "55", "57", "58", "XX")
"""SQLSTATEs of PostgreSQL, by their beginning: connection, read-only, deadlock, no room, locked, shutting down, disk."""


def is_passing(problem: BaseException) -> bool:
    """Say whether trying the same again later may help, because a store or the machine is to blame.

    >>> is_passing(OSError(28, "No space left on device")), is_passing(OverflowError("int too large"))
    (True, False)
    """
    if isinstance(problem, StammgastError):
        return problem.retry
    if isinstance(problem, DBAPIError):
        return problem.connection_invalidated or (problem.orig is not None and is_passing(problem.orig))
    if isinstance(problem, sqlite3.Error):
        code = getattr(problem, "sqlite_errorcode", None)
        return code is not None and code & 0xFF in _OF_THE_STORE
    if hasattr(problem, "sqlstate"):
        # psycopg's own errors have no state: the connection broke, or was broken before.
        return _is_of_postgres(problem.sqlstate, type(problem).__name__)
    return isinstance(problem, OSError | MemoryError)


def _is_of_postgres(state: str | None, name: str) -> bool:
    if state is None:
        return name in {"OperationalError", "InterfaceError"} or name.endswith("Timeout")
    return state.startswith(_PASSING_STATES)
