"""The quarantine: what could not be taken in, by reason, and what to do about it."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Response, get, post

from stammgast.events import api
from stammgast.events.contracts import Quarantined
from stammgast.events.pages.details import detail_words
from stammgast.events.pages.set_aside import aside_shown
from stammgast.events.reasons import EVENT_BLOCKED, REASON_LABELS, REASONS, SCHEMA_MISMATCH
from stammgast.events.wire import KIND_INTERNAL
from stammgast.kernel.errors import Invalid
from stammgast.kernel.i18n import marked as _
from stammgast.web.contracts import Role
from stammgast.web.forms import SentForm
from stammgast.web.guards import person_of, requires
from stammgast.web.numbers import whole
from stammgast.web.pages import redirect, render, runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.web.tables import Column
from stammgast.workspace.api import list_sources
from stammgast.workspace.contracts import Actor

VIEWER = [requires(Role.VIEWER)]
ANALYST = [requires(Role.ANALYST)]
PAGE_ROWS = 50
RAW_SHOWN = 20_000
COLUMNS = (
    Column(_("Event")),
    Column(_("Reason")),
    Column(_("Source"), is_hidden_small=True),
    Column(_("Received"), is_hidden_small=True),
)


@get("/connect/quarantine", guards=VIEWER, sync_to_thread=True)
def show_quarantine(request: AnyRequest) -> Response[str]:
    """Show what waits, newest first, of one reason or all."""
    runtime = runtime_of(request)
    reason = _asked_reason(request)
    waiting = api.quarantine_page(
        runtime,
        reason=reason,
        before=whole(request.query_params.get("before")),
        limit=PAGE_ROWS + 1,
    )
    counts = api.quarantine_counts(runtime)
    return render(
        request,
        "events/quarantine.html",
        rows=waiting[:PAGE_ROWS],
        next=waiting[PAGE_ROWS - 1].id if len(waiting) > PAGE_ROWS else None,
        counts=dict(sorted(counts.items(), key=lambda one: -one[1])),
        total=sum(counts.values()),
        reason=reason,
        labels=REASON_LABELS,
        detail_words=detail_words,
        help=REASONS,
        columns=COLUMNS,
        sources={one.id: one.name for one in list_sources(runtime)},
        has_rule=has_rule,
        pretty=pretty_body,
        order_kind=KIND_INTERNAL,
        aside=aside_shown(runtime, whole(request.query_params.get("aside"))),
    )


@post("/connect/quarantine", guards=ANALYST, status_code=200, sync_to_thread=True)
def decide_quarantine(request: AnyRequest, form: SentForm) -> Response[Any]:
    """Replay or discard the chosen events, or all of one reason."""
    runtime, by = runtime_of(request), Actor.of(person_of(request))
    reason = form.text("reason") if form.text("reason") in REASONS else ""
    ids = form.wholes("chosen")
    is_all = form.text("all") == "yes" and reason
    if not ids and not is_all:
        raise Invalid(field="chosen", problem=_("choose at least one event"))
    order = api.order_discard if form.text("do") == "discard" else api.order_replay
    order(runtime, by=by, ids=() if is_all else ids, reason=reason if is_all else "")
    back = f"/connect/quarantine?reason={reason}" if reason else "/connect/quarantine"
    if form.text("do") == "discard":
        return redirect(back, flash=_("The events are discarded."))
    return redirect(back, flash=_("The events are read again; what fits now leaves this list."))


@get("/home/quarantine", guards=VIEWER, sync_to_thread=True)
def quarantine_panel(request: AnyRequest) -> Response[str]:
    """Show how many events wait by reason (a fragment)."""
    counts = sorted(api.quarantine_counts(runtime_of(request)).items(), key=lambda one: -one[1])
    return render(request, "events/_quarantine_panel.html", counts=counts, labels=REASON_LABELS)


def has_rule(reason: str) -> bool:
    """Say whether a rule of the user's own keeps such events out."""
    return reason in {SCHEMA_MISMATCH, EVENT_BLOCKED}


def pretty_body(one: Quarantined) -> str:
    """Return the event as it came in, indented where it is JSON."""
    body = one.rejected.raw.body
    try:
        text = msgspec.json.format(body, indent=2).decode("utf-8", "replace")
    except msgspec.DecodeError:
        text = body.decode("utf-8", "replace")
    return text[:RAW_SHOWN]


def _asked_reason(request: AnyRequest) -> str:
    asked = request.query_params.get("reason", "")
    return asked if asked in REASONS else ""


ROUTES = (show_quarantine, decide_quarantine, quarantine_panel)
