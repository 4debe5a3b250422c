"""What is committed and on its way: rows for history, effects for the world, lines for the live view."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import zstandard
from sqlalchemy import Connection

from stammgast.kernel.set_aside import Aside
from stammgast.kernel.sql import rows_of, run, run_many


class Parcel(msgspec.Struct, frozen=True):
    """One batch's delivery to history. rows: zstd of JSON lines, `row_count` of them; moves: (anchor, profile) pairs.

    `lines` are the same lines as they are, empty for a parcel that was read from the outbox.
    """

    batch: int
    row_count: int
    rows: bytes
    moves: tuple[tuple[int, int], ...]
    lines: bytes = b""
    refused: tuple[Aside, ...] = ()
    """Rows that history took in no shape, once the parcel is delivered without them."""


class RecentRow(msgspec.Struct, frozen=True, gc=False):
    """One line of the live view, as `RecentEvent` without its number."""

    message_id: str
    time: int
    received_at: int
    type: str
    name: str
    source: int
    channel: str
    fate: str
    reason: str
    profile: int


NO_ROWS = zstandard.ZstdCompressor().compress(b"")
"""The rows of a parcel that only moves anchors."""
RING = 1_000
"""Lines the live view keeps."""

_encode = msgspec.msgpack.Encoder().encode
_decode_moves = msgspec.msgpack.Decoder(tuple[tuple[int, int], ...]).decode


def add_parcel(connection: Connection, parcel: Parcel) -> None:
    """Put a batch's delivery into the outbox."""
    run(
        connection,
        "INSERT INTO history_outbox (batch, row_count, rows, moves) VALUES (?, ?, ?, ?)",
        (parcel.batch, parcel.row_count, parcel.rows, _encode(parcel.moves)),
    )


def remove_parcels(connection: Connection, batches: Iterable[int]) -> None:
    """Take deliveries out that history has in full."""
    run_many(connection, "DELETE FROM history_outbox WHERE batch = ?", [(batch,) for batch in batches])


def parcels_after(connection: Connection, batch: int, most: int) -> list[Parcel]:
    """Return up to `most` deliveries of batches beyond `batch`, oldest first."""
    rows = rows_of(
        connection,
        "SELECT batch, row_count, rows, moves FROM history_outbox WHERE batch > ? ORDER BY batch LIMIT ?",
        (batch, most),
    )
    return [Parcel(row[0], row[1], bytes(row[2]), _decode_moves(row[3])) for row in rows]


def outbox_events(connection: Connection) -> int:
    """Return how many rows wait for history."""
    return int(rows_of(connection, "SELECT coalesce(sum(row_count), 0) FROM history_outbox")[0][0])


def first_parcel(connection: Connection) -> int | None:
    """Return the oldest batch in the outbox, None when all is delivered."""
    first = rows_of(connection, "SELECT min(batch) FROM history_outbox")[0][0]
    return None if first is None else int(first)


def add_effects(connection: Connection, rows: Sequence[tuple[str, str, bytes]], now: int) -> None:
    """Keep (kind, key, payload) effects until they are carried out; a key that is there already says the same."""
    run_many(
        connection,
        "INSERT INTO effects (kind, key, payload, created_at) VALUES (?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
        [(*row, now) for row in rows],
    )


def add_recent(connection: Connection, rows: Sequence[RecentRow], number: int) -> int:
    """Write lines into the ring after line `number`; return the number of the last one."""
    run_many(
        connection,
        "INSERT INTO recent_events (slot, number, message_id, time, received_at, type, name, source, channel, fate,"
        " reason, profile) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (slot) DO UPDATE SET"
        " number = excluded.number, message_id = excluded.message_id, time = excluded.time,"
        " received_at = excluded.received_at, type = excluded.type, name = excluded.name, source = excluded.source,"
        " channel = excluded.channel, fate = excluded.fate, reason = excluded.reason, profile = excluded.profile",
        [(place % RING, place, *msgspec.structs.astuple(row)) for place, row in enumerate(rows, number + 1)],
    )
    return number + len(rows)


def newest_by_source(connection: Connection) -> list[tuple[int, int, str, str, str, int]]:
    """Return (source, received at in ms UTC, type, name, fate, profile) of each source's newest line in the ring."""
    rows = rows_of(
        connection,
        "SELECT source, received_at, type, name, fate, profile FROM recent_events"
        " WHERE number IN (SELECT max(number) FROM recent_events GROUP BY source)",
    )
    return [(row[0], row[1], row[2], row[3], row[4], row[5]) for row in rows]
