"""When it happened: reading timestamps and correcting the clocks of devices that go wrong."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from stammgast.kernel.clock import MILLIS_PER_DAY

_LEAP_SECOND = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d):60(.*)", re.DOTALL)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_NAIVE = datetime(1970, 1, 1)  # noqa: DTZ001 - to measure naive timestamps, which are UTC, against
_MILLI = timedelta(milliseconds=1)

YEAR_1900 = -2_208_988_800_000
YEAR_2000 = 946_684_800_000
YEAR_2300 = 10_413_792_000_000
FUTURE_MAX = MILLIS_PER_DAY
SENT_BEFORE_MAX = 60_000
"""A `sentAt` that lies more than this many milliseconds before its event's time says that the clock was set between."""
_SECONDS_BELOW = 100_000_000_000
"""A number below this is seconds since 1970, above it milliseconds (it is the year 5138 in seconds, 1973 in ms)."""


def read_moment(stamp: str | float) -> int:
    """Return ms since 1970 UTC of ISO 8601 text (without a zone: UTC) or of a count of seconds or milliseconds.

    Raises ValueError when it can't be read or lies outside 1900 to 2299, which history can't hold.

    >>> read_moment("1970-01-01T00:00:01.5Z"), read_moment("1970-01-01 01:00:00+01:00"), read_moment(1_700_000_000)
    (1500, 0, 1700000000000)
    """
    if isinstance(stamp, str):
        try:
            moment = datetime.fromisoformat(stamp)
        except ValueError:
            moment = _read_oddly_written(stamp)
        millis = (moment - (_EPOCH if moment.tzinfo else _EPOCH_NAIVE)) // _MILLI
    else:
        millis = int(stamp * 1000 if abs(stamp) < _SECONDS_BELOW else stamp)
    if not YEAR_1900 <= millis < YEAR_2300:
        raise ValueError(stamp)
    return millis


def _read_oddly_written(stamp: str) -> datetime:
    """Read what RFC 3339 allows beside: small `t` and `z`, blanks around, a leap second (the next second begins).

    >>> _read_oddly_written(" 2016-12-31t23:59:60.5z").isoformat()
    '2017-01-01T00:00:00.500000+00:00'
    """
    text = stamp.strip().upper()
    leap = _LEAP_SECOND.fullmatch(text)
    if leap is None:
        return datetime.fromisoformat(text)
    return datetime.fromisoformat(f"{leap[1]}:59{leap[2]}") + timedelta(seconds=1)


def correct_clock(original: int | None, sent_at: int | None, received_at: int) -> tuple[int, tuple[str, ...]]:
    """Return the time of a live event by our own clock, and flags for what was done.

    The device says when it happened and when it sent, by one and the same wrong clock; the difference is right. A
    `sentAt` that can't be right leaves the time as it was said (`clock_uncorrected`). More than 24 hours in the future
    or before 2000 is nobody's time: it becomes `received_at` (`clock_clamped`).

    >>> correct_clock(1_000_000_000_000, 1_000_000_005_000, 1_700_000_005_000)
    (1700000000000, ())
    """
    if original is None:
        return received_at, ()
    time = original
    flags: tuple[str, ...] = ()
    if sent_at is not None:
        corrected = received_at - (sent_at - original)
        if sent_at >= original - SENT_BEFORE_MAX and corrected >= YEAR_2000:
            time = corrected
        else:
            flags = ("clock_uncorrected",)
    if time > received_at + FUTURE_MAX or time < YEAR_2000:
        return received_at, (*flags, "clock_clamped")
    return time, flags


def keep_clock(original: int | None, received_at: int) -> tuple[int, tuple[str, ...]]:
    """Return the time of an imported event: as it was said, since history was not sent by the device that saw it.

    >>> keep_clock(0, 1_700_000_000_000)
    (0, ())
    """
    if original is None:
        return received_at, ()
    if original > received_at + FUTURE_MAX:
        return received_at, ("clock_clamped",)
    return original, ()
