"""Which rules hold now, for everybody who reads: those that the worker goes by."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection

from stammgast.identity.graph.rules import GraphRules
from stammgast.identity.rulebook.ordering import rules_of
from stammgast.identity.store.applied_rules import rules_in_force
from stammgast.kernel.runtime import Runtime


@dataclass
class _Read:
    text: str = ""
    rules: GraphRules = field(default_factory=GraphRules)


def rules_now(runtime: Runtime) -> GraphRules:
    """Return the rules in force; before the first worker, those that an installation begins with."""
    with runtime.customers.read() as connection:
        return rules_seen(runtime, connection)


def rules_seen(runtime: Runtime, connection: Connection) -> GraphRules:
    """Return the rules in force as `connection` sees them, so that they fit what else it reads."""
    found = rules_in_force(connection)
    if found is None:
        return first_rules(runtime)
    cache: _Read = runtime.services.setdefault(_Read, _Read())
    if cache.text != found.rules:
        cache.rules, cache.text = rules_of(found.rules), found.rules
    return cache.rules


def first_rules(runtime: Runtime) -> GraphRules:
    """Return what an installation begins with: the built-in rules, with the region of phone numbers from the settings."""
    return GraphRules(phone_region=runtime.settings.phone_region)
