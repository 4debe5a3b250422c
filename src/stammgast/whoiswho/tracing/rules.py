"""Which rules hold now: how identifiers are written and how strong they are. One place to ask."""

from __future__ import annotations

from collections.abc import Callable

from stammgast.identity.graph.rules import Ranking
from stammgast.identity.identifiers import normal_identifier
from stammgast.identity.resolution import Pair
from stammgast.identity.rulebook.force import rules_now
from stammgast.kernel.runtime import Runtime


def normaliser(runtime: Runtime) -> Callable[[str, str], Pair | None]:
    """Return what makes a raw identifier normal as the worker does it; None for a placeholder."""
    rules = rules_now(runtime)
    return lambda namespace, value: normal_identifier(namespace, value, rules)


def ranking_of(runtime: Runtime) -> Ranking:
    """Return the strength and limits of identifiers as the worker applies them."""
    return Ranking(rules_now(runtime))


def namespaces_of(runtime: Runtime) -> tuple[str, ...]:
    """Return the namespaces that the rules name, strongest first."""
    rules = sorted(rules_now(runtime).namespaces, key=lambda one: (one.priority, one.namespace))
    return tuple(one.namespace for one in rules)
