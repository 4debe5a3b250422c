"""What the page shell needs to know about people and the company; `workspace` supplies it through `Household`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import msgspec

from stammgast.kernel.ids import BrandId

Theme = Literal["auto", "light", "dark"]


class Role(StrEnum):
    """What a person or a token may do. Each role may all that the roles below it may.

    administrator   company, brands, staff traffic, people, sources and their keys, API tokens; reads the audit log
    analyst         defines: event rules, imports, analyses, segments; exports; replays and discards the quarantine
    agent           works with customers: answers, notes, cases, consent recorded on a customer's word
    viewer          sees figures and customers, changes nothing and exports nothing
    """

    ADMINISTRATOR = "administrator"
    ANALYST = "analyst"
    AGENT = "agent"
    VIEWER = "viewer"

    @property
    def rank(self) -> int:
        """A greater rank may more."""
        return {"viewer": 0, "agent": 1, "analyst": 2, "administrator": 3}[self.value]

    def includes(self, other: Role | str) -> bool:
        """Say whether this role may all that `other` may.

        >>> Role.ANALYST.includes("agent"), Role.VIEWER.includes(Role.AGENT)
        (True, False)
        """
        return self.rank >= Role(other).rank


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who is asking: somebody logged in, or the program that holds an API token."""

    kind: Literal["user", "token"]
    id: int
    name: str
    role: Role
    email: str = ""
    language: str = ""
    """`en`, `de`, or empty: not chosen."""
    zone: str = ""
    """IANA name, or empty: the company's."""
    theme: Theme = "auto"
    brands: tuple[BrandId, ...] = ()
    """The brands they are bound to; none: not bound, all are theirs."""
    csrf: str = ""
    """What unsafe requests of this session must carry; empty for a token, which no browser sends by itself."""

    def may(self, role: Role | str) -> bool:
        """Say whether the person may do what needs `role`."""
        return self.role.includes(role)


class CompanyFacts(msgspec.Struct, frozen=True):
    """The company as every page uses it. `first_weekday`: 0 is Monday."""

    name: str
    zone: str
    first_weekday: int
    currency: str


class BrandChoice(msgspec.Struct, frozen=True):
    """One choice of the brand filter."""

    id: BrandId
    name: str


@dataclass(frozen=True)
class Household:
    """Who lives here: the seam through which the shell asks about people and the company; `workspace` makes it."""

    person_by_session: Callable[[str], Person | None]
    """The person of a log-in's secret, None when the log-in has ended."""
    person_by_token: Callable[[str], Person | None]
    """The holder of an API token, None when there is no such token any more."""
    company: Callable[[], CompanyFacts]
    brands: Callable[[], Sequence[BrandChoice]]
    """All brands, by name."""
    sites_of: Callable[[str], tuple[str, ...] | None]
    """The sites (origins) of the source of a write key, None when no source has it."""
    has_people: Callable[[], bool]
    """Whether anybody can log in yet."""
