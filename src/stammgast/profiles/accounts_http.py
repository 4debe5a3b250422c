"""Management API of accounts, and of the policies by which the values of traits are chosen."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import delete, get, put
from litestar.params import FromQuery, JSONBody, PathParameter, QueryParameter

from stammgast.kernel.ids import SourceId
from stammgast.profiles.accounts import api
from stammgast.profiles.accounts.contracts import (
    Account,
    AccountEvent,
    AccountFilter,
    AccountRow,
    AccountSort,
    Member,
    MemberStatus,
    MembersTotal,
)
from stammgast.profiles.answers import TraitAnswer, money_answer, trait_answers
from stammgast.profiles.figures.orders import decimal_text
from stammgast.profiles.http import EventAnswer, event_answer
from stammgast.profiles.policing import change_policy, remove_policy, trait_policies
from stammgast.profiles.trait_policies import NAME_LENGTH_MAX, SOURCES_MAX, Hold, Rule, TraitPolicy
from stammgast.web.contracts import Role
from stammgast.web.guards import person_of, requires
from stammgast.web.http import ApiController, iso_time, name_in_path
from stammgast.web.pages import runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.workspace.contracts import Actor

AGENT = [requires(Role.AGENT)]
ADMINISTRATOR = [requires(Role.ADMINISTRATOR)]
MEMBERS_SHOWN = 100

AccountReference = Annotated[
    str,
    PathParameter(
        max_length=600, description="`group_id:ID`, as in group calls (a slash as `%2F`), or `account:NUMBER`."
    ),
]
Cursor = Annotated[
    str, QueryParameter(max_length=600, description="The `next` of the page before; empty for the first.")
]
Words = Annotated[
    str, QueryParameter(name="query", max_length=300, description="Beginnings of words of the name or group id.")
]
TraitName = Annotated[
    str,
    PathParameter(max_length=NAME_LENGTH_MAX, description="A trait; `*` stands for all without a policy of their own."),
]


class AccountLineAnswer(msgspec.Struct, rename="camel"):
    """A line of the list of accounts. `revenue` is net, in the currency most used."""

    account_id: int
    group_id: str
    name: str
    kind: str
    members: int
    former_members: int
    events: int
    orders: int
    revenue: str | None
    currency: str | None
    first_seen: str | None
    last_seen: str | None


class AccountPageAnswer(msgspec.Struct):
    """A page of accounts. `next` is what to pass as `after`, null at the end; `total` counts no further than 10,000."""

    accounts: list[AccountLineAnswer]
    next: str | None
    total: int


class MemberAnswer(msgspec.Struct, rename="camel"):
    """Somebody who belongs to an account, or belonged to it (`left`); the figures are what they did as that account."""

    profile_id: int
    name: str
    email: str
    role: str
    left: bool
    left_at: str | None
    first_seen: str | None
    last_seen: str | None
    events: int
    orders: int
    sessions: int
    revenue: dict[str, Any]


class MembersAnswer(msgspec.Struct):
    """A page of members, seen last first. `next` is what to pass as `after`, null at the end."""

    members: list[MemberAnswer]
    next: str | None


class MembersTotalAnswer(msgspec.Struct):
    """All that the present members did, as this account or not. `revenue` is net, of each member's most used currency."""

    members: int
    events: int
    orders: int
    revenue: dict[str, Any]


class AccountAnswer(msgspec.Struct, rename="camel"):
    """An account. The figures are of events that name it; `sessions` is null for a very large one.

    `members` are the first hundred, those that left included; `/members` pages through all.
    """

    account_id: int
    group_id: str
    name: str
    kind: str
    traits: dict[str, Any]
    trait_values: dict[str, TraitAnswer]
    events: int
    orders: int
    sessions: int | None
    revenue: dict[str, Any]
    refunds: dict[str, Any]
    first_seen: str | None
    last_seen: str | None
    member_count: int
    former_member_count: int
    members: list[MemberAnswer]
    members_total: MembersTotalAnswer


class AccountEventAnswer(msgspec.Struct, rename="camel"):
    """An event that names the account, and whose it was; `profileId` is null for nobody's."""

    profile_id: int | None
    event: EventAnswer


class AccountTimelineAnswer(msgspec.Struct):
    """A page of an account's timeline, newest first. `next` is what to pass as `before`, null at the end."""

    events: list[AccountEventAnswer]
    next: str | None


class PolicyAnswer(msgspec.Struct):
    """How the value of a trait is chosen among several. `sources`: those that come before all others, in order.

    `corrections`: whether a person's correction counts `always` or `until_said`, until a source says something new.
    """

    trait: str
    rule: Rule
    sources: list[int]
    corrections: Hold


class PolicyOrder(msgspec.Struct, frozen=True):
    """The policy of a trait. `sources` are needed for `source_priority` and mean nothing elsewhere."""

    rule: Rule
    sources: Annotated[tuple[int, ...], msgspec.Meta(max_length=SOURCES_MAX)] = ()
    corrections: Hold = "always"


class AccountsController(ApiController):
    """Companies, households and whatever else customers belong to."""

    path = "/api/accounts"
    tags = ("Accounts",)

    @get(guards=AGENT, summary="Search for accounts", sync_to_thread=True)
    def search(
        self,
        request: AnyRequest,
        words: Words = "",
        sort: FromQuery[AccountSort] = "last_seen",
        after: Cursor = "",
        limit: Annotated[int, QueryParameter(ge=1, le=api.LIST_MAX)] = 50,
        kind: Annotated[str, QueryParameter(max_length=100, description="Such as company or household.")] = "",
    ) -> AccountPageAnswer:
        """Every word must be the beginning of a word of the name or of the group id; none lists all."""
        wanted = AccountFilter(kind=_clean(kind).casefold())
        page = api.list_accounts(runtime_of(request), _clean(words), wanted=wanted, sort=sort, after=after, limit=limit)
        return AccountPageAnswer([_line(one) for one in page.rows], page.next, page.total)

    @get("/{reference:str}", guards=AGENT, summary="Get an account", sync_to_thread=True)
    def account(self, request: AnyRequest, reference: AccountReference) -> AccountAnswer:
        """Everything known about one account now."""
        runtime = runtime_of(request)
        found = api.get_account(runtime, name_in_path(reference))
        members = api.list_members(runtime, found.account, limit=MEMBERS_SHOWN).rows
        total = api.members_total(runtime, found.account)
        return _account_answer(found, api.count_sessions(runtime, found.account), members, total)

    @get("/{reference:str}/members", guards=AGENT, summary="List the members of an account", sync_to_thread=True)
    def members(
        self,
        request: AnyRequest,
        reference: AccountReference,
        status: FromQuery[MemberStatus] = "",
        after: Cursor = "",
        limit: Annotated[int, QueryParameter(ge=1, le=api.LIST_MAX)] = 50,
    ) -> MembersAnswer:
        """Those seen last come first; `status` leaves only present (`current`) or `former` ones."""
        runtime = runtime_of(request)
        number = api.account_number(runtime, name_in_path(reference))
        page = api.list_members(runtime, number, status=status, after=after, limit=limit)
        return MembersAnswer([_member(one) for one in page.rows], page.next)

    @get("/{reference:str}/events", guards=AGENT, summary="Read an account's timeline", sync_to_thread=True)
    def events(
        self,
        request: AnyRequest,
        reference: AccountReference,
        limit: Annotated[int, QueryParameter(ge=1, le=api.TIMELINE_MAX)] = 50,
        before: Cursor = "",
        name: Annotated[str, QueryParameter(max_length=255, description="Only events of this name.")] = "",
    ) -> AccountTimelineAnswer:
        """All members' events that name the account, and the group calls themselves, newest first."""
        runtime = runtime_of(request)
        found = api.get_account(runtime, name_in_path(reference))
        names = (_clean(name),) if name else ()
        page = api.account_timeline(runtime, found, before=before, limit=limit, names=names)
        return AccountTimelineAnswer([_event(one) for one in page.events], page.next)


class TraitPoliciesController(ApiController):
    """How the value of a trait is chosen when several came."""

    path = "/api/identity/traits"
    tags = ("Identity",)

    @get(guards=AGENT, summary="List the policies of traits", sync_to_thread=True)
    def policies(self, request: AnyRequest) -> list[PolicyAnswer]:
        """The policy of `*` is that of every trait that has none of its own: newest, unless somebody changed it."""
        found = trait_policies(runtime_of(request))
        by_trait = {"*": found.of("*"), **found.by_trait}
        return [
            PolicyAnswer(name, one.rule, list(one.sources), one.corrections) for name, one in sorted(by_trait.items())
        ]

    @put("/{trait:str}", guards=ADMINISTRATOR, summary="Change the policy of a trait", sync_to_thread=True)
    def change(self, request: AnyRequest, trait: TraitName, data: JSONBody[PolicyOrder]) -> PolicyAnswer:
        """It holds at once for every profile and account; lists follow within seconds."""
        policy = TraitPolicy(data.rule, tuple(SourceId(one) for one in data.sources), data.corrections)
        kept = change_policy(runtime_of(request), Actor.of(person_of(request)), trait, policy)
        return PolicyAnswer(trait, kept.rule, list(kept.sources), kept.corrections)

    @delete("/{trait:str}", guards=ADMINISTRATOR, summary="Remove the policy of a trait", sync_to_thread=True)
    def remove(self, request: AnyRequest, trait: TraitName) -> None:
        """The trait follows the policy of `*` again; removing that one brings back newest."""
        remove_policy(runtime_of(request), Actor.of(person_of(request)), trait)


CONTROLLERS = (AccountsController, TraitPoliciesController)


def _clean(text: str) -> str:
    return text.replace("\0", "")


def _line(one: AccountRow) -> AccountLineAnswer:
    return AccountLineAnswer(
        account_id=one.account,
        group_id=one.group_id,
        name=one.name,
        kind=one.kind,
        members=one.members,
        former_members=one.former,
        events=one.events,
        orders=one.orders,
        revenue=None if one.revenue is None else decimal_text(one.revenue),
        currency=one.currency or None,
        first_seen=iso_time(one.first_seen),
        last_seen=iso_time(one.last_seen),
    )


def _account_answer(
    found: Account, sessions: int | None, members: tuple[Member, ...], total: MembersTotal
) -> AccountAnswer:
    figures = found.figures
    return AccountAnswer(
        account_id=found.account,
        group_id=found.group_id,
        name=found.name,
        kind=found.kind,
        traits={one.name: one.current.value for one in found.traits},
        trait_values=trait_answers(found.traits),
        events=figures.events,
        orders=figures.orders,
        sessions=sessions,
        revenue=money_answer(figures.revenue),
        refunds=money_answer(figures.refunds, is_refund=True),
        first_seen=iso_time(figures.first_seen),
        last_seen=iso_time(figures.last_seen),
        member_count=found.members,
        former_member_count=found.former,
        members=[_member(one) for one in members],
        members_total=MembersTotalAnswer(total.members, total.events, total.orders, money_answer(total.revenue)),
    )


def _member(one: Member) -> MemberAnswer:
    return MemberAnswer(
        profile_id=one.profile,
        name=one.name,
        email=one.email,
        role=one.role,
        left=one.has_left,
        left_at=iso_time(one.left_at),
        first_seen=iso_time(one.first_seen),
        last_seen=iso_time(one.last_seen),
        events=one.events,
        orders=one.orders,
        sessions=one.sessions,
        revenue=money_answer(one.revenue),
    )


def _event(one: AccountEvent) -> AccountEventAnswer:
    return AccountEventAnswer(one.profile or None, event_answer(one.event))
