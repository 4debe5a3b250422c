"""The order to go by other rules, on its way through the log: it carries the whole rules, and the worker obeys."""

from __future__ import annotations

from typing import Any

import msgspec

from stammgast.events.api import Order
from stammgast.identity.graph.rules import GraphRules
from stammgast.identity.placeholders import FIRST
from stammgast.kernel.log import LogEntry

APPLY_RULES = "apply_identity_rules"
"""The action of such an order."""


class RulesOrder(msgspec.Struct, frozen=True):
    """Which rules, by whom, and when the log took the order in (ms UTC)."""

    rules: GraphRules
    person: str
    ordered_at: int = 0


def rules_order(rules: GraphRules, person: str) -> Order:
    """Return the order that makes the worker go by `rules`."""
    return Order(APPLY_RULES, facts=msgspec.to_builtins(RulesOrder(rules, person)))


def read_rules_order(order: Order, entry: LogEntry) -> RulesOrder:
    """Return what an order says."""
    found = msgspec.convert({**order.facts, "rules": _as_meant(order.facts["rules"])}, RulesOrder)
    return msgspec.structs.replace(found, ordered_at=entry.received_at)


def rules_text(rules: GraphRules) -> str:
    """Return rules as they are stored."""
    return msgspec.json.encode(rules).decode()


def rules_of(text: str) -> GraphRules:
    """Return stored rules; those of an earlier version of Stammgast mean what they meant then.

    >>> rules_of('{"version": 3}').built_in, rules_of(rules_text(GraphRules())).built_in
    (1, 2)
    """
    return msgspec.convert(_as_meant(msgspec.json.decode(text)), GraphRules)


def _as_meant(facts: dict[str, Any]) -> dict[str, Any]:
    """Return facts of rules with what they did not say yet, but meant: the struct's defaults are those of new rules."""
    return {"built_in": FIRST, "held_above_limited": None, "held_above_browsers": None, **facts}
