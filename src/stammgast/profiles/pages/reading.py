"""What a profile's figures, consent and identifiers look like in the columns of its page. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from stammgast.events.contracts import MICROS
from stammgast.profiles.contracts import Consent


class Sum(msgspec.Struct, frozen=True):
    """Money of one currency: micros, and of how many events."""

    currency: str
    micros: int
    count: int


class Use(msgspec.Struct, frozen=True):
    """A channel or kind of device with how many events and when last (ms UTC)."""

    key: str
    count: int
    last: int


class Bought(msgspec.Struct, frozen=True):
    """A product and when it was last bought or looked at (ms UTC)."""

    name: str
    time: int


class Score(msgspec.Struct, frozen=True):
    """Answers of one kind: the newest and when (ms UTC), the mean of how many."""

    kind: str
    last: float
    time: int
    mean: float
    count: int


class Figures(msgspec.Struct, frozen=True):
    """A profile's features, each in the shape its page shows; empty or None where nothing is known."""

    events: int
    sessions: int
    seconds: float
    """Of all sessions together."""
    orders: int
    last_order: int | None
    revenue: tuple[Sum, ...]
    refunds: tuple[Sum, ...]
    bought: tuple[Bought, ...]
    looked_at: tuple[Bought, ...]
    channels: tuple[Use, ...]
    devices: tuple[Use, ...]
    support: Mapping[str, Any] | None
    """`last` (ms UTC), `name`, `channel`."""
    scores: tuple[Score, ...]


def figures_of(features: Mapping[str, Any]) -> Figures:
    """Return the figures out of a Profile's features (as `profiles/figures` present them).

    >>> figures_of({"orders": {"count": 2, "first": 1, "last": 5}, "revenue": {"EUR": {"amount": "9.50", "count": 2}}}).revenue
    (Sum(currency='EUR', micros=9500000, count=2),)
    """
    orders, sessions = features.get("orders", {}), features.get("sessions", {})
    return Figures(
        events=features.get("events", {}).get("total", 0),
        sessions=sessions.get("count", 0),
        seconds=sessions.get("seconds", 0),
        orders=orders.get("count", 0),
        last_order=orders.get("last"),
        revenue=_sums(features.get("revenue", {})),
        refunds=_sums(features.get("refunds", {})),
        bought=_products(features.get("products_bought", ())),
        looked_at=_products(features.get("products_seen", ())),
        channels=_uses(features.get("channels", {})),
        devices=_uses(features.get("devices", {})),
        support=features.get("support"),
        scores=tuple(Score(kind, **one) for kind, one in features.get("feedback", {}).items()),
    )


def consent_of(said: Sequence[Consent]) -> tuple[Consent, ...]:
    """Return the consent by category, what was refused first: that is what must not be overlooked."""
    return tuple(sorted(said, key=lambda one: (one.is_agreed, one.category)))


def _sums(by_currency: Mapping[str, Any]) -> tuple[Sum, ...]:
    return tuple(
        Sum(currency, int(Decimal(one["amount"]) * MICROS), one["count"]) for currency, one in by_currency.items()
    )


def _uses(by_key: Mapping[str, Any]) -> tuple[Use, ...]:
    return tuple(Use(key, one["count"], one["last"]) for key, one in by_key.items())


def _products(found: Sequence[Mapping[str, Any]]) -> tuple[Bought, ...]:
    return tuple(Bought(one["name"] or one["product"], one["time"]) for one in found)
