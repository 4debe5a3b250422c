"""One customer: who they are, everything that happened, what matters now."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Response, get

from stammgast.kernel.errors import NotFound
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.runtime import Runtime
from stammgast.profiles import api
from stammgast.profiles.pages import words
from stammgast.profiles.pages.moments import days_begun, fold_sessions, plain_properties
from stammgast.web.guards import person_of, requires
from stammgast.web.pages import redirect, render, runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.workspace.api import list_sources
from stammgast.workspace.audit import record_seen

TABS = (("timeline", _("Timeline")), ("who", _("Who")), ("now", _("What matters")))
NEWER_COUNTED_MAX = 100
LIVE_SECONDS = 3
VIEWER = [requires("viewer")]


@get("/customers/{number:int}", guards=VIEWER, sync_to_thread=True)
def show_customer(request: AnyRequest, number: int) -> Response[Any]:
    """Show the customer; a number that was merged away leads to the profile that is now."""
    runtime = runtime_of(request)
    profile = api.get_profile(runtime, f"profile:{number}")
    if profile.profile != number:
        return redirect(f"/customers/{profile.profile}")
    record_seen(runtime, person_of(request), f"profile {number}")
    asked = request.query_params
    return render(
        request,
        "profiles/customer.html",
        profile=profile,
        tab=asked.get("tab") if asked.get("tab") in dict(TABS) else TABS[0][0],
        tabs=TABS,
        chosen={"channel": asked.get("channel", ""), "name": asked.get("name", "")},
        sources={one.id: one.name for one in list_sources(runtime)},
        merges=api.merges(runtime, profile) if profile.merged else (),
        words=words,
    )


@get("/customers/{number:int}/timeline", guards=VIEWER, sync_to_thread=True)
def show_timeline(request: AnyRequest, number: int) -> Response[str]:
    """Show a page of the timeline (a fragment): newest first, sessions folded."""
    runtime = runtime_of(request)
    profile = api.get_profile(runtime, f"profile:{number}")
    asked = request.query_params
    before = asked.get("before", "")
    page = api.timeline(runtime, profile.anchors, before=before, limit=50, **_filters(request))
    folds = fold_sessions(page.events)
    names = api.event_names(runtime, profile.anchors) if not before else []
    return render(
        request,
        "profiles/_timeline.html",
        profile=profile,
        folds=list(zip(folds, days_begun(folds), strict=True)),
        next=page.next,
        is_first=not before,
        names=[(f"{kind}:{name}", words.event_label(kind, name), count) for kind, name, count in names],
        channels=sorted(profile.features.get("channels", {})),
        chosen={"channel": asked.get("channel", ""), "name": asked.get("name", "")},
        newest=page.events[0].time if page.events else 0,
        live_seconds=LIVE_SECONDS,
        plain_properties=plain_properties,
        words=words,
    )


@get("/customers/{number:int}/newer", guards=VIEWER, sync_to_thread=True)
def count_newer(request: AnyRequest, number: int, since: int = 0) -> Response[str]:
    """Say how many events came after `since` (ms UTC), as a button that shows them (a fragment)."""
    runtime = runtime_of(request)
    profile = api.get_profile(runtime, f"profile:{number}")
    page = api.timeline(runtime, profile.anchors, limit=NEWER_COUNTED_MAX, **_filters(request))
    count = sum(one.time > since for one in page.events)
    return render(request, "profiles/_newer.html", profile=profile, count=count, most=NEWER_COUNTED_MAX)


@get("/customers/{number:int}/events/{message_id:str}", guards=VIEWER, sync_to_thread=True)
def show_raw_event(request: AnyRequest, number: int, message_id: str) -> Response[str]:
    """Show one event as it came in (a fragment)."""
    runtime = runtime_of(request)
    raw = api.raw_event(runtime, _anchors(runtime, number), message_id)
    if raw is None:
        raise NotFound(what=_("event"), name=message_id)
    pretty = msgspec.json.format(raw, indent=2)
    return render(request, "profiles/_raw_event.html", raw=pretty)


def _anchors(runtime: Runtime, number: int) -> Any:
    return api.profile_anchors(runtime, f"profile:{number}")


def _filters(request: AnyRequest) -> dict[str, Any]:
    asked = request.query_params
    kind, _colon, name = asked.get("name", "").partition(":")
    return {
        "channels": (asked["channel"],) if asked.get("channel") else (),
        "names": (name,) if name else (),
        "types": (kind,) if kind else (),
    }
