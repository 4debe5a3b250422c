"""Events of a timeline as people read them: days, sessions folded, and of each event what matters first. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Any

import msgspec

from stammgast.events.contracts import MICROS
from stammgast.profiles.accounts.contracts import AccountEvent
from stammgast.profiles.accounts.figures import has_left
from stammgast.profiles.contracts import TimelineEvent
from stammgast.profiles.figures.corrections import BY_HAND
from stammgast.profiles.figures.sessions import GAP_SECONDS
from stammgast.profiles.words import LEFT_ACCOUNT, event_icon, event_label, is_own_name

FOLD_FROM = 3
"""A session of fewer events is shown open."""
WITHOUT_SESSIONS = frozenset({"", "mail", "phone", "social", "survey", "sms", "server"})
"""Channels of single letters, calls and answers."""
LATE_MILLIS = 3_600_000
MONEY_MAX = 10**12
CURRENCY_LENGTH = 3
PRODUCTS_SHOWN = 5
PROPERTIES_SHOWN = 12
TEXT_SHOWN = 600
LANDMARKS = ("Order", "Case", "Survey", "Review", "Mention", "Message", "Live Chat", "Call")
"""Events that begin so are told on the fold of their session."""
MONEY_NAMES = frozenset(
    {"price", "total", "subtotal", "revenue", "value", "amount", "tax", "shipping", "discount", "refund", "fee"}
)
"""Properties that are amounts of the event's currency."""
QUOTED = ("comment", "text", "answer", "message", "body", "question")
"""Properties that are somebody's own words."""
METRICS = ("nps", "csat", "ces")
"""Scores that say themselves what they measure."""
SCORED = ("score", "rating")


class Product(msgspec.Struct, frozen=True):
    """A line of an order: name, how many (empty: not said), price of one in micros (None: not said)."""

    name: str
    quantity: str
    price: int | None


class Moment(msgspec.Struct, frozen=True):
    """One event, ready to be shown."""

    event: TimelineEvent
    label: str
    """The event's own name, or one of ours, which is marked for translation."""
    is_own_name: bool
    """Whether `label` is the sender's word and must not be translated."""
    icon: str
    subject: str
    """What it was about: a page, a product, an order number, a search; empty when nothing says so."""
    quote: str
    """The person's own words."""
    score: str
    products: tuple[Product, ...]
    products_more: int
    currency: str
    """Of the products' prices, empty when nothing says so."""
    is_landmark: bool
    is_late: bool
    """Came more than LATE_MILLIS after it happened, though not by an import."""
    who: AccountEvent | None = None
    """Whose it was, on the timeline of an account."""


class Fold(msgspec.Struct, frozen=True):
    """Moments of one channel with no gap of over 30 minutes, newest first; folded when there are FOLD_FROM or more."""

    channel: str
    moments: tuple[Moment, ...]

    @property
    def who(self) -> AccountEvent | None:
        """Whose session it was, on the timeline of an account."""
        return self.moments[0].who

    @property
    def is_folded(self) -> bool:
        """Whether the moments stand under one line."""
        return len(self.moments) >= FOLD_FROM

    @property
    def began(self) -> int:
        """Time of the oldest moment, ms UTC."""
        return self.moments[-1].event.time

    @property
    def ended(self) -> int:
        """Time of the newest moment, ms UTC."""
        return self.moments[0].event.time

    @property
    def seconds(self) -> float:
        """Length."""
        return (self.ended - self.began) / 1000

    @property
    def entry(self) -> str:
        """Where it began: the title or path of the first page, empty when there was none."""
        first = self.moments[-1].event
        return first.page_title or first.page_path

    @property
    def landmarks(self) -> tuple[Moment, ...]:
        """Moments worth telling while it is folded."""
        return tuple(one for one in self.moments if one.is_landmark)


def fold_sessions(events: Sequence[TimelineEvent | AccountEvent]) -> list[Fold]:
    """Group a timeline (newest first) into sessions, each of one person on one channel; on some channels each event stands for itself.

    On an account's timeline sessions of several people may overlap; each is folded where it ended.
    """
    folds: list[list[Moment]] = []
    latest: dict[int, list[Moment]] = {}
    for one in events:
        moment = _moment_of(one)
        profile = moment.who.profile if moment.who else 0
        fold = None if moment.who and not profile else latest.get(profile)
        if fold is not None and _belongs(fold[-1].event, moment.event):
            fold.append(moment)
        else:
            latest[profile] = [moment]
            folds.append(latest[profile])
    return [Fold(one[0].event.channel, tuple(one)) for one in folds]


def _moment_of(one: TimelineEvent | AccountEvent) -> Moment:
    if isinstance(one, AccountEvent):
        return msgspec.structs.replace(read_moment(one.event), who=one)
    return read_moment(one)


def _belongs(newer: TimelineEvent, older: TimelineEvent) -> bool:
    is_alike = (
        newer.channel == older.channel and newer.is_import == older.is_import and not (newer.origin or older.origin)
    )
    return is_alike and newer.channel not in WITHOUT_SESSIONS and newer.time - older.time <= GAP_SECONDS * 1000


def days_begun(folds: Sequence[Fold], day_of: Callable[[int], str], shown: int = 0) -> list[bool]:
    """Say for each fold whether a new day begins with it, so that the list can name the day.

    `day_of` names the day of a moment (ms UTC) in the reader's zone; `shown` is a moment of the day named last, 0 for none.

    >>> days_begun([], str)
    []
    """
    days = [day_of(shown) if shown else "", *(day_of(one.ended) for one in folds)]
    return [day != before for before, day in pairwise(days)]


def read_moment(event: TimelineEvent) -> Moment:
    """Return an event as it is shown."""
    found = event.properties
    products = tuple(_product(one) for one in _lines(found) if isinstance(one, dict))
    return Moment(
        event,
        LEFT_ACCOUNT if event.type == "group" and has_left(event.traits) else event_label(event.type, event.name),
        is_own_name(event.name),
        event_icon(event.type, event.name, event.channel),
        _subject(event),
        _first_text(found, QUOTED),
        _score(found),
        products[:PRODUCTS_SHOWN],
        max(0, len(products) - PRODUCTS_SHOWN),
        event.currency or _currency(found),
        event.type == "track" and event.name.startswith(LANDMARKS),
        not event.is_import and event.received_at - event.time > LATE_MILLIS,
    )


def plain_values(found: Mapping[str, Any]) -> tuple[list[tuple[str, str, Any]], int]:
    """Return (name, kind, value) of the properties or traits that are one value each, and how many more there are.

    Kinds are `text`, `number`, `yes_no`, and `money`, whose value is in micros.

    >>> plain_values({"plan": "gold", "seats": 2.0, "total": "58.3", "parts": [1]})
    ([('plan', 'text', 'gold'), ('seats', 'number', 2.0), ('total', 'money', 58300000)], 1)
    """
    shown = [(name, *_plain(name, value)) for name, value in found.items() if text_of_value(value)][:PROPERTIES_SHOWN]
    return shown, len(found) - len(shown)


def currency_of(properties: Mapping[str, Any]) -> str:
    """Return the currency that an event names, empty when it names none."""
    return _currency(properties)


def _plain(name: str, value: Any) -> tuple[str, Any]:
    if isinstance(value, bool):
        return "yes_no", value
    if name.lower() in MONEY_NAMES and (micros := _micros(value)) is not None:
        return "money", micros
    return ("number", value) if isinstance(value, int | float) else ("text", text_of_value(value))


def text_of_value(value: Any) -> str:
    """Return a single value as text, empty for what is none or made of parts.

    >>> text_of_value(True), text_of_value(2.0), text_of_value({"a": 1})
    ('true', '2', '')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, str | int | float):
        return _cut(str(value))
    return ""


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_SHOWN else text[: TEXT_SHOWN - 1] + "…"


def _lines(properties: dict[str, Any]) -> list[Any]:
    products = properties.get("products")
    return products if isinstance(products, list) else []


def _product(line: dict[str, Any]) -> Product:
    name = _first_text(line, ("name", "title", "description", "sku", "product_id"))
    return Product(name, text_of_value(line.get("quantity")), _micros(line.get("price")))


def _micros(price: Any) -> int | None:
    """Return a price as micros, None for what is not one."""
    try:
        exact = Decimal(text_of_value(price))
    except InvalidOperation:
        return None
    return int(exact * MICROS) if exact.is_finite() and abs(exact) < MONEY_MAX else None


def _currency(properties: Mapping[str, Any]) -> str:
    said = _first_text(properties, ("currency",)).upper()
    return said if len(said) == CURRENCY_LENGTH and said.isascii() and said.isalpha() else ""


def _first_text(properties: Mapping[str, Any], names: Sequence[str]) -> str:
    for name in names:
        if text := text_of_value(properties.get(name)).strip():
            return text
    return ""


def _score(properties: dict[str, Any]) -> str:
    named = [f"{name.upper()} {text}" for name in METRICS if (text := text_of_value(properties.get(name)))]
    if named:
        return " · ".join(named)
    score = _first_text(properties, SCORED)
    scale = _first_text(properties, ("scale_max", "scale", "best"))
    kind = _first_text(properties, ("metric", "survey_type", "kind")).lower()
    told = f"{score} / {scale}" if score and scale.isdigit() else score
    return f"{kind.upper()} {told}" if score and kind in METRICS else told


def _subject(event: TimelineEvent) -> str:
    found = event.properties
    if event.origin == BY_HAND:
        said = [text_of_value(found.get(name)) for name in ("trait", "value", "mark", "by")]
        return " · ".join(one for one in said if one)
    if event.type in {"page", "screen"}:
        return event.page_title if event.page_title and event.page_title != event.name else event.page_path
    if event.type == "group":
        return event.group_id
    if event.type == "identify":
        return ", ".join(sorted(event.traits)[:6])
    if event.name.startswith("Order"):
        return _first_text(found, ("order_id", "order", "invoice"))
    return _first_text(
        found, ("name", "title", "subject", "query", "product", "survey", "campaign", "label", "path", "order_id")
    )
