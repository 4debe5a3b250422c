"""What identifiers may do: how they are read, strength, limits, whether they link. One version is one value, and one file."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import msgspec
import yaml

from stammgast.identity.graph.patterns import UnfitPattern, checked_pattern
from stammgast.identity.placeholders import FIRST, NEWEST
from stammgast.kernel.errors import StammgastError

Identifier = tuple[str, str]
"""(namespace, normalised value)."""
Period = Literal["ever", "year", "month", "week"]
Reading = Literal["auto", "exact", "lower", "mail", "phone"]
"""How values are normalised. auto: mail for `email`, phone for `phone`, else exact (only trimmed)."""

ALL_DOMAINS = "*"
BROWSERS = ("anonymous_id", "device_id")
"""Namespaces that name a browser or an app. A person has a few; one that clears its cookies has a new one each visit."""
PATTERNS_MAX = 50
NAMESPACES_MAX = 200
_Positive = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
_Domain = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class UnfitRules(StammgastError):
    """These identity rules can't be used: {problem}."""

    status = 422


class MailProvider(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What some mail domains ignore in an address. `*` among the domains means all that no other rule names.

    plus: what follows a plus (anna+news@). dots: dots before the @. is_one: the domains are names of one provider, so
    that an address under any of them is the same mailbox (gmail.com, googlemail.com).
    """

    domains: Annotated[tuple[_Domain, ...], msgspec.Meta(min_length=1, max_length=100)]
    plus: bool = False
    dots: bool = False
    is_one: bool = False


class NamespaceRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What identifiers of one namespace may do. A smaller `priority` is stronger; `limit` None is unlimited.

    The limit counts the distinct identifiers of a profile that were first seen in the same UTC calendar period.
    Identifiers of a namespace that may not link are recorded and found, but join nothing.
    """

    namespace: _Name
    priority: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
    limit: _Positive | None = None
    period: Period = "ever"
    may_link: bool = True
    reading: Reading = "auto"
    never_link: Annotated[tuple[str, ...], msgspec.Meta(max_length=PATTERNS_MAX)] = ()
    """Patterns of placeholders in this namespace alone."""


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

    version: Annotated[int, msgspec.Meta(ge=1)] = 1
    namespaces: Annotated[tuple[NamespaceRule, ...], msgspec.Meta(max_length=NAMESPACES_MAX)] = DEFAULT_NAMESPACES
    profile_cap: _Positive = 1_000
    """Most identifiers of one profile; a link beyond it is refused."""
    held_above: _Positive = 10
    """An identifier that meets more stronger ones than this on one UTC day links nowhere."""
    held_above_limited: _Positive | None = 20
    """So does one of any strength that meets more of one namespace with a limit; None: never."""
    held_above_browsers: _Positive | None = 200
    """So does one that meets more of one namespace of BROWSERS; None: never."""
    other_priority: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 50
    phone_region: Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")] = "DE"
    """Region of phone numbers without a country code (ISO 3166-1 alpha-2)."""
    mail_providers: Annotated[tuple[MailProvider, ...], msgspec.Meta(max_length=PATTERNS_MAX)] = ()
    """What providers ignore in addresses; case is ignored everywhere."""
    never_link: Annotated[tuple[str, ...], msgspec.Meta(max_length=PATTERNS_MAX)] = ()
    """Regular expressions (whole value, any case) of placeholders beside the built-in ones."""
    built_in: Annotated[int, msgspec.Meta(ge=FIRST, le=NEWEST)] = NEWEST
    """Which placeholders and mail domains are built in (`identity.placeholders`): stored rules keep what they meant."""

    def __post_init__(self) -> None:
        """Raise ValueError when two rules name one namespace or one domain, or a pattern is unfit."""
        _check_names([one.namespace for one in self.namespaces])
        domains = [domain for one in self.mail_providers for domain in one.domains]
        for domain in domains:
            if domain != domain.strip().lower():
                raise ValueError(f"the domain {domain!r} must be in lower case and without blanks")
            if domains.count(domain) > 1:
                raise ValueError(f"the domain {domain!r} has two rules; keep one")
        for pattern in (*self.never_link, *(each for one in self.namespaces for each in one.never_link)):
            try:
                checked_pattern(pattern)
            except UnfitPattern as problem:
                raise ValueError(str(problem).rstrip(".")) from problem

    def rule(self, namespace: str) -> NamespaceRule:
        """Return the rule of a namespace, the default one when it has none of its own."""
        for one in self.namespaces:
            if one.namespace == namespace:
                return one
        return NamespaceRule(namespace=namespace, priority=self.other_priority)


def _check_names(names: list[str]) -> None:
    for name in names:
        if name != name.strip().lower():
            raise ValueError(f"the namespace {name!r} must be in lower case and without blanks around it")
        if names.count(name) > 1:
            raise ValueError(f"the namespace {name!r} has two rules; keep one")


class Ranking:
    """The rules arranged for quick look-up; made once a version and used for every identifier."""

    def __init__(self, rules: GraphRules) -> None:
        """Arrange the rules."""
        self.rules = rules
        self.has_periods = any(one.limit is not None and one.period != "ever" for one in rules.namespaces)
        self.limits = {one.namespace: one.limit for one in rules.namespaces if one.limit is not None}
        self.most_met = _most_met(rules, self.limits)
        """The most identifiers of a namespace that another may meet on one day; those left out are not counted."""
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


def _most_met(rules: GraphRules, limited: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for names, most in ((limited, rules.held_above_limited), (BROWSERS, rules.held_above_browsers)):
        if most is not None:
            found.update((name, min(most, found.get(name, most))) for name in names if rules.rule(name).may_link)
    return found


def read_rules(text: str) -> GraphRules:
    """Return the rules in a YAML (or JSON) file; what it leaves out keeps its default. Raises UnfitRules.

    >>> read_rules("held_above: 20").held_above
    20
    >>> read_rules("namespaces: [{namespace: user_id, priority: 1, limit: 0}]")
    Traceback (most recent call last):
    stammgast.identity.graph.rules.UnfitRules: These identity rules can't be used: Expected `int` >= 1 - at `$.namespaces[0].limit`.
    """
    try:
        found = msgspec.yaml.decode(text.encode(errors="replace"), type=GraphRules | None)
    except (msgspec.MsgspecError, ValueError, yaml.YAMLError, RecursionError) as problem:
        raise UnfitRules(problem=" ".join(str(problem).split()).rstrip(".")) from problem
    rules = found or GraphRules()
    if not _is_region(rules.phone_region):
        raise UnfitRules(problem=f"{rules.phone_region!r} is no region of phone numbers; write two letters such as DE")
    return rules


def _is_region(region: str) -> bool:
    import phonenumbers

    return region in phonenumbers.SUPPORTED_REGIONS


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
