"""Where the link of a mail leads whoever got it: ending mails of that purpose, without a log-in."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from stammgast.kernel.i18n import marked as _
from stammgast.outgoing import subscribing
from stammgast.outgoing.subscribing import PATH, Subscription
from stammgast.web.forms import SentForm
from stammgast.web.guards import anybody
from stammgast.web.pages import redirect, render, runtime_of
from stammgast.web.shell import AnyRequest

ONE_CLICK = ("List-Unsubscribe", "One-Click")
"""What a mail program posts by itself (RFC 8058, section 3.2)."""


@get(PATH + "{token:str}", guards=[anybody()], sync_to_thread=True)
def show_subscription(request: AnyRequest, token: FromPath[str]) -> Response[str]:
    """Ask whether mails of this purpose shall end. Opening the link ends nothing: programs open links, too."""
    return _page(request, subscribing.read_link(runtime_of(request), token))


@get(PATH + "{token:str}/ended", guards=[anybody()], sync_to_thread=True)
def show_ended(request: AnyRequest, token: FromPath[str]) -> Response[str]:
    """Say that they have ended, and offer the way back."""
    return _page(request, subscribing.read_link(runtime_of(request), token), is_ended=True)


@post(PATH + "{token:str}", guards=[anybody()], status_code=200, sync_to_thread=True)
def end_subscription(request: AnyRequest, token: FromPath[str], form: SentForm) -> Response[Any]:
    """End mails of this purpose: a mail program gets a plain answer, a person a page."""
    subscribing.end_subscription(runtime_of(request), subscribing.read_link(runtime_of(request), token))
    if form.text(ONE_CLICK[0]) == ONE_CLICK[1]:
        return Response("", status_code=200)
    return redirect(f"{PATH}{token}/ended")


@post(PATH + "{token:str}/again", guards=[anybody()], status_code=303, sync_to_thread=True)
def begin_subscription(request: AnyRequest, token: FromPath[str]) -> Response[Any]:
    """Let them come again."""
    subscribing.begin_subscription(runtime_of(request), subscribing.read_link(runtime_of(request), token))
    return redirect(f"{PATH}{token}", flash=_("The mails go on."))


def _page(request: AnyRequest, one: Subscription, *, is_ended: bool = False) -> Response[str]:
    purpose = subscribing.purposes_of(runtime_of(request)).get(one.purpose)
    label = purpose.label if purpose else one.purpose
    response = render(
        request,
        "outgoing/subscription.html",
        address=one.address,
        purpose=label,
        is_ended=is_ended,
        path=request.url.path,
    )
    response.headers["x-robots-tag"] = "noindex"
    return response


ROUTES = (show_subscription, show_ended, end_subscription, begin_subscription)
