"""What crosses the module's border: companies, brands, people, sources, tokens, and the refusals about them."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import msgspec

from stammgast.kernel.errors import Conflict, Invalid, NotFound, StammgastError
from stammgast.kernel.ids import BrandId, SourceId, UserId
from stammgast.web.contracts import CompanyFacts, Person, Role

__all__ = [
    "Actor",
    "AdministratorBound",
    "ApiToken",
    "AuditEntry",
    "Brand",
    "BrandNotFound",
    "BrowserSnippet",
    "Company",
    "EmailTaken",
    "LastAdministrator",
    "LinkSpent",
    "NameTaken",
    "NoSuchLogin",
    "Person",
    "Role",
    "SetupLinkSpent",
    "SomebodyThere",
    "Source",
    "SourceArrival",
    "SourceHealth",
    "SourceKey",
    "SourceNotFound",
    "SourceWatch",
    "StaffRule",
    "StaffRules",
    "Team",
    "TeamNotFound",
    "TokenNotFound",
    "TooManyLogins",
    "User",
    "UserNotFound",
    "WeakPassword",
    "WriteKey",
]

SourceKind = Literal["browser", "server", "mobile", "import", "internal"]
SOURCE_KINDS: tuple[SourceKind, ...] = ("browser", "server", "mobile", "import", "internal")
StaffRuleKind = Literal["email_domain", "user_id", "network"]
PUBLIC_KINDS: tuple[SourceKind, ...] = ("browser", "mobile")
"""Their keys stand in pages and apps that anybody can open, so they are no secret and are kept to be shown again."""
STAFF_RULE_KINDS: tuple[StaffRuleKind, ...] = ("email_domain", "user_id", "network")

Company = CompanyFacts


class Brand(msgspec.Struct, frozen=True):
    """One of the company's brands; every source belongs to one."""

    id: BrandId
    name: str
    created_at: int


class Team(msgspec.Struct, frozen=True):
    """People who work together."""

    id: int
    name: str
    created_at: int


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who can log in (`has_password`), or who has been invited and has not yet. Times are ms UTC."""

    id: UserId
    email: str
    name: str
    role: Role
    language: str
    zone: str
    theme: str
    has_password: bool
    created_at: int
    last_login_at: int | None
    disabled_at: int | None
    brands: tuple[BrandId, ...] = ()
    """The brands they are bound to; none: all."""
    teams: tuple[int, ...] = ()


class WriteKey(msgspec.Struct, frozen=True):
    """One write key of a source, as far as we know it ourselves: of a server's only the digest is stored."""

    hint: str
    """Its last four characters."""
    created_at: int
    ends_at: int | None
    """When it stops working (it was rotated out or revoked), None while it is the current one."""
    public: str | None = None
    """The key itself, of a source whose keys are public."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where events come from. `allowed_origins` empty: any; `rate_limit` in events a second, 0: none."""

    id: SourceId
    name: str
    kind: SourceKind
    brand: BrandId
    allowed_origins: tuple[str, ...]
    rate_limit: int
    created_at: int
    revoked_at: int | None
    keys: tuple[WriteKey, ...] = ()

    @property
    def is_active(self) -> bool:
        """Say whether its keys can still work."""
        return self.revoked_at is None

    @property
    def public_key(self) -> str:
        """The present key of a website or an app; empty for a server's, and for one made before such keys were kept."""
        return next((key.public for key in self.keys if key.public and key.ends_at is None), "")


class SourceKey(msgspec.Struct, frozen=True):
    """A source with its new write key; a server's is seen only here."""

    source: Source
    write_key: str


class ApiToken(msgspec.Struct, frozen=True, kw_only=True):
    """A program's way in, with a role. Its text is shown once and not stored."""

    id: int
    name: str
    role: Role
    hint: str
    created_at: int
    last_used_at: int | None
    revoked_at: int | None
    brands: tuple[BrandId, ...] = ()
    """The brands it is bound to; none: all."""


class StaffRule(msgspec.Struct, frozen=True):
    """Traffic that comes from our own people: kept, marked, and left out of figures by default."""

    id: int
    kind: StaffRuleKind
    value: str


class StaffRules(msgspec.Struct, frozen=True, dict=True):
    """All staff rules as one value to ask. Domains and user ids are lower case.

    >>> rules = StaffRules(frozenset({"inn.example"}), frozenset({"u7"}), ("10.1.0.0/16",))
    >>> rules.is_email("Anna@Inn.Example"), rules.is_user("U7"), rules.is_address("10.1.2.3")
    (True, True, True)
    """

    email_domains: frozenset[str] = frozenset()
    user_ids: frozenset[str] = frozenset()
    networks: tuple[str, ...] = ()

    @cached_property
    def _parsed(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        return tuple(ipaddress.ip_network(one) for one in self.networks)

    def is_email(self, email: str) -> bool:
        """Say whether the address belongs to a staff domain."""
        return email.rpartition("@")[2].strip().lower() in self.email_domains

    def is_user(self, user_id: str) -> bool:
        """Say whether the user id is a member of staff."""
        return user_id.strip().lower() in self.user_ids

    def is_address(self, address: str) -> bool:
        """Say whether an IP address lies in a staff network; ask before it is truncated. False when it is no address."""
        if not self.networks:
            return False
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._parsed)


class Actor(msgspec.Struct, frozen=True):
    """Who did something, for the audit log."""

    kind: Literal["user", "token", "command", "system"]
    id: int
    name: str

    @classmethod
    def of(cls, person: Person) -> Actor:
        """Return the actor that a person of a request is."""
        return cls(person.kind, person.id, person.name)


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Who saw or changed what. `action` is like `source.create`; `detail` holds facts, never a secret."""

    id: int
    at: int
    actor: Actor
    action: str
    subject: str
    detail: dict[str, object]


class SourceNotFound(NotFound):
    """There is no source {name}."""

    code = "not_found"


class BrandNotFound(NotFound):
    """There is no brand {name}."""

    code = "not_found"


class TeamNotFound(NotFound):
    """There is no team {name}."""

    code = "not_found"


class AdministratorBound(Conflict):
    """Administrators see all brands. Choose another role, or bind to no brand."""


class TokenNotFound(NotFound):
    """There is no API token {name}."""

    code = "not_found"


class UserNotFound(NotFound):
    """There is no person {name}."""

    code = "not_found"


class NameTaken(Conflict):
    """The name {name} is taken. Choose another one."""


class EmailTaken(Conflict):
    """Somebody with the address {email} is here already."""


class LastAdministrator(Conflict):
    """This is the last administrator. Make somebody else an administrator first."""


class WeakPassword(Invalid):
    """The password needs at least {least} characters, and must not be the e-mail address."""


class LinkSpent(StammgastError):
    """This link has been used or is too old. Ask an administrator for a new one."""

    status = 410


class SetupLinkSpent(LinkSpent):
    """This link has been used or is too old. On the machine of Stammgast, `{command}` prints a new one."""

    code = "link_spent"


class SomebodyThere(Conflict):
    """Somebody can log in already. Name the person who needs a link: `{command}`."""


class NoSuchLogin(StammgastError):
    """E-mail address and password do not belong together."""

    status = 401


class TooManyLogins(StammgastError):
    """Too many failed attempts. Try again in {minutes} minutes."""

    status = 429
    retry = True


class SourceArrival(msgspec.Struct, frozen=True, kw_only=True):
    """The newest event of a source: what it was, when it arrived (ms UTC) and what became of it."""

    received_at: int
    type: str
    name: str
    fate: Literal["processed", "deduplicated", "quarantined"]
    profile: int = 0
    """Whose it is, 0 for nobody's."""


class SourceHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How a source does.

    last_at: when its newest event arrived (ms UTC), None when none ever did. days: events of each of the last 30 days
    (UTC), the present one last. quarantined: how many of those that arrived in that time wait in the quarantine.
    libraries: (library, version, when it was last seen) of what sends, the newest first. silent_since: it sends nothing
    though it used to; None while it is as ever.
    """

    last_at: int | None = None
    arrival: SourceArrival | None = None
    """None when it lies further back than the newest thousand events of all sources."""
    days: tuple[int, ...] = ()
    quarantined: int = 0
    libraries: tuple[tuple[str, str, int], ...] = ()
    silent_since: int | None = None

    @property
    def quarantined_share(self) -> float | None:
        """Which share of what arrived in 30 days waits in the quarantine, None when nothing arrived."""
        arrived = sum(self.days) + self.quarantined
        return self.quarantined / arrived if arrived else None


@dataclass(frozen=True)
class SourceWatch:
    """Tells how every source does that ever sent something. Supplied by whoever takes events in."""

    health: Callable[[], Mapping[SourceId, SourceHealth]]


@dataclass(frozen=True)
class BrowserSnippet:
    """Writes the HTML that loads the tracker: `write(base_url, write_key)`. Supplied by whoever serves the tracker."""

    write: Callable[[str, str], str]
