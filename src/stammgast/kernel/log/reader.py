"""Readers of the log, in any process of the same host."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from stammgast.kernel.log import segments
from stammgast.kernel.log.entry import LogEntry
from stammgast.kernel.log.positions import publish_position, published_position

BYTES_MAX = 32 * 1024 * 1024


class LogReader:
    """Reads entries in order. Keeps no position of its own: the caller says where to go on. For one thread at a time."""

    def __init__(self, directory: Path, name: str) -> None:
        """Name the reader; nothing is opened before the first read, so the log need not exist yet."""
        self.directory = directory
        self.name = name
        self._decoder = msgspec.msgpack.Decoder(list[LogEntry])
        self._base = -1
        self._connection: sqlite3.Connection | None = None

    def read(self, after: int, events_max: int, bytes_max: int = BYTES_MAX) -> list[LogEntry]:
        """Return the entries after position `after`, oldest first; empty when there are none yet.

        At least one when there is one; otherwise only as many as hold `events_max` events and about `bytes_max` bytes.
        """
        # List first, read second: a newer segment that was listed means that the older one was complete before.
        bases = segments.segment_bases(self.directory)
        start = max((index for index, base in enumerate(bases) if base <= after), default=0)
        for base in bases[start:]:
            try:
                entries = self._read_segment(base, after, events_max, bytes_max)
            except sqlite3.OperationalError:
                self.close()
                # Deleted since it was listed, so passed by all; or the newest one, whose table is just being made.
                if base != bases[-1] and segments.segment_path(self.directory, base).exists():
                    raise
                continue
            if entries:
                return entries
        return []

    def head(self) -> int:
        """Return the last position in the log, 0 when nothing was ever appended."""
        bases = segments.segment_bases(self.directory)
        if not bases:
            return 0
        try:
            return segments.head_of(self._open(bases[-1]), bases[-1])
        except sqlite3.OperationalError:
            self.close()  # The writer is just making it: it has no table yet, and so no entries.
            return bases[-1]

    def oldest(self) -> int:
        """Return the position after which entries are still there."""
        return next(iter(segments.segment_bases(self.directory)), 0)

    def publish(self, position: int) -> bool:
        """Tell the writer that everything up to `position` is committed elsewhere and may be deleted.

        False where that can't be written now (no room, no log yet): nothing is lost, but tell it again.
        """
        return publish_position(self.directory, self.name, position)

    def published(self) -> int:
        """Return the position last published, 0 when there was none."""
        return published_position(self.directory, self.name)

    def close(self) -> None:
        """Close the open segment."""
        if self._connection is not None:
            self._connection.close()
            self._connection, self._base = None, -1

    def _open(self, base: int) -> sqlite3.Connection:
        if self._connection is None or base != self._base:
            self.close()
            self._connection = segments.open_for_reading(segments.segment_path(self.directory, base))
            self._base = base
        return self._connection

    def _read_segment(self, base: int, after: int, events_max: int, bytes_max: int) -> list[LogEntry]:
        cursor = self._open(base).execute(segments.READ, (after,))
        entries: list[LogEntry] = []
        size = 0
        try:
            for entry in self._entries(cursor, after):
                size += len(entry.body)
                if entries and (entry.position - after > events_max or size > bytes_max):
                    break
                entries.append(entry)
        finally:
            cursor.close()  # Ends the snapshot, so that the writer can empty its write-ahead log.
        return entries

    def _entries(self, cursor: sqlite3.Cursor, after: int) -> Iterator[LogEntry]:
        for last, encoded in cursor:
            entries = self._decoder.decode(encoded)
            position = last - sum(entry.count for entry in entries)
            for entry in entries:
                position += entry.count
                if position > after:
                    # The entry was encoded before its commit had a place; it is ours alone until it is returned.
                    msgspec.structs.force_setattr(entry, "position", position)
                    yield entry
