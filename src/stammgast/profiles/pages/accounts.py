"""The pages about accounts: the list, one account with its members and timeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from stammgast.kernel.errors import NotFound
from stammgast.kernel.history import HistoryUnavailable
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.runtime import Runtime
from stammgast.profiles import trait_words, words
from stammgast.profiles.accounts import api
from stammgast.profiles.accounts.contracts import Account, AccountFilter, AccountSort, AccountTimeline, MemberStatus
from stammgast.profiles.pages.filters import chosen_address, read_chosen, source_names
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
from stammgast.profiles.pages.moments import days_begun, fold_sessions
from stammgast.profiles.pages.raw import raw_event_page
from stammgast.web.guards import person_of, requires
from stammgast.web.numbers import whole
from stammgast.web.pages import panels_beside, render, runtime_of, shell_of
from stammgast.web.shell import AnyRequest
from stammgast.web.tables import Column
from stammgast.workspace.api import record_seen

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
        chosen=read_chosen(request),
        tab=tab if tab in dict(TABS) else TABS[0][0],
        tabs=TABS,
        members=api.list_members(runtime, account.account, limit=MEMBERS_SHOWN),
        sessions=api.count_sessions(runtime, account.account),
        total=api.members_total(runtime, account.account),
        columns=MEMBER_COLUMNS_SHORT,
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
    """Show a page of the timeline (a fragment), newest first, sessions folded; `shown` is the newest event of the last one shown before."""
    runtime = runtime_of(request)
    account = _account(runtime, number)
    asked = request.query_params
    before, shown = asked.get("before", ""), asked.get("shown", "")
    chosen = read_chosen(request)
    page = _timeline(runtime, account, before, chosen)
    folds = fold_sessions(page.events if page else ())
    days = days_begun(folds, shell_of(request).formats.date, _moment(shown))
    response = render(
        request,
        "profiles/_account_timeline.html",
        account=account,
        is_unavailable=page is None,
        folds=list(zip(folds, days, strict=True)),
        next=page.next if page else None,
        is_first=not before,
        before=before,
        since=0,
        chosen=chosen,
        names=words.group_names(_names(runtime, account)) if page and not before else [],
        sources=source_names(request),
        words=words,
    )
    if request.headers.get("hx-trigger") == "timeline-filters":
        response.headers["hx-push-url"] = chosen_address(f"/accounts/{number}", chosen)
    return response


@get("/accounts/{number:int}/event", guards=VIEWER, sync_to_thread=True)
def show_account_event(request: AnyRequest, number: FromPath[int]) -> Response[str]:
    """Show one event (`id` is its message id) as it came in (a fragment)."""
    runtime = runtime_of(request)
    message_id = request.query_params.get("id", "")
    raw = api.raw_event(runtime, _account(runtime, number), message_id)
    if raw is None:
        raise NotFound(what=_("event"), name=message_id)
    return raw_event_page(request, raw)


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


def _moment(text: str) -> int:
    return min(whole(text) or 0, MOMENT_MAX)


def _kinds(runtime: Runtime, chosen: str) -> list[tuple[str, str]]:
    kinds = api.account_kinds(runtime)
    if chosen and chosen not in kinds:
        kinds.append(chosen)
    return [(one, trait_words.KIND_LABELS.get(one, one)) for one in kinds]


def _account(runtime: Runtime, number: int) -> Account:
    return api.get_account(runtime, f"account:{number}")


def _timeline(runtime: Runtime, account: Account, before: str, chosen: Mapping[str, str]) -> AccountTimeline | None:
    """Return a page of events as the address filters them, None while the history does not answer."""
    kind, _colon, name = chosen["name"].partition(":")
    try:
        return api.account_timeline(
            runtime,
            account,
            before=before,
            limit=PAGE_EVENTS,
            names=(name,) if name else (),
            types=(kind,) if kind else (),
            channels=(chosen["channel"],) if chosen["channel"] else (),
        )
    except HistoryUnavailable:
        return None


def _names(runtime: Runtime, account: Account) -> list[tuple[str, str, int]]:
    try:
        return api.event_names(runtime, account)
    except HistoryUnavailable:
        return []


ROUTES: tuple[Any, ...] = (list_accounts, show_account, show_members, show_account_timeline, show_account_event)
