"""One customer: who they are, everything that happened, what matters now."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from stammgast.kernel.errors import NotFound
from stammgast.kernel.history import HistoryUnavailable
from stammgast.kernel.i18n import marked as _
from stammgast.profiles import api, trait_words, words
from stammgast.profiles.accounts.api import accounts_of_profile
from stammgast.profiles.addressing import merged_away
from stammgast.profiles.contracts import Profile, SharedDevices, TimelinePage
from stammgast.profiles.pages.filters import chosen_address, read_chosen, source_names
from stammgast.profiles.pages.moments import days_begun, fold_sessions
from stammgast.profiles.pages.raw import raw_event_page
from stammgast.profiles.pages.reading import consent_of, figures_of
from stammgast.web.guards import brands_of, person_of, requires
from stammgast.web.pages import customer_panels, panels_beside, redirect, render, runtime_of, shell_of
from stammgast.web.shell import AnyRequest
from stammgast.workspace.api import record_seen

TABS = (("timeline", _("Timeline")), ("who", _("Who")), ("now", _("What matters")))
PARTS = frozenset({"who", "now"})
PAGE_EVENTS = 50
LIVE_SECONDS = 3
VIEWER = [requires("viewer", bound="own")]


@get("/customers/{number:int}", guards=VIEWER, sync_to_thread=True)
def show_customer(request: AnyRequest, number: FromPath[int]) -> Response[Any]:
    """Show the customer; a number that was merged away leads to the profile that is now."""
    runtime = runtime_of(request)
    profile = _profile(request, number)
    if profile.profile != number:
        return redirect(f"/customers/{profile.profile}?was={number}")
    record_seen(runtime, person_of(request), f"profile {number}")
    tab = request.query_params.get("tab", "")
    # Who shares a device may be a customer of another brand.
    is_bound = bool(brands_of(request))
    shared, shared_names = ((), {}) if is_bound else runtime.service(SharedDevices).of_profile(profile)
    return render(
        request,
        "profiles/customer.html",
        tab=tab if tab in dict(TABS) else TABS[0][0],
        tabs=TABS,
        chosen=read_chosen(request),
        was=merged_away(request, profile),
        shared=shared,
        shared_names=shared_names,
        **panels_beside(request, "customer", profile),
        **_about(request, profile),
    )


@get("/customers/{number:int}/parts/{part:str}", guards=VIEWER, sync_to_thread=True)
def show_part(request: AnyRequest, number: FromPath[int], part: FromPath[str]) -> Response[str]:
    """Show one column of the page again (a fragment), after something new happened."""
    if part not in PARTS:
        raise NotFound(what=_("part"), name=part)
    return render(request, f"profiles/_{part}.html", **_about(request, _profile(request, number)))


@get("/customers/{number:int}/timeline", guards=VIEWER, sync_to_thread=True)
def show_timeline(
    request: AnyRequest, number: FromPath[int], since: FromQuery[int] = 0, shown: FromQuery[int] = 0
) -> Response[str]:
    """Show a page of the timeline (a fragment): newest first, sessions folded.

    `since`: the newest event shown before (ms UTC), what came later stands out. `shown`: the newest event of the last
    session of the page before, so that its day is not named again.
    """
    profile = _profile(request, number)
    before = request.query_params.get("before", "")
    chosen = read_chosen(request)
    page = _events(request, profile, before)
    folds = fold_sessions(page.events if page else ())
    formats = shell_of(request).formats
    response = render(
        request,
        "profiles/_timeline.html",
        profile=profile,
        is_unavailable=page is None,
        folds=list(zip(folds, days_begun(folds, formats.date, shown), strict=True)),
        next=page.next if page else None,
        is_first=not before,
        before=before,
        names=_names(request, profile) if page and not before and not since else [],
        channels=_channels(profile, chosen["channel"]),
        chosen=chosen,
        since=since,
        newest=page.events[0].time if page and page.events else 0,
        live_seconds=LIVE_SECONDS,
        sources=source_names(request),
        words=words,
    )
    if request.headers.get("hx-trigger") == "timeline-filters":
        response.headers["hx-push-url"] = chosen_address(f"/customers/{number}", chosen)
    if since:
        # The columns beside the timeline listen to this.
        response.headers["hx-trigger"] = "renewed"
    return response


@get("/customers/{number:int}/newer", guards=VIEWER, sync_to_thread=True)
def count_newer(request: AnyRequest, number: FromPath[int], since: FromQuery[int] = 0) -> Response[str]:
    """Say how many events came after `since` (ms UTC), as a button that shows them (a fragment, mostly empty)."""
    page = _events(request, _profile(request, number), "")
    count = sum(one.time > since for one in page.events) if page else 0
    return render(
        request,
        "profiles/_newer.html",
        number=number,
        count=count,
        is_more=count >= PAGE_EVENTS,
        since=since,
        chosen=read_chosen(request),
    )


@get("/customers/{number:int}/event", guards=VIEWER, sync_to_thread=True)
def show_raw_event(request: AnyRequest, number: FromPath[int]) -> Response[str]:
    """Show one event (`id` is its message id) as it came in (a fragment)."""
    runtime = runtime_of(request)
    message_id = request.query_params.get("id", "")
    raw = api.raw_event(runtime, _profile(request, number).anchors, message_id, brands_of(request))
    if raw is None:
        raise NotFound(what=_("event"), name=message_id)
    return raw_event_page(request, raw)


def _profile(request: AnyRequest, number: int) -> Profile:
    return api.get_profile(runtime_of(request), f"profile:{number}", brands_of(request))


def _about(request: AnyRequest, profile: Profile) -> dict[str, Any]:
    """Return what the columns beside the timeline show."""
    runtime = runtime_of(request)
    return {
        "profile": profile,
        "panels": customer_panels(request),
        "figures": figures_of(profile.features),
        "unsure": profile.recounting,
        "consent": consent_of(profile.consent),
        "merges": api.merges(runtime, profile) if profile.merged else (),
        "accounts": () if brands_of(request) else accounts_of_profile(runtime, profile.anchors),
        "sources": source_names(request),
        "words": words,
        "trait_words": trait_words,
    }


def _events(request: AnyRequest, profile: Profile, before: str) -> TimelinePage | None:
    """Return a page of events as the address filters them, None while the history does not answer."""
    chosen = read_chosen(request)
    kind, _colon, name = chosen["name"].partition(":")
    try:
        return api.timeline(
            runtime_of(request),
            profile.anchors,
            before=before,
            limit=PAGE_EVENTS,
            channels=(chosen["channel"],) if chosen["channel"] else (),
            names=(name,) if name else (),
            types=(kind,) if kind else (),
            brands=brands_of(request),
        )
    except HistoryUnavailable:
        return None


def _names(request: AnyRequest, profile: Profile) -> list[tuple[str, list[tuple[str, str, bool, int]]]]:
    """Return the kinds of events to filter by (`words.group_names`); none while the history does not answer."""
    try:
        found = api.event_names(runtime_of(request), profile.anchors, brands_of(request))
    except HistoryUnavailable:
        return []
    return words.group_names(found)


def _channels(profile: Profile, chosen: str) -> list[str]:
    known = set(profile.features.get("channels", ()))
    return sorted(known | {chosen} if chosen else known)
