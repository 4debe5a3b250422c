"""The one chDB engine of the process: its start, its connections, and how a statement is killed in it."""

from __future__ import annotations

import fcntl
import os
import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from stammgast.kernel.errors import StammgastError
from stammgast.kernel.warehouse.engine_settings import write_engine_settings
from stammgast.kernel.warehouse.exceptions import from_engine
from stammgast.kernel.warehouse.native import NativeConnection, Result, Stream, load_native
from stammgast.kernel.warehouse.options import DATABASE, READER_DATABASE, WarehouseOptions

_SPARES_MAX = 2
_MERGING_THREADS = "MergeMutate"
_MERGE_NICENESS = 10
_QUERY_BYTES_DEFAULT = 1 << 18


def quoted(text: str) -> str:
    r"""Return `text` as an SQL string.

    >>> quoted("it's")
    "'it\\'s'"
    """
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def quoted_name(name: str) -> str:
    """Return `name` as an SQL identifier.

    >>> quoted_name("t")
    '`t`'
    """
    escaped = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"


class WarehouseInUse(StammgastError):
    """Another process already uses the warehouse in {directory}. Stop it, or choose another data folder."""

    status = 503


class WarehouseUnreadable(StammgastError):
    """The warehouse in {directory} cannot be opened: {reason}. Its files belong to chDB; restore them from a backup."""

    status = 503


class Connection:
    """One chDB connection; raises EngineError instead of RuntimeError. One statement at a time."""

    def __init__(self, native: NativeConnection) -> None:
        self._native = native

    def run(
        self, sql: str | bytes, output_format: str = "TabSeparated", params: Mapping[str, str] | None = None
    ) -> Result:
        """Run one statement to its end and return its whole result."""
        try:
            return self._native.query(sql, output_format, params=dict(params or {}))
        except RuntimeError as error:
            raise from_engine(error) from error

    def text(self, sql: str, params: Mapping[str, str] | None = None) -> str:
        """Run one statement and return its rows as tab-separated text."""
        return self.run(sql, params=params).bytes().decode()

    def begin(self, sql: bytes, output_format: str, params: Mapping[str, str]) -> Stream:
        """Begin a SELECT."""
        try:
            return self._native.send_query(sql, output_format, params=dict(params))
        except RuntimeError as error:
            raise from_engine(error) from error

    def fetch(self, stream: Stream) -> Result:
        """Return the stream's next block; an empty one at the end."""
        try:
            return self._native.streaming_fetch_result(stream)
        except RuntimeError as error:
            raise from_engine(error) from error

    def cancel(self, stream: Stream) -> None:
        """Give the rest of a stream up."""
        try:
            self._native.streaming_cancel_query(stream)
        except RuntimeError as error:
            raise from_engine(error) from error

    def classify(self, sql: bytes) -> str:
        """Return READ_ONLY, MUTATING, MUTATING_GLOBAL, CONTROL or UNKNOWN, by the engine's own parser."""
        verdict = self._native.classify_query(sql.decode(errors="replace"))["query_class"]
        return str(getattr(verdict, "name", "UNKNOWN"))

    def close(self) -> None:
        """Close it; temporary tables and settings go with it."""
        self._native.close()


class Engine:
    """chDB on one directory. `open` gives clean connections; a control connection of its own kills statements."""

    def __init__(self, options: WarehouseOptions) -> None:
        self._options = options
        self._lock_file = _locked(options.directory)
        settings = write_engine_settings(options)
        data = options.directory / "data"
        data.mkdir(exist_ok=True, mode=0o700)
        self._native = load_native()
        self._where = f"{data}?config-file={settings}"
        self._spare: deque[Connection] = deque()
        self._spare_lock = threading.Lock()
        self._is_closed = False
        if not (data / "metadata" / f"{DATABASE}.sql").exists():
            self._create_databases()
        self._where += f"&database={DATABASE}"
        self._control = self._connect()
        self._control_lock = threading.Lock()
        self.version, self.timezone = self._control.text("SELECT version(), timezone()").split()
        _let_merges_wait()

    def _create_databases(self) -> None:
        # chDB's own database `default` looks into the file system, so it needs rights nobody gets here. A connection
        # can only name a database that exists; that is why the first start opens the engine twice.
        first = self._connect()
        for name in (READER_DATABASE, DATABASE):
            first.run(f"CREATE DATABASE IF NOT EXISTS {name} ENGINE = Atomic")
        first.close()

    def open(self, *, is_reader: bool) -> Connection:
        """Return a clean connection, stripped of all rights but reading views for the reader."""
        try:
            connection = self._spare.popleft()
        except IndexError:
            connection = self._connect()
        if is_reader:
            connection.run(f"SET ROLE reader; USE {READER_DATABASE}")
        return connection

    def make_spare(self) -> None:
        """Open the next request's connection already now, after an answer has left: nobody waits for it."""
        # The request is over, so closing does not wait for this by itself, and chDB does not survive both at once.
        with self._spare_lock:
            if not self._is_closed and len(self._spare) < _SPARES_MAX:
                self._spare.append(self._connect())

    def _connect(self) -> Connection:
        try:
            return Connection(self._native.connect(self._where))
        except RuntimeError as error:
            reason = str(error).removeprefix("Failed to create connection: ")
            raise WarehouseUnreadable(directory=self._options.directory, reason=reason) from error

    def control(self, sql: str, params: Mapping[str, str] | None = None) -> str:
        """Run a short statement on the control connection and return its rows as text."""
        with self._control_lock:
            return self._control.text(sql, params)

    def canonical(self, sql: bytes) -> bytes:
        """Return `sql` as the engine would write it: no comments, no escapes in names."""
        escaped = sql.decode(errors="replace").replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
        ask = (
            f"SELECT formatQuerySingleLine({{sql:String}}) SETTINGS max_query_size = {len(sql) + _QUERY_BYTES_DEFAULT}"
        )
        with self._control_lock:
            result = self._control.run(ask, "RawBLOB", {"sql": escaped})
            return result.bytes()

    def close(self) -> None:
        """Close the last connection, which stops the engine."""
        with self._spare_lock:
            self._is_closed = True
            while self._spare:
                self._spare.pop().close()
        with self._control_lock:
            self._control.close()
        self._lock_file.close()


def _let_merges_wait() -> None:
    """Give the merging threads the processor where nobody else wants it: people wait for queries, nobody for a merge.

    The engine's own setting for it, os_threads_nice_value_merge_mutate, has no effect in chDB.
    """
    for task in Path("/proc/self/task").glob("*"):
        with suppress(OSError):
            if (task / "comm").read_text().strip() == _MERGING_THREADS:
                os.setpriority(os.PRIO_PROCESS, int(task.name), _MERGE_NICENESS)


def _locked(directory: Path) -> BinaryIO:
    """Return the directory's lock file, held as long as it is open; it falls with the process, however that ends."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock_file = (directory / "lock").open("wb")
    try:
        fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock_file.close()
        raise WarehouseInUse(directory=directory) from error
    return lock_file
