"""Orders from the web process to the worker, through the log: whoever may not write customer data asks for it there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from stammgast.events.wire import KIND_INTERNAL
from stammgast.kernel import clock
from stammgast.kernel.log import LogEntry

REPLAY = "replay"
DISCARD = "discard"
TRY_AGAIN = "try_again"
IDS_MAX = 1_000
"""Most events of one order, so that the worker's transaction stays short."""
ID_MAX = 2**63 - 1
"""The largest number that a database keeps."""


class Order(msgspec.Struct, frozen=True):
    """What the worker shall do.

    `action` says who obeys: `replay` and `discard` are the quarantine's, `try_again` takes
    up what the worker set aside (`kernel.set_aside`), all with `ids`.
    """

    action: str
    ids: tuple[int, ...] = ()
    facts: dict[str, Any] = msgspec.field(default_factory=dict)


_decode = msgspec.json.Decoder(Order).decode


def order_entry(order: Order) -> LogEntry:
    """Return an order as a log entry."""
    return LogEntry(clock.now_millis(), 0, 1, KIND_INTERNAL, b"", msgspec.json.encode(order))


def read_order(entry: LogEntry) -> Order | None:
    """Return the order in a log entry, None when the entry holds events."""
    return _decode(entry.body) if entry.kind == KIND_INTERNAL else None


def is_id(number: int) -> bool:
    """Say whether a number can name a row at all.

    >>> is_id(1), is_id(0), is_id(2**63)
    (True, False, False)
    """
    return 1 <= number <= ID_MAX


def split_order(action: str, ids: Sequence[int]) -> list[Order]:
    """Return orders of at most IDS_MAX each that together name `ids`.

    >>> [len(one.ids) for one in split_order("replay", range(1500))]
    [1000, 500]
    """
    return [Order(action, tuple(ids[start : start + IDS_MAX])) for start in range(0, len(ids), IDS_MAX)]
