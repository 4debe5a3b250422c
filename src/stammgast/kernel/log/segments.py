"""Segment files: SQLite databases in WAL mode, each named by the position it begins after.

A row is one group commit: all requests that waited while the one before was being synced. One statement a commit (not
one a request) keeps the interpreter's lock from changing hands hundreds of times a commit.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

SUFFIX = ".log"
_DIGITS = 19
_PAGE_BYTES = 8192

_CREATE = """
CREATE TABLE IF NOT EXISTS commits (
    position INTEGER PRIMARY KEY,  -- of the last event in it
    entries BLOB NOT NULL          -- MessagePack array of LogEntry
)
"""
INSERT = "INSERT INTO commits (position, entries) VALUES (?, ?)"
READ = "SELECT position, entries FROM commits WHERE position > ? ORDER BY position"
HEAD = "SELECT max(position) FROM commits"


def segment_path(directory: Path, base: int) -> Path:
    """Return the file that holds what comes after position `base`.

    >>> segment_path(Path("log"), 42).name
    '0000000000000000042.log'
    """
    return directory / f"{base:0{_DIGITS}d}{SUFFIX}"


def segment_bases(directory: Path) -> list[int]:
    """Return the base positions of all segments, oldest first; empty when there is no log yet."""
    try:
        names = [path.name for path in directory.iterdir()]
    except FileNotFoundError:
        return []
    return sorted(int(name[:_DIGITS]) for name in names if name.endswith(SUFFIX))


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open (or make) a segment; every commit is synced to disk before it returns.

    The write-ahead log is copied into the file only when the segment is closed: no request waits for a checkpoint.
    """
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for pragma in (
        f"page_size={_PAGE_BYTES}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "wal_autocheckpoint=0",
        "busy_timeout=10000",
        "cache_size=-2000",
    ):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    connection.execute(_CREATE)
    sync_folder(path.parent)
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open a segment that the writer may be writing; never blocks it.

    Raises sqlite3.OperationalError when the file is gone.
    """
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
    )


def head_of(connection: sqlite3.Connection, base: int) -> int:
    """Return the last position in a segment, `base` when it is empty."""
    (position,) = connection.execute(HEAD).fetchone()
    return base if position is None else int(position)


def bytes_of(path: Path) -> int:
    """Return how much a segment takes on disk, what is not yet copied out of its write-ahead log included."""
    files = (path, path.with_name(f"{path.name}-wal"))
    return sum(one.stat().st_size for one in files if one.exists())


def remove_segment(directory: Path, base: int) -> None:
    """Delete a segment and what SQLite keeps beside it."""
    path = segment_path(directory, base)
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def sync_folder(directory: Path) -> None:
    """Make new names in a folder survive a power cut."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
