"""Live: events as they arrive, whose they are, what they carried, and what became of each."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Response, get

from stammgast.events.api import REASON_LABELS, EventName, seen_events, seen_properties
from stammgast.kernel.errors import NotFound
from stammgast.kernel.history import HistoryUnavailable
from stammgast.kernel.i18n import marked as _
from stammgast.profiles import api, live, words
from stammgast.profiles.live import LivePage, LiveQuery
from stammgast.web.guards import brands_of, requires
from stammgast.web.numbers import whole
from stammgast.web.pages import render, runtime_of, translate
from stammgast.web.shell import AnyRequest
from stammgast.web.tables import Column
from stammgast.workspace.api import sources_for

VIEWER = [requires("viewer", bound="own")]
ROWS_SHOWN = 100
NAMES_OFFERED = 50
TEXT_LENGTH_MAX = 200
ASKED = ("q", "fate", "source", "property", "value")
COLUMNS = (
    Column(_("Received")),
    Column(_("Event")),
    Column(_("Who")),
    Column(_("Source"), is_hidden_small=True),
    Column(_("Channel"), is_hidden_small=True),
    Column(_("What became of it")),
)
FATES = (
    ("", _("Everything")),
    ("processed", _("Taken in")),
    ("deduplicated", _("Came again")),
    ("quarantined", _("Quarantined")),
)
FATE_KINDS = {"processed": "good", "deduplicated": "info", "quarantined": "attention"}


@get("/connect/live", guards=VIEWER, sync_to_thread=True)
def show_live(request: AnyRequest) -> Response[str]:
    """Show the newest events; the page asks on by itself for those that come."""
    runtime, wanted = runtime_of(request), _wanted(request)
    brands = brands_of(request)
    asked = {name: value for name, value in request.query_params.items() if value and name in ASKED}
    return render(
        request,
        "profiles/live.html",
        wanted=wanted,
        fates=FATES,
        choices=[(0, _("All sources")), *((one.id, one.name) for one in sources_for(runtime, brands))],
        offered=_offered(request),
        rows_address=f"/connect/live/rows?{urlencode(asked)}",
        **_shown(request, wanted, after=0),
    )


@get("/connect/live/rows", guards=VIEWER, sync_to_thread=True)
def show_rows(request: AnyRequest) -> Response[str]:
    """Show the events beyond the number `after` that fit, newest first (a fragment)."""
    after = whole(request.query_params.get("after")) or 0
    return render(request, "profiles/_live_rows.html", **_shown(request, _wanted(request), after=after))


@get("/connect/live/event", guards=VIEWER, sync_to_thread=True)
def show_live_event(request: AnyRequest) -> Response[str]:
    """Show what one event carried (a fragment)."""
    runtime, brands = runtime_of(request), brands_of(request)
    number = whole(request.query_params.get("number")) or 0
    one = live.recent_event(runtime, number)
    own = {source.id for source in sources_for(runtime, brands)}
    if one is None or (brands and one.source not in own):
        raise NotFound(what=_("event"), name=number)
    try:
        raw = live.payloads(runtime, [one]).get(number)
        if raw is None and one.profile:
            # It may still be on its way to history.
            anchors = api.get_profile(runtime, f"profile:{one.profile}").anchors
            told = api.raw_event(runtime, anchors, one.message_id, brands)
            raw = told.encode() if told else None
    except HistoryUnavailable:
        raw = None
    return render(request, "profiles/_live_event.html", one=one, raw=_pretty(raw) if raw else "")


def _shown(request: AnyRequest, wanted: LiveQuery, after: int) -> dict[str, Any]:
    runtime, brands = runtime_of(request), brands_of(request)
    sources = {one.id: one.name for one in sources_for(runtime, brands)}
    named = {**words.EVENT_LABELS, **REASON_LABELS}
    try:
        page = live.live_page(
            runtime,
            wanted,
            sources=sources,
            words={name: translate(request, label) for name, label in named.items()} if wanted.text else {},
            after=after,
            limit=ROWS_SHOWN,
            is_bound=bool(brands),
        )
        is_unavailable = False
    except HistoryUnavailable:
        page, is_unavailable = LivePage((), after), True
    return {
        "page": page,
        "is_unavailable": is_unavailable,
        "columns": COLUMNS,
        "sources": sources,
        "fate_names": dict(FATES),
        "kinds": FATE_KINDS,
        "words": words,
        "reasons": REASON_LABELS,
    }


def _wanted(request: AnyRequest) -> LiveQuery:
    asked = request.query_params

    def text(name: str) -> str:
        return asked.get(name, "").strip()[:TEXT_LENGTH_MAX]

    return LiveQuery(
        fate=text("fate") if text("fate") in FATE_KINDS else "",
        source=whole(asked.get("source")) or 0,
        text=text("q"),
        path=text("property"),
        value=text("value"),
    )


def _offered(request: AnyRequest) -> dict[str, list[str]]:
    """Return names to choose from: of events, and of the properties of the most frequent ones."""
    runtime, brands = runtime_of(request), brands_of(request)
    seen = seen_events(runtime, brands=brands, limit=NAMES_OFFERED)
    properties = [
        prop.name
        for one in seen[:5]
        for prop in seen_properties(runtime, EventName(one.event.type, one.event.name), brands=brands)
    ]
    return {
        "events": [one.event.name for one in seen if one.event.name],
        "properties": list(dict.fromkeys(properties))[:NAMES_OFFERED],
    }


def _pretty(raw: bytes) -> str:
    try:
        return msgspec.json.format(raw, indent=2).decode("utf-8", "replace")
    except msgspec.DecodeError:
        return raw.decode("utf-8", "replace")
