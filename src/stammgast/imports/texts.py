"""Making one cell's text into a JSON text, a Decimal, a time or a yes or no; what can't be made raises `Unusable`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from stammgast.imports import sentences
from stammgast.imports.contracts import Condition, Value
from stammgast.imports.moments import NoSuchDay, example_of, read_moment
from stammgast.imports.numbers import NUMBER_LENGTH_MAX, read_number
from stammgast.imports.tables import Dialect

_TRUE = frozenset(("true", "yes", "y", "1", "on", "ja", "j", "wahr", "t"))
_FALSE = frozenset(("false", "no", "n", "0", "off", "nein", "falsch", "f"))


class Unusable(Exception):
    """A cell's text is not what the map says. `reason` is machine-readable, `detail` a sentence without a full stop."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def plain_text(cell: str | None, dialect: Dialect) -> str | None:
    """Return the text that a cell means; None when it is missing.

    >>> plain_text('"a"', Dialect(is_json=True)), plain_text("", Dialect(missing=frozenset({""})))
    ('a', None)
    """
    if cell is None or cell in dialect.missing:
        return None
    if dialect.is_json and cell.startswith('"'):
        return msgspec.json.decode(cell, type=str)
    return cell


def json_of(cell: str | None, value: Value, dialect: Dialect) -> str | None:
    """Return the cell as JSON text, as the map wants it, or None when it is missing. Raises Unusable."""
    text = plain_text(cell, dialect)
    if text is None or (not text.strip() and value.kind not in ("", "text")):
        return value.default
    kind = value.kind or dialect.kinds.get(value.column or "", "")
    if not kind and dialect.is_json and cell is not None and not cell.startswith('"'):
        kind = "json"
    return _WRITERS[kind](text, value)


def decimal_of(cell: str | None, value: Value, dialect: Dialect) -> Decimal | None:
    """Return the cell as an exact number, or None when it is missing. Raises Unusable."""
    text = plain_text(cell, dialect)
    if text is None or not text.strip():
        return None if value.default is None else Decimal(value.default.strip('"'))
    number = parse_number(text, value.decimal)
    return -number if value.negate else number


def parse_number(text: str, decimal: str) -> Decimal:
    """Return the number that `text` writes with `decimal` as its decimal mark. Raises Unusable.

    >>> parse_number("1.234,50", ","), parse_number("-7", ".")
    (Decimal('1234.50'), Decimal('-7'))
    """
    number = read_number(text, decimal)
    if number is None or abs(number.adjusted()) > NUMBER_LENGTH_MAX:
        raise Unusable("wrong_number", sentences.NO_NUMBER.format(text=shown(text)))
    return number


def number_json(number: Decimal) -> str:
    """Return an exact number as JSON, without an exponent and without needless zeros.

    >>> number_json(Decimal("139.1200")), number_json(Decimal("1E+3"))
    ('139.12', '1000')
    """
    if number == number.to_integral_value():
        return str(int(number))
    return format(number.normalize(), "f")


def parse_time(text: str, value: Value) -> datetime:
    """Return the moment that `text` writes, aware, in UTC. Without a zone of its own it is in the map's, else UTC.

    An hour that occurs twice (the clocks go back) is read as the first. Raises Unusable.
    """
    text = text.strip()
    try:
        moment = read_moment(text, value.format)
    except NoSuchDay:
        raise Unusable("no_such_day", sentences.NO_SUCH_DAY.format(text=shown(text))) from None
    except (ValueError, OverflowError, OSError):
        sentence = sentences.NO_TIME_OF_FORM if value.format else sentences.NO_TIME
        raise Unusable("wrong_time", sentence.format(text=shown(text), form=example_of(value.format))) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=_zone(value.zone or "UTC"))
    return moment.astimezone(UTC)


@lru_cache(64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def time_json(moment: datetime) -> str:
    """Return a moment in UTC as JSON text with milliseconds.

    >>> time_json(datetime(2010, 12, 1, 8, 26, tzinfo=UTC))
    '"2010-12-01T08:26:00.000Z"'
    """
    return f'"{moment.isoformat(timespec="milliseconds")[:23]}Z"'


def whole_number_text(text: str, decimal: str = ".") -> str:
    """Return a whole number as plain digits, though a spreadsheet made 17850.0 of it. Raises Unusable.

    >>> whole_number_text("17850.0")
    '17850'
    """
    number = parse_number(text, decimal)
    if number != number.to_integral_value():
        raise Unusable("wrong_number", sentences.NO_WHOLE_NUMBER.format(text=shown(text)))
    return str(int(number))


def identifier_of(cell: str | None, value: Value, dialect: Dialect) -> str | None:
    """Return a cell as an identifier's text, trimmed; None when it is missing or blank. Raises Unusable."""
    text = plain_text(cell, dialect)
    if text is None or not text.strip():
        return None
    if value.kind in ("whole_number", "number"):
        return whole_number_text(text, value.decimal)
    return text.strip().lower() if value.lower else text.strip()


def test_of(condition: Condition, dialect: Dialect) -> Callable[[str | None], bool]:
    """Return the condition as a test of a cell."""
    check = _CHECKS[condition.operator]
    operand = condition.operand

    def holds(cell: str | None) -> bool:
        return check(plain_text(cell, dialect), operand)

    return holds


def shown(text: str) -> str:
    """Return a cell's text for a message: quoted and not too long."""
    return repr(text if len(text) <= NUMBER_LENGTH_MAX else text[:NUMBER_LENGTH_MAX] + "…")


def _text_json(text: str, value: Value) -> str:
    text = text.strip()
    return msgspec.json.encode(text.lower() if value.lower else text).decode()


def _number_json(text: str, value: Value) -> str:
    number = parse_number(text, value.decimal)
    return number_json(-number if value.negate else number)


def _whole_json(text: str, value: Value) -> str:
    whole = whole_number_text(text, value.decimal)
    return str(-int(whole)) if value.negate else whole


def _boolean_json(text: str, _value: Value) -> str:
    word = text.strip().lower()
    if word in _TRUE:
        return "true"
    if word in _FALSE:
        return "false"
    raise Unusable("wrong_boolean", sentences.NO_BOOLEAN.format(text=shown(text)))


def _time_json(text: str, value: Value) -> str:
    return time_json(parse_time(text, value))


def _list_json(text: str, value: Value) -> str:
    return msgspec.json.encode([part.strip() for part in text.split(value.separator) if part.strip()]).decode()


def _any_json(text: str, _value: Value) -> str:
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        raise Unusable("wrong_json", sentences.NO_JSON.format(text=shown(text))) from None
    return text.replace("\n", " ").replace("\r", " ")


_WRITERS: dict[str, Callable[[str, Value], str]] = {
    "": _text_json,
    "text": _text_json,
    "number": _number_json,
    "whole_number": _whole_json,
    "boolean": _boolean_json,
    "time": _time_json,
    "list": _list_json,
    "json": _any_json,
}


def _equals(text: str | None, operand: object) -> bool:
    if text is None:
        return False
    if isinstance(operand, bool):
        return text.strip().lower() in (_TRUE if operand else _FALSE)
    return text == str(operand) or _compare(text, operand) == 0


def _compare(text: str | None, operand: object) -> int | None:
    """Return -1, 0 or 1 as the number `text` is to `operand`, or None when one is no number."""
    if text is None or isinstance(operand, bool):
        return None
    try:
        one, other = parse_number(text, "."), parse_number(str(operand), ".")
    except Unusable:
        return None
    return (one > other) - (one < other)


_CHECKS: dict[str, Callable[[str | None, object], bool]] = {
    "equals": _equals,
    "not_equals": lambda text, operand: not _equals(text, operand),
    "one_of": lambda text, operand: isinstance(operand, tuple) and any(_equals(text, one) for one in operand),
    "begins_with": lambda text, operand: text is not None and text.startswith(str(operand)),
    "ends_with": lambda text, operand: text is not None and text.endswith(str(operand)),
    "contains": lambda text, operand: text is not None and str(operand) in text,
    "matches": lambda text, operand: text is not None and re.search(str(operand), text) is not None,
    "greater_than": lambda text, operand: _compare(text, operand) == 1,
    "less_than": lambda text, operand: _compare(text, operand) == -1,
    "missing": lambda text, operand: (text is None or not text.strip()) == operand,
}
