"""The Identity section: the whole graph in numbers, and what in it needs a person."""

from __future__ import annotations

from litestar import Response, get

from stammgast.kernel import clock
from stammgast.profiles.api.pages import words
from stammgast.web.contracts import Role
from stammgast.web.guards import requires
from stammgast.web.pages import render, runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.whoiswho.tracing.overview import identity_overview

AGENT = [requires(Role.AGENT)]
DAYS_COUNTED = 7


@get("/identity", guards=AGENT, sync_to_thread=True)
def show_identity(request: AnyRequest) -> Response[str]:
    """Show the overview; its figures load by themselves, since counting millions takes a moment."""
    return render(request, "whoiswho/identity.html")


@get("/identity/figures", guards=AGENT, sync_to_thread=True)
def show_figures(request: AnyRequest) -> Response[str]:
    """Show the figures of the overview (a fragment)."""
    since = clock.now_millis() - DAYS_COUNTED * clock.MILLIS_PER_DAY
    found = identity_overview(runtime_of(request), since)
    return render(request, "whoiswho/_identity_figures.html", counts=found.counts, shared=found.shared, words=words)
