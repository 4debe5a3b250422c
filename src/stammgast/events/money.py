"""The money of an event: which property says it, exactly how much, and whether it came in or went back."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import msgspec

from stammgast.events.contracts import MICROS

REVENUE_EVENTS = frozenset({"Order Completed", "Order Refunded"})
"""Events whose amount is revenue; the amount of any other event is only what it says is at stake."""
_REFUNDS = frozenset({"Order Refunded"})
_ORDER_PROPERTIES = ("total", "revenue", "value")
_OTHER_PROPERTIES = ("revenue", "total", "value")

AMOUNT_MAX = 9 * 10**18
"""In micros: nine trillion of a unit, what a signed 64-bit column holds."""
_EXACT_BELOW = 10**9
"""A decimal number below this with six places or fewer survives the way through a float unchanged (15 digits)."""
_CURRENCY_LENGTH = 3

_decode_exactly = msgspec.json.Decoder(float_hook=Decimal).decode


def read_money(name: str, properties: dict[str, Any], raw: bytes, default_currency: str) -> tuple[int | None, str]:
    """Return (amount in MICROS, currency) of a track event, (None, "") when it carries no money.

    Orders: `total`, else `revenue`, else `value` (Segment's Ecommerce names: what was paid, goods alone, estimate).
    Other events: the same with `revenue` first, and only with a `currency` beside it: a bare number may be anything.
    A refund counts negative, whichever sign it was sent with. `raw` is the event's JSON, read again where a float would
    round. An amount too large for the column counts as none.

    >>> read_money("Order Completed", {"total": 19.99, "currency": "eur"}, b"", "")
    (19990000, 'EUR')
    >>> read_money("Order Refunded", {"total": "5"}, b"", "GBP")
    (-5000000, 'GBP')
    >>> read_money("Video Rated", {"value": 4}, b"", "EUR")
    (None, '')
    """
    is_order = name in REVENUE_EVENTS
    said = properties.get("currency")
    currency = said.strip().upper() if isinstance(said, str) else ""
    if len(currency) != _CURRENCY_LENGTH or not currency.isalpha():
        if not is_order:
            return None, ""
        currency = default_currency
    for key in _ORDER_PROPERTIES if is_order else _OTHER_PROPERTIES:
        if (value := properties.get(key)) is not None and (amount := _micros(value, key, raw)) is not None:
            return (-abs(amount) if name in _REFUNDS else amount), currency
    return None, ""


def _micros(value: object, key: str, raw: bytes) -> int | None:
    if isinstance(value, float):
        if abs(value) < _EXACT_BELOW:
            # Exact for what has six places or fewer: both roundings together stay below half a micro.
            return round(value * MICROS)
        value = _exact(key, raw, value)
    elif isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    try:
        number = Decimal(value.strip() if isinstance(value, str) else value)
        if not number.is_finite() or abs(number) * MICROS > AMOUNT_MAX:
            return None
        return int((number * MICROS).to_integral_value(ROUND_HALF_EVEN))
    except (ArithmeticError, ValueError):
        return None


def _exact(key: str, raw: bytes, value: float) -> str:
    try:
        return str(_decode_exactly(raw)["properties"][key])
    except (msgspec.DecodeError, KeyError, TypeError):
        return repr(value)
