"""Message ids taken in: one by one in blocks for the exact window, and in Bloom filters for ever."""

# ruff: noqa: S608 - only names of our own tables and columns are pasted into statements; values are parameters

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from sqlalchemy import Connection

from stammgast.kernel.clock import MILLIS_PER_DAY
from stammgast.kernel.sql import rows_of, run, run_many


class Message(msgspec.Struct, frozen=True, gc=False):
    """A message id as remembered: where it stands, what it said, whose it was, how often it came again."""

    block: int
    digest: bytes
    content: int
    received_at: int
    anchor: int
    copies: int


class Filter(msgspec.Struct, frozen=True):
    """A closed Bloom filter: the ids of one month received between two times (ms UTC)."""

    filter: int
    month: int
    received_from: int
    received_to: int
    count: int
    bits: bytes


_FIND = (
    "SELECT m.block, m.digest, m.content, m.received_at, m.anchor, m.copies FROM message_blocks b"
    " JOIN messages m ON m.block = b.block AND m.digest = ?"
)


def find_message(connection: Connection, digest: bytes) -> Message | None:
    """Return what is remembered one by one under a digest, None when nothing is; looks into every block."""
    rows = rows_of(connection, _FIND, (digest,))
    return _message(rows[0]) if rows else None


def find_in_filter(connection: Connection, digest: bytes, number: int) -> Message | None:
    """Return what stands under a digest in the blocks of one filter, None when nothing does."""
    rows = rows_of(connection, f"{_FIND} WHERE b.bloom = ?", (digest, number))
    return _message(rows[0]) if rows else None


def _message(row: tuple[int, bytes, int, int, int, int]) -> Message:
    return Message(row[0], bytes(row[1]), *row[2:])


def add_messages(
    connection: Connection, block: int, filter_number: int, rows: Sequence[tuple[bytes, int, int, int]]
) -> None:
    """Remember (digest, content, received at, anchor) rows in a block. Sorted, they touch few pages."""
    if not rows:
        return
    run_many(
        connection,
        f"INSERT INTO messages (block, digest, content, received_at, anchor) VALUES ({int(block)}, ?, ?, ?, ?)",
        sorted(rows),
    )
    run(
        connection,
        "INSERT INTO message_blocks (block, bloom, day) VALUES (?, ?, ?)"
        " ON CONFLICT (block) DO UPDATE SET day = excluded.day",
        (block, filter_number, max(row[2] for row in rows) // MILLIS_PER_DAY),
    )


def count_copies(connection: Connection, copies: Sequence[tuple[int, bytes]]) -> None:
    """Note that messages, named by (block, digest), came once more."""
    run_many(connection, "UPDATE messages SET copies = copies + 1 WHERE block = ? AND digest = ?", copies)


def close_filter(connection: Connection, one: Filter) -> None:
    """Store a full filter; later ids go to the next one."""
    run(
        connection,
        "INSERT INTO message_blooms (bloom, month, received_from, received_to, count, bits) VALUES (?, ?, ?, ?, ?, ?)",
        msgspec.structs.astuple(one),
    )


def closed_filters(connection: Connection) -> list[Filter]:
    """Return all stored filters, oldest first."""
    rows = rows_of(
        connection,
        "SELECT bloom, month, received_from, received_to, count, bits FROM message_blooms ORDER BY bloom",
    )
    return [Filter(one[0], one[1], one[2], one[3], one[4], bytes(one[5])) for one in rows]


def open_filter_digests(connection: Connection) -> tuple[int | None, list[tuple[bytes, int]]]:
    """Return the number of the filter not yet closed and (digest, received at) of all its ids; (None, []) without one."""
    newest = rows_of(
        connection,
        "SELECT max(b.bloom) FROM message_blocks b"
        " WHERE NOT EXISTS (SELECT 1 FROM message_blooms f WHERE f.bloom = b.bloom)",
    )[0][0]
    if newest is None:
        return None, []
    rows = rows_of(
        connection,
        "SELECT m.digest, m.received_at FROM message_blocks b JOIN messages m ON m.block = b.block WHERE b.bloom = ?",
        (newest,),
    )
    return int(newest), [(bytes(digest), received_at) for digest, received_at in rows]


def filters_with_blocks(connection: Connection) -> set[int]:
    """Return the filters whose ids are (some of them) still kept one by one."""
    return {number for (number,) in rows_of(connection, "SELECT DISTINCT bloom FROM message_blocks")}


def forget_blocks(connection: Connection, before_day: int, before_block: int, most: int) -> int:
    """Delete up to `most` blocks, oldest first, whose newest id is older than `before_day`; return how many.

    Only below `before_block`, and only once their filter is closed: then history can tell what the filter suspects.
    """
    blocks = rows_of(
        connection,
        "SELECT b.block FROM message_blocks b JOIN message_blooms f ON f.bloom = b.bloom"
        " WHERE b.day < ? AND b.block < ? ORDER BY b.block LIMIT ?",
        (before_day, before_block, most),
    )
    for (block,) in blocks:
        run(connection, "DELETE FROM messages WHERE block = ?", (block,))
        run(connection, "DELETE FROM message_blocks WHERE block = ?", (block,))
    return len(blocks)


def anchors_since(connection: Connection, batch: int) -> Iterator[int]:
    """Yield the anchors of messages taken in by `batch` or later (and by some before it, whose block was still open)."""
    first = rows_of(connection, "SELECT max(block) FROM message_blocks WHERE block <= ?", (batch,))[0][0]
    for (anchor,) in rows_of(
        connection, "SELECT DISTINCT anchor FROM messages WHERE block >= ? AND anchor > 0", (first or 0,)
    ):
        yield anchor


def count_messages(connection: Connection) -> int:
    """Return how many messages were ever taken in; each has a row in history, or in the outbox."""
    ((closed,),) = rows_of(connection, "SELECT coalesce(sum(count), 0) FROM message_blooms")
    ((open_ones,),) = rows_of(
        connection,
        "SELECT count(*) FROM message_blocks b JOIN messages m ON m.block = b.block"
        " WHERE NOT EXISTS (SELECT 1 FROM message_blooms f WHERE f.bloom = b.bloom)",
    )
    return int(closed) + int(open_ones)
