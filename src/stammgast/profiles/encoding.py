"""Events as rows of history: one JSON line each, numbers and names of properties made fit for ClickHouse's JSON type."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from stammgast.events.contracts import MICROS, Event

NUMBER_MAX = 10**308


class HistoryRow(msgspec.Struct, gc=False, omit_defaults=True):
    """One row of the history table `events`; what is left out is the column's default.

    Moments are seconds with three decimals, which ClickHouse reads exactly.
    """

    anchor: int
    time: float
    received_at: float
    message_id: str
    digest: str
    content: int
    type: str
    raw: str
    batch: int
    row: int
    name: str = ""
    original_time: float | None = None
    source: int = 0
    brand: int = 0
    user_id: str = ""
    anonymous_id: str = ""
    group_id: str = ""
    channel: str = ""
    touchpoint: str = ""
    device: str = ""
    browser: str = ""
    os: str = ""
    country: str = ""
    language: str = ""
    referrer_medium: str = ""
    referrer_name: str = ""
    campaign_source: str = ""
    campaign_medium: str = ""
    campaign_name: str = ""
    campaign_term: str = ""
    campaign_content: str = ""
    click_id: str = ""
    page_path: str = ""
    page_title: str = ""
    is_bot: bool = False
    is_staff: bool = False
    is_import: bool = False
    flags: tuple[str, ...] = ()
    amount: str | None = None
    currency: str = ""
    properties: dict[str, Any] = {}
    traits: dict[str, Any] = {}
    origin: str = ""
    consent: dict[str, bool] = {}
    opts_out_of_sale: bool = False


_encoder = msgspec.json.Encoder()


def history_row(event: Event, anchor: int, batch: int, row: int) -> HistoryRow:
    """Return the history row of an event. Positional, since this runs for every event there is."""
    original = event.original_time
    return HistoryRow(
        anchor,
        event.time / 1000,
        event.received_at / 1000,
        event.message_id,
        event.digest.hex(),
        event.content,
        event.type,
        event.raw.decode(),
        batch,
        row,
        event.name,
        None if original is None else original / 1000,
        event.source,
        event.brand,
        event.user_id,
        event.anonymous_id,
        event.group_id,
        event.channel,
        event.touchpoint,
        event.device,
        event.browser,
        event.os,
        event.country,
        event.language,
        event.referrer_medium,
        event.referrer_name,
        event.campaign_source,
        event.campaign_medium,
        event.campaign_name,
        event.campaign_term,
        event.campaign_content,
        event.click_id,
        event.page_path,
        event.page_title,
        event.is_bot,
        event.is_staff,
        event.is_import,
        event.flags,
        None if event.amount is None else micros_text(event.amount),
        event.currency,
        fit_properties(event.properties) if event.properties else {},
        fit_properties(event.traits) if event.traits else {},
        event.origin,
        event.consent or {},
        event.opts_out_of_sale,
    )


def encode_rows(rows: Iterable[HistoryRow]) -> bytes:
    """Return rows as JSON lines."""
    return _encoder.encode_lines(rows)


def fit_properties(properties: dict[str, Any]) -> dict[str, Any]:
    """Return properties as ClickHouse's JSON type can hold them, for ever under the same names and types.

    Every number becomes a float (`properties.price.:Float64` would silently drop what came as an integer), and a dot in
    a name becomes an underscore (`{"a": {"b": 1}, "a.b": 2}` would fail the whole insert).

    >>> fit_properties({"price": 3, "a": {"b": True}, "a.b": "x"})
    {'price': 3.0, 'a': {'b': True}, 'a_b': 'x'}
    """
    fitted = {}
    for name, value in properties.items():
        kind = type(value)
        if kind is int:
            value = _fit_number(value)  # noqa: PLW2901 - this runs for every property of every event
        elif kind is dict or kind is list:
            value = _fit(value)  # noqa: PLW2901 - as above
        if "." in name:
            return _fit_dotted(properties)
        fitted[name] = value
    return fitted


def _fit_dotted(properties: dict[str, Any]) -> dict[str, Any]:
    """Fit properties of which at least one has a dot in its name; undotted names stay theirs."""
    fitted = {name: _fit(value) for name, value in properties.items() if "." not in name}
    for name in sorted(name for name in properties if "." in name):
        free = name.replace(".", "_")
        while free in fitted:
            free += "_"
        fitted[free] = _fit(properties[name])
    return fitted


def _fit(value: Any) -> Any:
    if isinstance(value, dict):
        return fit_properties(value)
    if isinstance(value, list):
        return [_fit(one) for one in value]
    return _fit_number(value) if type(value) is int else value


def _fit_number(value: int) -> float | str:
    """Return a number as a float; one beyond all floats as text, which loses nothing."""
    return float(value) if -NUMBER_MAX < value < NUMBER_MAX else str(value)


def micros_text(micros: int) -> str:
    """Return micros as decimal text for a Decimal(38, 6) column.

    >>> micros_text(-12_340_000), micros_text(5)
    ('-12.340000', '0.000005')
    """
    whole, rest = divmod(abs(micros), MICROS)
    return f"{'-' if micros < 0 else ''}{whole}.{rest:06d}"
