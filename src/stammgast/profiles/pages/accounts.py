"""The pages about accounts: the list, one account with its members and timeline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import msgspec
from litestar import Response, get
from litestar.params import FromPath

from stammgast.kernel.errors import NotFound
from stammgast.kernel.history import HistoryUnavailable
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.runtime import Runtime
from stammgast.profiles import trait_words, words
from stammgast.profiles.accounts import api
from stammgast.profiles.accounts.contracts import Account, AccountFilter, AccountSort, AccountTimeline, MemberStatus
from stammgast.profiles.pages.lists import (
    PAGE_ROWS,
    read_filters,
    read_sort,
    read_text,
    seen_after,
    shown_filters,
    shown_list,
    tag_word,
    yes_or_no,
)
from stammgast.profiles.pages.moments import plain_values, read_moment
from stammgast.web.guards import person_of, requires
from stammgast.web.numbers import whole
from stammgast.web.pages import panels_beside, render, runtime_of, shell_of
from stammgast.web.shell import AnyRequest
from stammgast.web.tables import Column
from stammgast.workspace.api import list_sources, record_seen

VIEWER = [requires("viewer")]
SORTS: tuple[AccountSort, ...] = ("last_seen", "first_seen", "name", "members", "events", "orders", "revenue")
COLUMNS = (
    Column(_("Account"), "name"),
    Column(_("Kind"), is_hidden_small=True),
    Column(_("Members"), "members", align="end", is_descending_first=True),
    Column(_("Last seen"), "last_seen", is_descending_first=True),
    Column(_("Events"), "events", align="end", is_hidden_small=True, is_descending_first=True),
    Column(_("Orders"), "orders", align="end", is_hidden_small=True, is_descending_first=True),
    Column(_("Revenue"), "revenue", align="end", is_hidden_small=True, is_descending_first=True),
)
MEMBER_COLUMNS = (
    Column(_("Member")),
    Column(_("Role")),
    Column(_("Last seen"), is_hidden_small=True),
    Column(_("Events"), align="end", is_hidden_small=True),
    Column(_("Orders"), align="end", is_hidden_small=True),
    Column(_("Revenue"), align="end"),
)
MEMBER_COLUMNS_SHORT = (Column(_("Member")), Column(_("Last seen")), Column(_("Revenue"), align="end"))
TABS = (("timeline", _("Timeline")), ("who", _("Who")), ("now", _("Figures")))
ORDERED = (("", _("With and without orders")), ("yes", _("With orders")), ("no", _("Without orders")))
STATUSES: tuple[MemberStatus, ...] = ("", "current", "former")
PAGE_EVENTS = 50
MOMENT_MAX = 10**15
"""Beyond all dates there are (ms UTC)."""
MEMBERS_SHOWN = 8


@get("/accounts", guards=VIEWER, sync_to_thread=True)
def list_accounts(request: AnyRequest) -> Response[str]:
    """Show one page of the accounts that the address asks for."""
    runtime = runtime_of(request)
    asked = request.query_params
    text = read_text(request)
    wanted = read_filter(request)
    sort, is_reversed = read_sort(asked.get("sort", ""), SORTS, "last_seen")
    page = api.list_accounts(
        runtime, text, wanted=wanted, sort=sort, is_reversed=is_reversed, after=asked.get("after", ""), limit=PAGE_ROWS
    )
    return render(
        request,
        "profiles/accounts.html",
        columns=COLUMNS,
        is_filtered=bool(text) or wanted != AccountFilter(),
        kinds=_kinds(runtime, wanted.kind),
        ordered=ORDERED,
        filters=shown_filters(request, "accounts"),
        **shown_list(request, page, text, sort, ("kind", "ordered", "seen", "tag"), is_reversed=is_reversed),
        trait_words=trait_words,
    )


@get("/accounts/{number:int}", guards=VIEWER, sync_to_thread=True)
def show_account(request: AnyRequest, number: FromPath[int]) -> Response[str]:
    """Show the account."""
    runtime = runtime_of(request)
    account = _account(runtime, number)
    record_seen(runtime, person_of(request), f"account {number}")
    tab = request.query_params.get("tab", "")
    return render(
        request,
        "profiles/account.html",
        account=account,
        tab=tab if tab in dict(TABS) else TABS[0][0],
        tabs=TABS,
        members=api.list_members(runtime, account.account, limit=MEMBERS_SHOWN),
        sessions=api.count_sessions(runtime, account.account),
        total=api.members_total(runtime, account.account),
        columns=MEMBER_COLUMNS_SHORT,
        sources={one.id: one.name for one in list_sources(runtime)},
        words=words,
        trait_words=trait_words,
        **panels_beside(request, "account", account),
    )


@get("/accounts/{number:int}/members", guards=VIEWER, sync_to_thread=True)
def show_members(request: AnyRequest, number: FromPath[int]) -> Response[str]:
    """Show all members, page by page."""
    runtime = runtime_of(request)
    account = _account(runtime, number)
    status: MemberStatus = next((one for one in STATUSES if one == request.query_params.get("status")), "")
    after = request.query_params.get("after", "")
    record_seen(runtime, person_of(request), f"members of account {number}")
    return render(
        request,
        "profiles/account_members.html",
        account=account,
        chosen=status,
        page=api.list_members(runtime, account.account, status=status, after=after, limit=PAGE_ROWS),
        is_later=bool(after),
        columns=MEMBER_COLUMNS,
        trait_words=trait_words,
    )


@get("/accounts/{number:int}/timeline", guards=VIEWER, sync_to_thread=True)
def show_account_timeline(request: AnyRequest, number: FromPath[int]) -> Response[str]:
    """Show a page of the timeline (a fragment), newest first; `shown` is the newest event of the last day shown before."""
    runtime = runtime_of(request)
    account = _account(runtime, number)
    asked = request.query_params
    before, shown = asked.get("before", ""), asked.get("shown", "")
    page = _timeline(runtime, account, before)
    moments = [(one, read_moment(one.event)) for one in page.events] if page else []
    times = [one.event.time for one in page.events] if page else []
    formats = shell_of(request).formats
    return render(
        request,
        "profiles/_account_timeline.html",
        account=account,
        is_unavailable=page is None,
        moments=list(zip(moments, days_begun(times, formats.date, _moment(shown)), strict=True)),
        next=page.next if page else None,
        is_first=not before,
        before=before,
        since=0,
        sources={one.id: one.name for one in list_sources(runtime)},
        words=words,
    )


@get("/accounts/{number:int}/event", guards=VIEWER, sync_to_thread=True)
def show_account_event(request: AnyRequest, number: FromPath[int]) -> Response[str]:
    """Show one event (`id` is its message id) as it came in (a fragment)."""
    runtime = runtime_of(request)
    message_id = request.query_params.get("id", "")
    raw = api.raw_event(runtime, _account(runtime, number), message_id)
    if raw is None:
        raise NotFound(what=_("event"), name=message_id)
    said = msgspec.json.decode(raw)
    values, others = plain_values(said.get("properties") or said.get("traits") or {})
    return render(
        request, "profiles/_raw_event.html", raw=msgspec.json.format(raw, indent=2), values=values, others=others
    )


def read_filter(request: AnyRequest) -> AccountFilter:
    """Return the filter that the address asks for; what makes no sense filters nothing."""
    asked = request.query_params
    return AccountFilter(
        narrowed=read_filters(request, "accounts"),
        kind=asked.get("kind", "")[:40].replace("\0", ""),
        has_orders=yes_or_no(asked.get("ordered")),
        seen_after=seen_after(asked.get("seen", "")),
        word=tag_word(asked.get("tag", "")),
    )


def days_begun(times: Sequence[int], day_of: Callable[[int], str], shown: int = 0) -> list[bool]:
    """Say for each moment (ms UTC, newest first) whether a new day begins with it; `shown` is one of the day named last.

    >>> days_begun([25, 21, 13], lambda time: str(time // 10)), days_begun([25], lambda time: str(time // 10), 29)
    ([True, False, True], [False])
    """
    days = [day_of(shown) if shown else "", *map(day_of, times)]
    return [day != before for before, day in pairwise(days)]


def _moment(text: str) -> int:
    return min(whole(text) or 0, MOMENT_MAX)


def _kinds(runtime: Runtime, chosen: str) -> list[tuple[str, str]]:
    kinds = api.account_kinds(runtime)
    if chosen and chosen not in kinds:
        kinds.append(chosen)
    return [(one, trait_words.KIND_LABELS.get(one, one)) for one in kinds]


def _account(runtime: Runtime, number: int) -> Account:
    return api.get_account(runtime, f"account:{number}")


def _timeline(runtime: Runtime, account: Account, before: str) -> AccountTimeline | None:
    """Return a page of events, None while the history does not answer."""
    try:
        return api.account_timeline(runtime, account, before=before, limit=PAGE_EVENTS)
    except HistoryUnavailable:
        return None


ROUTES: tuple[Any, ...] = (list_accounts, show_account, show_members, show_account_timeline, show_account_event)
