"""Live: events as they arrive, each with what became of it."""

from __future__ import annotations

from litestar import Response, get

from stammgast.events.api import REASON_LABELS
from stammgast.kernel.i18n import marked as _
from stammgast.profiles import api, words
from stammgast.web.guards import brands_of, requires
from stammgast.web.pages import render, runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.web.tables import Column
from stammgast.workspace.api import sources_for

VIEWER = [requires("viewer", bound="own")]
ROWS_SHOWN = 100
KEPT = 1_000
"""Lines of the ring that are looked through for a filter."""
COLUMNS = (
    Column(_("Received")),
    Column(_("Event")),
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
    """Show the page; its rows load and renew themselves."""
    asked = request.query_params
    chosen = {"fate": asked.get("fate", ""), "source": asked.get("source", "")}
    sources = [
        ("", _("All sources")),
        *((str(one.id), one.name) for one in sources_for(runtime_of(request), brands_of(request))),
    ]
    return render(request, "profiles/live.html", chosen=chosen, fates=FATES, sources=sources)


@get("/connect/live/rows", guards=VIEWER, sync_to_thread=True)
def show_rows(request: AnyRequest) -> Response[str]:
    """Show the newest events (a fragment)."""
    runtime = runtime_of(request)
    fate, source = request.query_params.get("fate", ""), request.query_params.get("source", "")
    brands = brands_of(request)
    sources = {one.id: one.name for one in sources_for(runtime, brands)}
    rows = api.recent_events(runtime, limit=KEPT if fate or source or brands else ROWS_SHOWN)
    shown = [
        one
        for one in rows
        if (not fate or one.fate == fate)
        and (not source or str(one.source) == source)
        and (not brands or one.source in sources)
    ]
    return render(
        request,
        "profiles/_live_rows.html",
        rows=shown[:ROWS_SHOWN],
        columns=COLUMNS,
        sources=sources,
        fates=dict(FATES),
        kinds=FATE_KINDS,
        words=words,
        reasons=REASON_LABELS,
        is_filtered=bool(fate or source),
    )
