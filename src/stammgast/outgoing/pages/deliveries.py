"""Deliveries: what waits, failed and was sent, why, and sending again."""

from __future__ import annotations

from typing import Any, cast

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from stammgast.kernel.i18n import marked as _
from stammgast.outgoing import api
from stammgast.outgoing.contracts import STATES, MailOrder, State
from stammgast.outgoing.ordering import Order
from stammgast.outgoing.pages.words import words_of
from stammgast.outgoing.webhooks import webhook_body
from stammgast.web.contracts import Role
from stammgast.web.guards import person_of, requires
from stammgast.web.numbers import whole
from stammgast.web.pages import redirect, render, runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.web.tables import Column
from stammgast.workspace.api import record_seen
from stammgast.workspace.contracts import Actor

ANALYST = [requires(Role.ANALYST)]
LIST = "/connect/outgoing/deliveries"
PAGE_ROWS = 50
BODY_SHOWN = 50_000
COLUMNS = (
    Column(_("What")),
    Column(_("State")),
    Column(_("Target"), is_hidden_small=True),
    Column(_("Customer"), is_hidden_small=True),
    Column(_("Attempts"), align="end", is_hidden_small=True),
    Column(_("When")),
)


@get(LIST, guards=ANALYST, sync_to_thread=True)
def list_deliveries(request: AnyRequest) -> Response[str]:
    """List deliveries, newest first, in one state or all, of one target or all."""
    runtime = runtime_of(request)
    asked = request.query_params
    state = cast("State | None", asked["state"] if asked.get("state") in STATES else None)
    target = whole(asked.get("target"))
    page = api.list_deliveries(runtime, target=target, state=state, before=whole(asked.get("before")), limit=PAGE_ROWS)
    return render(
        request,
        "outgoing/deliveries.html",
        page=page,
        state=state,
        target=target,
        names=api.target_names(runtime),
        counts=api.counts(runtime),
        columns=COLUMNS,
        **words_of(request),
    )


@get(LIST + "/{number:int}", guards=ANALYST, sync_to_thread=True)
def show_delivery(request: AnyRequest, number: FromPath[int]) -> Response[str]:
    """Show one delivery: what it says, how far it is, each attempt."""
    runtime = runtime_of(request)
    found = api.delivery(runtime, number)
    order = api.order_of(runtime, number)
    if found.profile:
        record_seen(runtime, person_of(request), f"profile {found.profile}")
    return render(
        request,
        "outgoing/delivery.html",
        delivery=found,
        order=order,
        body=_body(order),
        names=api.target_names(runtime),
        attempts=api.attempts_at(runtime, delivery=number, limit=50),
        **words_of(request),
    )


@post(LIST + "/{number:int}/replay", guards=ANALYST, status_code=303, sync_to_thread=True)
def replay(request: AnyRequest, number: FromPath[int]) -> Response[Any]:
    """Let a delivery that failed go again."""
    api.replay(runtime_of(request), Actor.of(person_of(request)), number)
    return redirect(f"{LIST}/{number}", flash=_("It goes again within a second."))


@post(LIST + "/{number:int}/discard", guards=ANALYST, status_code=303, sync_to_thread=True)
def discard(request: AnyRequest, number: FromPath[int]) -> Response[Any]:
    """Let go of a delivery."""
    api.discard(runtime_of(request), Actor.of(person_of(request)), number)
    return redirect(f"{LIST}/{number}", flash=_("It is let go within a second."))


def _body(order: Order | None) -> str:
    """Return what is sent, as people read it."""
    if order is None:
        return ""
    if isinstance(order, MailOrder):
        return order.text[:BODY_SHOWN]
    return msgspec.json.format(webhook_body(order), indent=2).decode()[:BODY_SHOWN]


ROUTES = (list_deliveries, show_delivery, replay, discard)
