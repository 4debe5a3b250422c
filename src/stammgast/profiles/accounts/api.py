"""What other modules and pages may ask of accounts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from stammgast.events.api import message_digest
from stammgast.identity.store import graph
from stammgast.kernel.ids import Anchor, ProfileId
from stammgast.kernel.ports.asking import narrowed_by
from stammgast.kernel.runtime import Runtime
from stammgast.profiles import history, undelivered
from stammgast.profiles.accounts.contracts import (
    Account,
    AccountEvent,
    AccountFigures,
    AccountFilter,
    AccountId,
    AccountPage,
    AccountRow,
    AccountSort,
    AccountTimeline,
    Member,
    Membership,
    MembersPage,
    MemberStatus,
    MembersTotal,
    Money,
    NoSuchAccount,
)
from stammgast.profiles.accounts.figures import LEFT, MEMBER_FOLDING, ROLE
from stammgast.profiles.accounts.listing import account_kind, account_name
from stammgast.profiles.cursors import Number, read_cursor, sorted_place, write_cursor
from stammgast.profiles.folding import State, decode_state, folding_of
from stammgast.profiles.naming import listed_visitor
from stammgast.profiles.policing import trait_policies
from stammgast.profiles.recounts.contracts import ACCOUNTS, Counting
from stammgast.profiles.recounts.reading import counting_now
from stammgast.profiles.store import accounts
from stammgast.profiles.timeline import read_event
from stammgast.profiles.trait_policies import decide_traits

ACCOUNT_NAMESPACE = "account"
"""A reference `account:17` names an account by its number."""
GROUP_NAMESPACE = "group_id"
"""A reference `group_id:acme` names it by the id that group calls give it."""
LIST_MAX = 500
TIMELINE_MAX = 1_000
SEARCH_WORDS_MAX = 6
KINDS_MAX = 20
MEMBERSHIPS_MAX = 200
"""Most accounts that are told of one profile; an integration may speak for thousands."""
ANCHORS_MAX = 2_000
"""A timeline of more anchors is looked for by the account's id alone, which reads more of the history."""
SESSIONS_MAX = 20_000
"""Sessions are not counted for accounts of more anchors."""


def account_number(runtime: Runtime, reference: str) -> AccountId:
    """Return the number of the account that `group_id:ID` or `account:NUMBER` names. Raises NoSuchAccount."""
    with runtime.customers.read() as connection:
        return _number(connection, reference)


def get_account(runtime: Runtime, reference: str) -> Account:
    """Return an account; reads only state. Raises NoSuchAccount."""
    with runtime.customers.read() as connection:
        number = _number(connection, reference)
        ((_, group_id, encoded),) = accounts.accounts_by_number(connection, [number])
        members, former = accounts.count_members(connection, [number])[number]
        anchors = accounts.anchors_of_account(connection, number)
        counting = counting_now(connection, folding_of(runtime))
    state = {} if counting.is_account_outdated(number) else decode_state(encoded)
    traits = decide_traits(state.get("traits", {}), trait_policies(runtime))
    values = {one.name: one.current.value for one in traits}
    return Account(
        account=number,
        group_id=group_id,
        name=account_name(values, group_id),
        kind=account_kind(values),
        traits=traits,
        figures=_figures(state),
        members=members,
        former=former,
        anchors=tuple(Anchor(one) for one in anchors),
        recounting=counting.percent if counting.is_account_unsure(number) else None,
    )


def count_sessions(runtime: Runtime, account: AccountId) -> int | None:
    """Return how many sessions members had as an account, each member's counted apart; None for a very large account."""
    of_profile: dict[int, list[State]] = defaultdict(list)
    with runtime.customers.read() as connection:
        if len(accounts.anchors_of_account(connection, account)) > SESSIONS_MAX:
            return None
        counting = counting_now(connection, folding_of(runtime))
        for anchor, profile, encoded in accounts.member_states(connection, account):
            of_profile[profile].append(_reliable(counting, anchor, encoded))
    return sum(_sessions(MEMBER_FOLDING.combine(states)) for states in of_profile.values())


def members_total(runtime: Runtime, account: AccountId) -> MembersTotal:
    """Return all that the present members of an account did, as that account or not. Lags a second like the list of customers."""
    with runtime.customers.read() as connection:
        rows = accounts.totals_of_members(connection, account)
    return MembersTotal(
        members=sum(members for _, members, _, _, _ in rows),
        events=sum(events for _, _, events, _, _ in rows),
        orders=sum(orders for _, _, _, orders, _ in rows),
        revenue=tuple(Money(currency, micros, members) for currency, members, _, _, micros in rows if currency),
    )


def list_accounts(
    runtime: Runtime,
    query: str = "",
    *,
    wanted: AccountFilter = AccountFilter(),  # noqa: B008 - frozen
    sort: AccountSort = "last_seen",
    is_reversed: bool = False,
    after: str = "",
    limit: int = 50,
) -> AccountPage:
    """Return accounts that match every word of `query` by the beginning of a word of the name or of the group id.

    Names ascend, everything else descends, the other way round when `is_reversed`. `after` is a page's `next`.
    The list may lag a second behind the accounts. Raises WrongCursor.
    """
    limit = max(1, min(limit, LIST_MAX))
    ascending, place = sorted_place(sort, is_reversed=is_reversed, after=after)
    words = query.split()[:SEARCH_WORDS_MAX]
    narrowed = narrowed_by(runtime, "accounts", wanted.narrowed, accounts.ACCOUNT)
    with runtime.customers.read() as connection:
        rows = accounts.list_accounts(
            connection,
            words=words,
            wanted=wanted,
            narrowed=narrowed,
            sort=sort,
            ascending=ascending,
            after=place,
            limit=limit + 1,
        )
        total = accounts.count_accounts(connection, words, wanted, narrowed)
    last = rows[limit - 1] if len(rows) > limit else None
    return AccountPage(
        tuple(_row(one) for one in rows[:limit]),
        None if last is None else write_cursor((last.sort_value, last.account)),
        total,
    )


def account_kinds(runtime: Runtime) -> list[str]:
    """Return the kinds that accounts say they are, most frequent first."""
    with runtime.customers.read() as connection:
        return accounts.kinds_of_accounts(connection, KINDS_MAX)


def list_members(
    runtime: Runtime, account: AccountId, *, status: MemberStatus = "", after: str = "", limit: int = 50
) -> MembersPage:
    """Return members of an account, seen last first. `after` is a page's `next`. Raises WrongCursor."""
    limit = max(1, min(limit, LIST_MAX))
    place = read_cursor(after, tuple[Number, Number]) if after else None
    with runtime.customers.read() as connection:
        lines = accounts.list_members(connection, account, status=status, after=place, limit=limit + 1)
        shown = lines[:limit]
        profiles = [one.profile for one in shown]
        states = _states_of(connection, counting_now(connection, folding_of(runtime)), account, profiles)
        called = _called(connection, profiles)
    rows = tuple(_member(one, MEMBER_FOLDING.combine(states[one.profile]), called[one.profile]) for one in shown)
    last = shown[-1] if len(lines) > limit else None
    return MembersPage(rows, None if last is None else write_cursor((last.last_seen, last.profile)))


def accounts_of_profile(runtime: Runtime, anchors: Sequence[Anchor]) -> tuple[Membership, ...]:
    """Return the accounts that a profile belongs or belonged to: present ones first, then seen last first."""
    states: dict[int, list[State]] = defaultdict(list)
    with runtime.customers.read() as connection:
        counting = counting_now(connection, folding_of(runtime))
        for account, anchor, encoded in accounts.memberships(connection, anchors):
            states[account].append(_reliable(counting, anchor, encoded))
        listed = _told(runtime, connection, states)
    found = [_membership(account, MEMBER_FOLDING.combine(states[account]), *told) for account, told in listed.items()]
    found.sort(key=lambda one: (one.has_left, -(one.last_seen or 0), one.account))
    return tuple(found[:MEMBERSHIPS_MAX])


def account_timeline(
    runtime: Runtime,
    account: Account,
    *,
    before: str = "",
    limit: int = 50,
    names: Sequence[str] = (),
    channels: Sequence[str] = (),
    types: Sequence[str] = (),
) -> AccountTimeline:
    """Return the events that name an account, newest first. `before` is a page's `next`.

    Raises WrongCursor, and HistoryUnavailable when history does not answer.
    """
    limit = max(1, min(limit, TIMELINE_MAX))
    place = read_cursor(before, tuple[Number, UUID]) if before else None
    wanted = history.TimelineQuery(
        anchors=() if len(account.anchors) > ANCHORS_MAX else (0, *account.anchors),
        limit=limit,
        before=None if place is None else (place[0], str(place[1])),
        names=tuple(names),
        channels=tuple(channels),
        types=tuple(types),
        group_id=account.group_id,
    )
    rows = undelivered.timeline_rows(runtime, wanted)
    last = rows[limit - 1] if len(rows) > limit else None
    events = [read_event(row) for row in rows[:limit]]
    with runtime.customers.read() as connection:
        profiles = graph.profiles_of_anchors(connection, sorted({one.anchor for one in events}))
        owners = [profiles.get(one.anchor, one.anchor) for one in events]
        called = {0: _Called("", "", ""), **_called(connection, sorted(set(owners) - {0}))}
    told = tuple(
        AccountEvent(event, ProfileId(owner), called[owner].name, called[owner].visitor)
        for event, owner in zip(events, owners, strict=True)
    )
    return AccountTimeline(told, None if last is None else write_cursor((last.time, last.digest)))


def event_names(runtime: Runtime, account: Account) -> list[tuple[str, str, int]]:
    """Return (type, name, count) of what an account's timeline holds, most frequent first; for its filters."""
    anchors = () if len(account.anchors) > ANCHORS_MAX else (0, *account.anchors)
    return history.names_of(runtime.history, history.TimelineQuery(anchors, group_id=account.group_id))


def raw_event(runtime: Runtime, account: Account, message_id: str) -> str | None:
    """Return the JSON of one event that names an account as it came in, None when there is none such."""
    for is_import in (False, True):
        digest = message_digest(message_id, is_import=is_import)
        found = undelivered.raw_event(runtime, history.TimelineQuery((), group_id=account.group_id), digest)
        if found is not None:
            return found
    return None


def _number(connection: Connection, reference: str) -> AccountId:
    namespace, _, value = reference.partition(":")
    found: list[int] = []
    if namespace == ACCOUNT_NAMESPACE and value.isascii() and value.isdecimal() and len(value) <= 18:  # noqa: PLR2004 - fits 64 bits
        found = [number for number, _, _ in accounts.accounts_by_number(connection, [int(value)])]
    elif namespace == GROUP_NAMESPACE and "\0" not in value:
        found = [number for number, _, _ in accounts.load_accounts(connection, [value.strip()])]
    if not found:
        raise NoSuchAccount(reference=reference)
    return AccountId(found[0])


def _figures(state: State) -> AccountFigures:
    first, last = state.get("seen", (None, None))
    return AccountFigures(
        events=state.get("events", 0),
        orders=state.get("orders", (0,))[0],
        revenue=_money(state.get("revenue", {})),
        refunds=_money(state.get("refunds", {})),
        first_seen=first,
        last_seen=last,
    )


def _money(sums: Mapping[str, Sequence[int]]) -> tuple[Money, ...]:
    return tuple(Money(currency, micros, count) for currency, (micros, count) in sorted(sums.items()))


def _sessions(state: State) -> int:
    return len(state.get("sessions", ())) // 2


def _reliable(counting: Counting, anchor: int, encoded: bytes) -> State:
    """Return the state of a membership, nothing of one that waits to be counted anew."""
    return {} if ACCOUNTS in counting.outdated_at(anchor) else decode_state(encoded)


def _states_of(
    connection: Connection, counting: Counting, account: int, profiles: Sequence[int]
) -> dict[int, list[State]]:
    owner = {anchor: profile for profile, many in graph.anchors_of(connection, profiles).items() for anchor in many}
    found: dict[int, list[State]] = {profile: [] for profile in profiles}
    wanted = [(account, anchor) for anchor in sorted(owner)]
    for _, anchor, encoded in accounts.load_members(connection, wanted):
        found[owner[anchor]].append(_reliable(counting, anchor, encoded))
    return found


class _Called(NamedTuple):
    name: str
    email: str
    visitor: str


def _called(connection: Connection, profiles: Sequence[int]) -> dict[int, _Called]:
    """Return what to call profiles, as the list of customers does; one not listed yet by its number."""
    listed = accounts.names_of_profiles(connection, profiles)
    found = {one: _Called(str(one), "", "") for one in profiles}
    for profile, (name, sort_name, email) in listed.items():
        found[profile] = _Called(name, email, listed_visitor(sort_name))
    return found


def _member(line: accounts.MemberLine, state: State, called: _Called) -> Member:
    belonging = state.get("belonging", {})
    return Member(
        profile=ProfileId(line.profile),
        name=called.name,
        email=called.email,
        visitor=called.visitor,
        role=_role(belonging),
        has_left=bool(line.gone),
        left_at=belonging[LEFT][0] if line.gone else None,
        first_seen=line.first_seen or None,
        last_seen=line.last_seen or None,
        events=line.events,
        orders=state.get("orders", (0,))[0],
        revenue=_money(state.get("revenue", {})),
        sessions=_sessions(state),
    )


def _role(belonging: Mapping[str, Sequence[object]]) -> str:
    return str(belonging[ROLE][2]) if ROLE in belonging else ""


def _told(runtime: Runtime, connection: Connection, numbers: Iterable[int]) -> dict[int, tuple[str, str, str]]:
    """Return (group id, name, kind) of accounts; of those not listed yet from their state."""
    wanted = list(numbers)
    told = accounts.listed_accounts(connection, wanted)
    counting = counting_now(connection, folding_of(runtime))
    for number, group_id, encoded in accounts.accounts_by_number(
        connection, [one for one in wanted if one not in told]
    ):
        state = {} if counting.is_account_outdated(number) else decode_state(encoded)
        traits = decide_traits(state.get("traits", {}), trait_policies(runtime))
        values = {one.name: one.current.value for one in traits}
        told[number] = (group_id, account_name(values, group_id), account_kind(values))
    return told


def _membership(account: int, state: State, group_id: str, name: str, kind: str) -> Membership:
    belonging = state.get("belonging", {})
    said = belonging.get(LEFT)
    first, last = state.get("seen") or ((said[0], said[0]) if said else (None, None))
    return Membership(
        account=AccountId(account),
        group_id=group_id,
        name=name,
        kind=kind,
        role=_role(belonging),
        has_left=bool(said and said[2]),
        first_seen=first,
        last_seen=last,
        events=state.get("events", 0),
    )


def _row(one: accounts.ListedAccount) -> AccountRow:
    return AccountRow(
        AccountId(one.account),
        one.group_id,
        one.name,
        one.kind,
        one.members,
        one.former,
        one.events,
        one.orders,
        one.revenue if one.currency else None,
        one.currency,
        one.first_seen or None,
        one.last_seen or None,
    )
