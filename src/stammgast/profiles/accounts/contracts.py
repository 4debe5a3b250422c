"""What other modules and pages may know of accounts. Times are ms UTC, money in micros, all structs frozen."""

from __future__ import annotations

from typing import Literal, NewType

import msgspec

from stammgast.kernel.errors import StammgastError
from stammgast.kernel.ids import Anchor, ProfileId
from stammgast.profiles.contracts import TimelineEvent, Trait

AccountId = NewType("AccountId", int)
AccountSort = Literal["last_seen", "first_seen", "name", "members", "events", "orders", "revenue"]
"""What the list of accounts may be sorted by; `name` ascends first, all others descend first."""
MemberStatus = Literal["", "current", "former"]
"""Which members to show; empty for all."""


class NoSuchAccount(StammgastError):
    """There is no account {reference}."""

    status = 404


class Money(msgspec.Struct, frozen=True):
    """A sum of one currency, and of how many events."""

    currency: str
    micros: int
    count: int


class AccountFigures(msgspec.Struct, frozen=True):
    """What was done as the account: events that name it, robots and staff left out. Refunds are negative."""

    events: int = 0
    orders: int = 0
    revenue: tuple[Money, ...] = ()
    refunds: tuple[Money, ...] = ()
    first_seen: int | None = None
    last_seen: int | None = None


class MembersTotal(msgspec.Struct, frozen=True):
    """All that the present members did, as the account or not. `revenue`: net, of each one's most used currency; count: members."""

    members: int
    events: int
    orders: int
    revenue: tuple[Money, ...]


class Account(msgspec.Struct, frozen=True):
    """One account as known now."""

    account: AccountId
    group_id: str
    name: str
    """As its traits say, else its group id."""
    kind: str
    """Its trait `type` or `kind` in lower case, such as company or household; empty when nobody said."""
    traits: tuple[Trait, ...]
    figures: AccountFigures
    members: int
    former: int
    """Members that left."""
    anchors: tuple[Anchor, ...]
    """Under which its members were seen with it."""
    recounting: int | None = None
    """Percent done while its figures wait to be counted anew, else None."""


class AccountRow(msgspec.Struct, frozen=True):
    """One line of the list. `revenue` is net in the most used `currency`, None without one."""

    account: AccountId
    group_id: str
    name: str
    kind: str
    members: int
    former: int
    events: int
    orders: int
    revenue: int | None
    currency: str
    first_seen: int | None
    last_seen: int | None


class AccountFilter(msgspec.Struct, frozen=True):
    """Which accounts to list; every part that is set must hold."""

    narrowed: tuple[tuple[str, str], ...] = ()
    """(name, value) of filters that modules bring (`kernel/ports/shown.py`)."""
    kind: str = ""
    has_orders: bool | None = None
    seen_after: int | None = None
    word: str = ""
    """A word that a module finds accounts by (`kernel.keeping.ListWords`), such as #vip."""


class AccountPage(msgspec.Struct, frozen=True):
    """Accounts in the order asked for; `next` is the cursor of the following page, `total` stops at TOTAL_MAX."""

    rows: tuple[AccountRow, ...]
    next: str | None
    total: int


class Member(msgspec.Struct, frozen=True):
    """Somebody who belongs or belonged to an account; the figures are what they did as that account."""

    profile: ProfileId
    name: str
    email: str
    role: str
    has_left: bool
    left_at: int | None
    first_seen: int | None
    last_seen: int | None
    events: int
    orders: int
    revenue: tuple[Money, ...]
    sessions: int
    visitor: str = ""
    """For a visitor nobody knows: the letters that tell them from others (`name` has them in English)."""


class MembersPage(msgspec.Struct, frozen=True):
    """Members, seen last first; `next` is the cursor of the following page."""

    rows: tuple[Member, ...]
    next: str | None


class Membership(msgspec.Struct, frozen=True):
    """An account that a profile belongs or belonged to."""

    account: AccountId
    group_id: str
    name: str
    kind: str
    role: str
    has_left: bool
    first_seen: int | None
    last_seen: int | None
    events: int


class AccountEvent(msgspec.Struct, frozen=True):
    """An event on an account's timeline, and whose it was (0 and empty for nobody's)."""

    event: TimelineEvent
    profile: ProfileId
    name: str
    visitor: str = ""


class AccountTimeline(msgspec.Struct, frozen=True):
    """Events newest first; `next` is the cursor of the following page, None at the end."""

    events: tuple[AccountEvent, ...]
    next: str | None
