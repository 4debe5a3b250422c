"""Timelines as of now: history's rows, and those that profiles have already while they are still on their way to history."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import msgspec
import zstandard
from sqlalchemy import Connection

from stammgast.kernel import outbox
from stammgast.kernel.runtime import Runtime
from stammgast.profiles import history
from stammgast.profiles.encoding import HistoryRow
from stammgast.profiles.history import TimelineQuery, TimelineRow
from stammgast.profiles.timeline import shown_text

ROWS_MAX = 5_000
"""When more wait, history has fallen behind: looking through them all would take longer than it helps."""
_PARCELS_MAX = 1_000
_ANCHOR_AT = len(b'{"anchor":')

_decode_row = msgspec.json.Decoder(HistoryRow).decode


def timeline_rows(runtime: Runtime, wanted: TimelineQuery) -> list[TimelineRow]:
    """Return rows, newest first, one more than the limit where there are more. Raises HistoryUnavailable."""
    # What waits is read first: a row delivered in between is found twice rather than not at all.
    with runtime.customers.read() as connection:
        waiting = [_timeline_row(row) for row in _waiting(connection, wanted) if _is_wanted(row, wanted)]
    found = history.timeline_rows(runtime.history, wanted)
    if not waiting:
        return found
    known = {row.digest for row in found}
    found += [row for row in waiting if row.digest not in known]
    found.sort(key=lambda row: _place(row.time, row.digest), reverse=True)
    return found[: wanted.limit + 1]


def raw_event(runtime: Runtime, wanted: TimelineQuery, digest: bytes) -> str | None:
    """Return the raw JSON of one of these events, None when it is not there (yet)."""
    with runtime.customers.read() as connection:
        waiting = [row.raw for row in _waiting(connection, wanted) if row.digest == digest.hex()]
    return waiting[0] if waiting else history.raw_event(runtime.history, wanted, digest)


def _waiting(connection: Connection, wanted: TimelineQuery) -> Iterator[HistoryRow]:
    """Yield rows of the anchors (or the account) that are not delivered yet."""
    count = outbox.outbox_events(connection)
    if not 0 < count <= ROWS_MAX:
        return
    decompress = zstandard.ZstdDecompressor().decompress
    anchors = {b"%d" % anchor for anchor in wanted.anchors}
    for parcel in outbox.parcels_after(connection, 0, _PARCELS_MAX):
        for line in decompress(parcel.rows).splitlines():
            if anchors and line[_ANCHOR_AT : line.index(b",")] not in anchors:
                continue
            if not anchors and (not wanted.group_id or b'"group_id"' not in line):
                continue
            row = _decode_row(line)
            if wanted.group_id in ("", row.group_id) and (not wanted.brands or row.brand in wanted.brands):
                yield row


def _is_wanted(row: HistoryRow, wanted: TimelineQuery) -> bool:
    if wanted.before is not None and _place(_millis(row.time), row.digest) >= _place(*wanted.before):
        return False
    return (
        (not wanted.names or row.name in wanted.names)
        and (not wanted.channels or row.channel in wanted.channels)
        and (not wanted.types or row.type in wanted.types)
    )


def _timeline_row(row: HistoryRow) -> TimelineRow:
    return TimelineRow(_millis(row.time), str(UUID(row.digest)), row.anchor, shown_text(row), row.raw)


def _millis(seconds: float) -> int:
    return round(seconds * 1000)


def _place(time: int, digest: str) -> tuple[int, int, int]:
    """Return what history sorts by. ClickHouse sorts UUIDs by their second half."""
    number = UUID(digest).int
    return time, number & (1 << 64) - 1, number >> 64
