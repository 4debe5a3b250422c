"""What identifiers may do: strength, limits, whether they link. One version is one value, and one file."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import msgspec

from stammgast.kernel.errors import StammgastError

Identifier = tuple[str, str]
"""(namespace, normalised value)."""
Period = Literal["ever", "year", "month", "week"]

_Positive = Annotated[int, msgspec.Meta(ge=1)]


class UnfitRules(StammgastError):
    """These identity rules can't be used: {problem}."""

    status = 422


class NamespaceRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What identifiers of one namespace may do. A smaller `priority` is stronger; `limit` None is unlimited.

    The limit counts the distinct identifiers of a profile that were first seen in the same UTC calendar period.
    """

    namespace: str
    priority: int
    limit: _Positive | None = None
    period: Period = "ever"
    may_link: bool = True


DEFAULT_NAMESPACES = (
    NamespaceRule(namespace="user_id", priority=10, limit=1),
    NamespaceRule(namespace="loyalty_card", priority=20, limit=3),
    NamespaceRule(namespace="email", priority=30, limit=5),
    NamespaceRule(namespace="phone", priority=40, limit=5),
    NamespaceRule(namespace="device_id", priority=80),
    NamespaceRule(namespace="anonymous_id", priority=90),
)


class GraphRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rules of one version. Namespaces not named get `other_priority`, no limit, and may link.

    >>> rules = GraphRules()
    >>> rules.rule("user_id").limit, rules.rule("till_number").priority
    (1, 50)
    """

    version: int = 1
    namespaces: tuple[NamespaceRule, ...] = DEFAULT_NAMESPACES
    profile_cap: _Positive = 1_000
    """Most identifiers of one profile; a link beyond it is refused."""
    held_above: _Positive = 10
    """An identifier that meets more stronger ones than this on one UTC day links nowhere."""
    other_priority: int = 50
    phone_region: str = "DE"
    with_plus_addresses: bool = True
    never_link: tuple[str, ...] = ()
    """Regular expressions (whole value, any case) of placeholders beside the built-in ones."""

    def __post_init__(self) -> None:
        """Raise ValueError when two rules name one namespace or a pattern can't be read."""
        names = [one.namespace for one in self.namespaces]
        if len(set(names)) != len(names):
            raise ValueError("a namespace has two rules")
        for one in self.never_link:
            try:
                re.compile(one)
            except re.error as problem:
                raise ValueError(f"the pattern {one!r} can't be read ({problem})") from problem

    def rule(self, namespace: str) -> NamespaceRule:
        """Return the rule of a namespace, the default one when it has none of its own."""
        for one in self.namespaces:
            if one.namespace == namespace:
                return one
        return NamespaceRule(namespace=namespace, priority=self.other_priority)


class Ranking:
    """The rules arranged for quick look-up; made once a version and used for every identifier."""

    def __init__(self, rules: GraphRules) -> None:
        """Arrange the rules."""
        self.rules = rules
        self.has_periods = any(one.limit is not None and one.period != "ever" for one in rules.namespaces)
        self.limits = {one.namespace: one.limit for one in rules.namespaces if one.limit is not None}
        self._by_name: dict[str, NamespaceRule] = {}

    def rule(self, namespace: str) -> NamespaceRule:
        """Return the rule of a namespace."""
        found = self._by_name.get(namespace)
        if found is None:
            found = self.rules.rule(namespace)
            if len(self._by_name) < 10_000:  # noqa: PLR2004 - names are the sender's to choose: memory must stay flat
                self._by_name[namespace] = found
        return found

    def rank(self, identifier: Identifier) -> tuple[int, str, str]:
        """Return the sort key of an identifier: strongest first."""
        return (self.rule(identifier[0]).priority, *identifier)


def read_rules(text: str) -> GraphRules:
    """Return the rules in a YAML (or JSON) file; what it leaves out keeps its default. Raises UnfitRules.

    >>> read_rules("held_above: 20").held_above
    20
    >>> read_rules("namespaces: [{namespace: user_id, priority: 1, limit: 0}]")
    Traceback (most recent call last):
    stammgast.profiles.graph.rules.UnfitRules: These identity rules can't be used: Expected `int` >= 1 - at `$.namespaces[0].limit`.
    """
    try:
        return msgspec.yaml.decode(text, type=GraphRules)
    except (msgspec.MsgspecError, ValueError) as problem:
        raise UnfitRules(problem=str(problem).rstrip(".")) from problem


def write_rules(rules: GraphRules) -> str:
    """Return the rules as a YAML file that `read_rules` reads back.

    >>> read_rules(write_rules(GraphRules(held_above=3))) == GraphRules(held_above=3)
    True
    """
    return msgspec.yaml.encode(rules, order="sorted").decode()


def period_of(time: int, period: Period) -> str:
    """Name the UTC calendar period that a time (ms since 1970) falls in; empty for "ever".

    >>> period_of(0, "month"), period_of(0, "week"), period_of(0, "ever")
    ('1970-01', '1970-W01', '')
    """
    if period == "ever":
        return ""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time)
    if period == "year":
        return f"{moment.year}"
    if period == "month":
        return f"{moment.year}-{moment.month:02d}"
    year, week, _ = moment.isocalendar()
    return f"{year}-W{week:02d}"
