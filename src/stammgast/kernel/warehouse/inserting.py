"""Handing an insert's data to the engine.

It always goes through a file, in memory while small. chDB's other two ways lose rows without a word: data behind the
statement ends at the first blank line (two newline bytes, which every binary format contains), and what follows is run
as SQL; a streamed insert that meets a limit or a kill reports success with no rows, or never returns.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from stammgast.kernel.warehouse.engine import Connection, quoted
from stammgast.kernel.warehouse.native import Result
from stammgast.kernel.warehouse.running import Running
from stammgast.kernel.warehouse.statement import Statement

_IN_MEMORY_BYTES_MAX = 8 << 20
# A small insert is done before a second thread has started: with one thread it takes a third of the time.
_ONE_THREAD = (
    "input_format_parallel_parsing = 0, max_threads = 1, max_parsing_threads = 1, max_insert_threads = 1,"
    " max_download_threads = 1"
)
_READ_PLAINLY = "storage_file_read_method = 'pread'"
_SETTINGS = b"SETTINGS"


def insert(
    connection: Connection,
    statement: Statement,
    data: Iterator[bytes],
    *,
    binds: Mapping[str, str],
    running: Running,
    spool: Path,
) -> Result | None:
    """Read all of `data`, insert it as one statement, return what was written; None when there was nothing at all.

    A body that breaks off raises ClientGone before the engine sees a byte, so it writes nothing.
    """
    held = bytearray()
    for piece in data:
        held += piece
        if len(held) > _IN_MEMORY_BYTES_MAX:
            break
    if not held:
        return None
    is_small = len(held) <= _IN_MEMORY_BYTES_MAX
    with _in_memory(held) if is_small else _on_disk(held, data, spool) as path:
        running.refuse_if_killed()
        settings = f"{_ONE_THREAD}, {_READ_PLAINLY}" if is_small else _READ_PLAINLY
        return connection.run(_from_file(statement, path, settings), "Null", binds)


def _from_file(statement: Statement, path: str, settings: str) -> bytes:
    cut = len(statement.sql) if statement.settings_at is None else statement.settings_at
    own = statement.sql[cut:][len(_SETTINGS) :].strip()
    source = f" FROM INFILE {quoted(path)} COMPRESSION 'none' SETTINGS {settings}".encode()
    return statement.sql[:cut] + source + (b", " + own if own else b"") + f" FORMAT {statement.insert_format}".encode()


@contextmanager
def _in_memory(held: bytearray) -> Iterator[str]:
    handle = os.memfd_create("insert")
    try:
        with memoryview(held) as rest:
            written = 0
            while written < len(rest):
                written += os.write(handle, rest[written:])
        yield f"/proc/self/fd/{handle}"
    finally:
        os.close(handle)


@contextmanager
def _on_disk(held: bytearray, data: Iterator[bytes], spool: Path) -> Iterator[str]:
    with tempfile.NamedTemporaryFile(dir=spool, suffix=".insert") as file:
        file.write(held)
        held.clear()
        for piece in data:
            file.write(piece)
        file.flush()
        yield file.name
