"""What people decide about who is who, on its way through the log: the worker obeys."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from stammgast.events.api import Order
from stammgast.identity.graph.evidence import Decision, Kind
from stammgast.identity.resolution import Pair
from stammgast.kernel.log import LogEntry

DECIDE = "decide"
"""The action of an order that holds decisions."""
DECISIONS_MAX = 10_000
"""Most decisions of one order, so that the worker's transaction stays short."""


class Wish(msgspec.Struct, frozen=True):
    """One decision before the log gave it its place. For hold and release, `other` is `one`."""

    kind: Kind
    one: Pair
    other: Pair


class _Facts(msgspec.Struct):
    person: str
    wishes: list[Wish]


def decide_order(wishes: Sequence[Wish], person: str) -> Order:
    """Return the order that makes the worker obey; at most DECISIONS_MAX wishes."""
    assert len(wishes) <= DECISIONS_MAX
    return Order(DECIDE, facts=msgspec.to_builtins(_Facts(person, list(wishes))))


def read_decisions(order: Order, entry: LogEntry) -> list[tuple[Decision, str]]:
    """Return the decisions in an order, numbered by their place in the log, with the name of who made them."""
    facts = msgspec.convert(order.facts, _Facts)
    first = entry.position * DECISIONS_MAX
    return [
        (Decision(number, entry.received_at, one.kind, one.one, one.other), facts.person)
        for number, one in enumerate(facts.wishes, first)
    ]
