"""Times as people and programs write them. A form is written as in Python's strptime, or is one of the named ones.

Forms are compiled to patterns once: strptime takes ten times as long, knows month names of one language only and no time
24:00.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

NAMED = ("iso", "unix", "unix_ms", "unix_us", "excel")
_MONTHS = (
    "jan|january|januar|jänner", "feb|february|februar|feber", "mar|march|mär|mrz|märz|maerz", "apr|april", "may|mai",
    "jun|june|juni", "jul|july|juli", "aug|august", "sep|sept|september", "oct|october|okt|oktober", "nov|november",
    "dec|december|dez|dezember",
)  # fmt: skip
MONTHS: Mapping[str, int] = {word: number for number, words in enumerate(_MONTHS, 1) for word in words.split("|")}
_HOURS_FROM_UTC = {
    "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "CET": 1, "MEZ": 1, "BST": 1, "WEST": 1, "CEST": 2, "MESZ": 2, "EET": 2, "EEST": 3,
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
}  # fmt: skip
"""Abbreviations as payment providers and desks write them; those with several meanings are read as in the USA."""
_PARTS = {
    "Y": r"(?P<year>\d{4})",
    "y": r"(?P<short_year>\d{2})",
    "m": r"(?P<month>\d{1,2})",
    "d": r"(?P<day>\d{1,2})",
    "H": r"(?P<hour>\d{1,2})",
    "I": r"(?P<hour>\d{1,2})",
    "M": r"(?P<minute>\d{2})",
    "S": r"(?P<second>\d{2})",
    "f": r"(?P<fraction>\d{1,9})",
    "p": r"(?P<half>[AaPp]\.?\s?[Mm]\.?)",
    "b": r"(?P<word>[^\W\d_]{3,9})\.?",
    "B": r"(?P<word>[^\W\d_]{3,9})\.?",
    "a": r"[^\W\d_]{2,10}\.?",
    "A": r"[^\W\d_]{2,10}\.?",
    "z": r"(?P<offset>[+-]\d{2}:?(?:\d{2})?|Z)",
    "Z": r"(?P<zone>[A-Za-z]+(?:/[A-Za-z_]+)*|[+-]\d{2}:?\d{2})",
}
_ISO_BLANK_OFFSET = re.compile(r"(?<=\d)\s*(UTC|GMT|Z)$|(?<=\d)\s+(?=[+-]\d{2}:?\d{2}$)", re.IGNORECASE)
_EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet's times have no zone
_CENTURY = 69
"""Two-digit years from here on belong to the century before, as POSIX has it."""
DAY_HOURS = 24
NOON = 12


class NoSuchDay(ValueError):
    """The form fits, but there is no such day or time."""


def read_moment(text: str, form: str) -> datetime:
    """Return the moment that `text` writes, without a zone where it names none. Raises ValueError, NoSuchDay.

    >>> read_moment("4.2.2026 9:05", "%d.%m.%Y %H:%M"), read_moment("05.02.2026 24:00", "%d.%m.%Y %H:%M").day
    (datetime.datetime(2026, 2, 4, 9, 5), 6)
    >>> read_moment("Jan 3, 2026 7:05 PM", "%b %d, %Y %I:%M %p").hour
    19
    """
    if form in ("", "iso"):
        return _iso(text)
    if form in NAMED:
        return _counted(float(text.replace(",", ".")), form)
    return _compiled(form)(text)


def _iso(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        mended = _ISO_BLANK_OFFSET.sub(lambda found: "+00:00" if found[1] else "", text)
        return datetime.fromisoformat(mended)


def _counted(number: float, form: str) -> datetime:
    if form == "excel":
        return _EXCEL_EPOCH + timedelta(seconds=round(number * 86_400))
    return datetime.fromtimestamp(number / {"unix": 1, "unix_ms": 1_000, "unix_us": 1_000_000}[form], UTC)


@lru_cache(128)
def _compiled(form: str) -> Callable[[str], datetime]:
    try:
        pattern = re.compile(_pattern(form), re.IGNORECASE)
    except (KeyError, re.error):
        return lambda text: datetime.strptime(text, form)  # noqa: DTZ007 - its zone is added by the caller

    def read(text: str) -> datetime:
        found = pattern.fullmatch(text)
        if found is None:
            raise ValueError(form)
        return _made(found.groupdict())

    return read


def pattern_of(form: str) -> re.Pattern[str]:
    """Return the pattern of a form that is not named. Raises KeyError for what only strptime knows."""
    return re.compile(_pattern(form), re.IGNORECASE)


def _pattern(form: str) -> str:
    made, place = "", 0
    while place < len(form):
        letter = form[place]
        if letter == "%":
            made += _PARTS[form[place + 1]]
            place += 1
        elif letter.isspace():
            made += r"\s+"
        else:
            made += re.escape(letter)
        place += 1
    return made


def _made(parts: Mapping[str, str | None]) -> datetime:
    hour = int(parts.get("hour") or 0)
    if half := parts.get("half"):
        if not 1 <= hour <= NOON:
            raise NoSuchDay
        hour = hour % NOON + (NOON if half[0] in "pP" else 0)
    minute, second = int(parts.get("minute") or 0), int(parts.get("second") or 0)
    is_midnight = hour == DAY_HOURS and minute == second == 0
    fraction = (parts.get("fraction") or "").ljust(6, "0")[:6]
    try:
        moment = datetime(  # noqa: DTZ001 - its zone is added below, or by the caller
            _year(parts),
            _month(parts),
            int(parts.get("day") or 1),
            0 if is_midnight else hour,
            minute,
            second,
            int(fraction),
        )
    except ValueError:
        raise NoSuchDay from None
    return moment.replace(tzinfo=_zone(parts)) + timedelta(days=is_midnight)


def _year(parts: Mapping[str, str | None]) -> int:
    if short := parts.get("short_year"):
        return int(short) + (1900 if int(short) >= _CENTURY else 2000)
    return int(parts.get("year") or 0)


def _month(parts: Mapping[str, str | None]) -> int:
    if word := parts.get("word"):
        if word.lower() not in MONTHS:
            raise ValueError(word)
        return MONTHS[word.lower()]
    return int(parts.get("month") or 1)


def _zone(parts: Mapping[str, str | None]) -> tzinfo | None:
    said = parts.get("offset") or parts.get("zone")
    if not said:
        return None
    if said[0] in "+-":
        sign = -1 if said[0] == "-" else 1
        digits = said[1:].replace(":", "").ljust(4, "0")
        return timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))
    if "/" in said:
        try:
            return ZoneInfo(said)
        except (OSError, ValueError, KeyError):
            raise ValueError(said) from None
    if said.upper() not in _HOURS_FROM_UTC:
        raise ValueError(said)
    return timezone(timedelta(hours=_HOURS_FROM_UTC[said.upper()]))


SHOWN = datetime(2026, 12, 24, 18, 30, 5, tzinfo=UTC)
_WRITTEN = {
    "Y": "2026", "y": "26", "m": "12", "d": "24", "H": "18", "I": "6", "M": "30", "S": "05", "f": "000", "p": "PM", "b": "Dec",
    "B": "December", "a": "Thu", "A": "Thursday", "z": "+0100", "Z": "CET",
}  # fmt: skip
_NAMED_WRITTEN = {
    "iso": "2026-12-24T18:30:05", "": "2026-12-24T18:30:05", "unix": "1798137005", "unix_ms": "1798137005000",
    "unix_us": "1798137005000000", "excel": "46380.7709",
}  # fmt: skip


def example_of(form: str) -> str:
    """Return Christmas Eve of 2026, half past six in the evening, as a form writes it.

    >>> example_of("%d.%m.%Y %H:%M"), example_of("iso")
    ('24.12.2026 18:30', '2026-12-24T18:30:05')
    """
    if form in _NAMED_WRITTEN:
        return _NAMED_WRITTEN[form]
    return re.sub(r"%(.)", lambda found: _WRITTEN.get(found[1], found[0]), form)
