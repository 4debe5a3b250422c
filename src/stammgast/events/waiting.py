"""Messages that lie in the log and that the worker has not taken in yet."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from stammgast.events.reading import expand, message_id_of
from stammgast.events.splitting import NotJson
from stammgast.kernel.log import LogEntry, LogReader
from stammgast.kernel.runtime import Runtime

SEARCHED_EVENTS_MAX = 200_000
SEARCHED_BYTES_MAX = 128 * 1024 * 1024
"""How far into what waits a receipt looks: bounds its time and memory (measured: 200,000 events of 560 bytes in 0.5 s, with escapes 1 s)."""
_READ_BYTES = 8 * 1024 * 1024


def waiting_since(runtime: Runtime, message_id: str, after: int) -> int | None:
    """Return when a message that lies in the log after position `after` came in, ms UTC; None when it is not there.

    Of a log that waits longer than SEARCHED_EVENTS_MAX events only the beginning is looked through.
    """
    needle = msgspec.json.encode(message_id)[1:-1]
    for entry in _entries(runtime, after):
        # Texts may be written with escapes; without any the id stands in the body as it is, and nearly none holds it.
        if (needle in entry.body or b"\\" in entry.body) and _holds(entry, message_id):
            return entry.received_at
    return None


def _entries(runtime: Runtime, after: int) -> Iterator[LogEntry]:
    reader = LogReader(runtime.settings.log_dir, "receipts")  # Publishes no position, so nothing waits for it.
    end, left = after + SEARCHED_EVENTS_MAX, SEARCHED_BYTES_MAX
    try:
        while after < end and left > 0:
            entries = reader.read(after, end - after, min(_READ_BYTES, left))
            if not entries:
                return
            yield from entries
            after = entries[-1].position
            left -= sum(len(entry.body) for entry in entries)
    finally:
        reader.close()


def _holds(entry: LogEntry, message_id: str) -> bool:
    try:
        return any(message_id_of(raw) == message_id for raw in expand(entry))
    except NotJson:
        return False
