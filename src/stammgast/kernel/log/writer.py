"""The one writer of the log: group commit on its own thread."""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from itertools import pairwise
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeAlias

import msgspec

from stammgast.kernel.clock import monotonic
from stammgast.kernel.log import segments
from stammgast.kernel.log.entry import LogEntry, LogInUse, LogUnavailable
from stammgast.kernel.log.positions import slowest_position

SEGMENT_BYTES = 64 * 1024 * 1024
GROUP_BYTES = 8 * 1024 * 1024
"""Most bytes of one commit: bounds its memory and the wait of those behind it."""
_BACKLOG_SECONDS = 0.2
"""How old a look at the readers' positions may be."""

_Waiting: TypeAlias = tuple[LogEntry, "Future[int] | asyncio.Future[int]", asyncio.AbstractEventLoop | None]


class LogWriter:
    """Appends entries; an answer means they are on disk. Safe to use from many threads and from event loops.

    Only one process may hold a log's writer: LogInUse otherwise. `readers` are those that must have passed a segment
    before it is deleted. `at_least` is a position already used up elsewhere (a restored database): new ones come after.
    `on_commit` is called on the writing thread after each commit; it must be quick and must not fail.
    """

    def __init__(
        self,
        directory: Path,
        *,
        readers: tuple[str, ...] = ("worker",),
        at_least: int = 0,
        segment_bytes: int = SEGMENT_BYTES,
        on_commit: Callable[[], object] | None = None,
    ) -> None:
        """Open the newest segment, or make the first one, and start the writing thread."""
        self.directory = directory
        self._readers = readers
        self._segment_bytes = segment_bytes
        self._lock_file = _take_lock(directory)
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._on_commit = on_commit
        self._encoder = msgspec.msgpack.Encoder()
        self._closing = threading.Lock()
        self._closed = False
        self._problem: str | None = None
        self._closers: list[threading.Thread] = []
        self._passed = (0, -_BACKLOG_SECONDS)
        self._open_newest(at_least)
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    def append(self, entry: LogEntry) -> Future[int]:
        """Append from any thread; the future gives the entry's position once it is on disk, or LogUnavailable."""
        future: Future[int] = Future()
        self._put((entry, future, None))
        return future

    def append_async(self, entry: LogEntry) -> asyncio.Future[int]:
        """Append from a running event loop; as `append`, awaitable."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[int] = loop.create_future()
        self._put((entry, future, loop))
        return future

    def append_sync(self, entry: LogEntry) -> int:
        """Append and wait until it is on disk; return its position."""
        return self.append(entry).result()

    def head(self) -> int:
        """Return the last position on disk."""
        return self._head

    def backlog(self) -> int:
        """Return how many events wait for the slowest reader (as of at most a fifth of a second ago)."""
        position, seen_at = self._passed
        if monotonic() - seen_at >= _BACKLOG_SECONDS:
            position = slowest_position(self.directory, self._readers)
            self._passed = (position, monotonic())
        return max(0, self._head - position)

    def problem(self) -> str | None:
        """Return why the last commit failed, None when it did not."""
        return self._problem

    def trim(self) -> int:
        """Delete the segments that all readers have passed, never the one being written; return how many."""
        passed = slowest_position(self.directory, self._readers)
        bases = segments.segment_bases(self.directory)
        done = [base for base, following in pairwise(bases) if following <= passed]
        for base in done:
            segments.remove_segment(self.directory, base)
        return len(done)

    def close(self) -> None:
        """Write what is waiting, then let the log go. Appending afterwards raises LogUnavailable."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._thread.join()
        for closer in self._closers:
            closer.join()
        self._connection.close()
        os.close(self._lock_file)

    def _put(self, waiting: _Waiting) -> None:
        # The lock makes sure that nothing is queued behind the end mark, where nobody would ever answer it.
        with self._closing:
            if self._closed:
                raise LogUnavailable(problem="it is being closed")
            self._queue.put(waiting)

    def _open_newest(self, at_least: int) -> None:
        bases = segments.segment_bases(self.directory)
        self._open_segment(bases[-1] if bases else at_least)
        if self._head < at_least:
            self._connection.close()
            self._open_segment(at_least)

    def _open_segment(self, base: int) -> None:
        path = segments.segment_path(self.directory, base)
        self._connection = segments.open_for_writing(path)
        self._head = segments.head_of(self._connection, base)
        self._written = segments.bytes_of(path) if self._head > base else 0

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            group, is_last = self._gather(first)
            self._commit(group)
            if is_last:
                return

    def _gather(self, first: _Waiting) -> tuple[list[_Waiting], bool]:
        group = [first]
        size = len(first[0].body)
        while size < GROUP_BYTES:
            try:
                waiting = self._queue.get_nowait()
            except Empty:
                break
            if waiting is None:
                return group, True
            group.append(waiting)
            size += len(waiting[0].body)
        return group, False

    def _commit(self, group: list[_Waiting]) -> None:
        positions = []
        head = self._head
        for entry, _, _ in group:
            head += entry.count
            positions.append(head)
        encoded = self._encoder.encode([entry for entry, _, _ in group])
        try:
            self._connection.execute(segments.INSERT, (head, encoded))
        except sqlite3.Error as problem:
            self._problem = str(problem)
            self._recover()
            _answer(group, positions, LogUnavailable(problem=problem))
            return
        self._problem = None
        self._head = head
        self._written += len(encoded)
        _answer(group, positions, None)
        if self._on_commit is not None:
            self._on_commit()
        if self._written >= self._segment_bytes:
            self._rotate()

    def _rotate(self) -> None:
        full = self._connection
        try:
            self._open_segment(self._head)
        except (sqlite3.Error, OSError):
            # No new file now (disk full, say): go on in the old one and try again after the next commit. A half-made
            # one must not stay: readers would look there for what still goes into the old one.
            segments.remove_segment(self.directory, self._head)
            self._connection = full
            return
        # Closing copies the write-ahead log into the file; nobody has to wait for that.
        self._closers = [one for one in self._closers if one.is_alive()]
        closer = threading.Thread(target=full.close, name="log-closer", daemon=True)
        self._closers.append(closer)
        closer.start()

    def _recover(self) -> None:
        """After a failed commit ask the file, not our memory, what is on disk."""
        base = segments.segment_bases(self.directory)[-1]
        try:
            self._connection.close()
            self._open_segment(base)
        except (sqlite3.Error, OSError):
            # Still failing: every commit will come back here until the disk works again.
            return


def _take_lock(directory: Path) -> int:
    directory.mkdir(parents=True, exist_ok=True)
    handle = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as problem:
        os.close(handle)
        raise LogInUse(directory=directory) from problem
    return handle


def _answer(group: Sequence[_Waiting], positions: Sequence[int], error: LogUnavailable | None) -> None:
    """Answer every waiting one: threads directly, each event loop with one call for all of its futures."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[int], int]]] = {}
    for (_, future, loop), position in zip(group, positions, strict=True):
        if loop is not None and isinstance(future, asyncio.Future):
            by_loop.setdefault(loop, []).append((future, position))
        elif isinstance(future, Future) and future.set_running_or_notify_cancel():
            if error is None:
                future.set_result(position)
            else:
                future.set_exception(error)
    for loop, pairs in by_loop.items():
        try:
            loop.call_soon_threadsafe(_answer_in_loop, pairs, error)
        except RuntimeError:
            continue  # The loop has ended; whoever waited there is gone.


def _answer_in_loop(pairs: Sequence[tuple[asyncio.Future[int], int]], error: LogUnavailable | None) -> None:
    for future, position in pairs:
        if future.done():
            continue  # The client went away and its handler was cancelled.
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(position)
