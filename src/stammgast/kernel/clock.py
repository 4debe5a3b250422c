"""The time. Code asks here and nowhere else, so that a test can set it."""

from __future__ import annotations

import time
from datetime import UTC, datetime

MILLIS_PER_DAY = 86_400_000


def now_millis() -> int:
    """Return milliseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000_000


def monotonic() -> float:
    """Return seconds that only ever grow, for measuring how long something takes."""
    return time.monotonic()


def now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return from_millis(now_millis())


def from_millis(millis: int) -> datetime:
    """Return the aware UTC datetime of a count of milliseconds.

    >>> from_millis(0).isoformat()
    '1970-01-01T00:00:00+00:00'
    """
    seconds, rest = divmod(millis, 1000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1000)


def to_millis(moment: datetime) -> int:
    """Return milliseconds since 1970 of an aware datetime; a naive one is read as UTC.

    >>> to_millis(datetime(1970, 1, 1, 0, 0, 1))
    1000
    """
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole * 1000 + moment.microsecond // 1000


def day_of(millis: int) -> int:
    """Return the UTC day as days since 1970.

    >>> day_of(86_400_000)
    1
    """
    return millis // MILLIS_PER_DAY
