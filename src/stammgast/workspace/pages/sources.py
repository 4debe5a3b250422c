"""Sources: where events come from. A server's key is told once, when it is made; a website's or an app's stays to be seen."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from stammgast.kernel import clock
from stammgast.kernel.errors import StammgastError
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.ids import BrandId
from stammgast.web.contracts import Role
from stammgast.web.forms import Form, SentForm
from stammgast.web.guards import brands_of, person_of, requires
from stammgast.web.pages import redirect, render, runtime_of, shell_of
from stammgast.web.shell import AnyRequest
from stammgast.web.tables import Column
from stammgast.web.told import telling, told_here
from stammgast.workspace import api
from stammgast.workspace.contracts import SOURCE_KINDS, Actor, Source, SourceHealth, SourceWatch
from stammgast.workspace.snippets import snippets_for
from stammgast.workspace.words import SOURCE_KIND_ICONS, SOURCE_KIND_NAMES

COLUMNS = (
    Column(_("Name")),
    Column(_("Brand"), is_hidden_small=True),
    Column(_("Last event")),
    Column(_("Last 30 days")),
    Column(_("In quarantine"), align="end"),
    Column(_("Sent with"), is_hidden_small=True),
    Column(_("State")),
)
ADMINISTRATOR = [requires(Role.ADMINISTRATOR)]
WAITING, FIRST, KNOWN = "waiting", "first", "known"
"""What a source's page shows of its events: none yet, the first one this moment, what is usual."""


@get("/connect/sources", guards=[requires("viewer", bound="own")], sync_to_thread=True)
def list_sources(request: AnyRequest) -> Response[str]:
    """List the sources, of the chosen brand or of all."""
    brand = shell_of(request).brand
    sources = [one for one in api.list_sources(runtime_of(request)) if brand in (None, one.brand)]
    health = {one.id: _health(request, one) for one in sources}
    return render(request, "workspace/sources.html", sources=sources, health=health, columns=COLUMNS, **_words(request))


@get("/connect/sources/new", guards=ADMINISTRATOR, sync_to_thread=True)
def show_new_source(request: AnyRequest) -> Response[str]:
    """Show the form for a new source."""
    return _form_page(request, Form(), None)


@post("/connect/sources/new", guards=ADMINISTRATOR, status_code=303, sync_to_thread=True)
def create_source(request: AnyRequest, form: SentForm) -> Response[Any]:
    """Make a source and lead to its page, which shows the key."""
    tell = telling(request)
    try:
        made = api.create_source(runtime_of(request), _by(request), **_values(form))
    except StammgastError as problem:
        return _form_page(request, form.refused(problem), None, status=problem.status)
    return tell(f"/connect/sources/{made.source.id}", made.write_key)


@get("/connect/sources/{number:int}", guards=[requires("viewer", bound="own")], sync_to_thread=True)
def show_source(request: AnyRequest, number: FromPath[int]) -> Response[str]:
    """Show one source: its keys, how to send with it, what it may."""
    runtime = runtime_of(request)
    source = api.source(runtime, number, brands_of(request))
    told = told_here(request)
    key = told or source.public_key
    return render(
        request,
        "workspace/source.html",
        source=source,
        told=told,
        key=key,
        snippets=snippets_for(runtime, source.kind, **({"write_key": key} if key else {})),
        health=_health(request, source),
        state=WAITING if _health(request, source).last_at is None else KNOWN,
        at=clock.now_millis(),
        host=runtime.settings.base_url,
        **_words(request),
    )


@get("/connect/sources/{number:int}/arrivals", guards=[requires("viewer", bound="own")], sync_to_thread=True)
def show_arrivals(request: AnyRequest, number: FromPath[int]) -> Response[Any]:
    """Show what arrived from a source (a fragment); 204 when it is no other than what the page shows already."""
    source = api.source(runtime_of(request), number, brands_of(request))
    health, asked = _health(request, source), request.query_params.get("known", "")
    if asked == (WAITING if health.last_at is None else str(health.last_at)):
        return Response(b"", status_code=204)
    state = WAITING if health.last_at is None else FIRST if asked == WAITING else KNOWN
    return render(request, "workspace/_arrivals.html", source=source, health=health, state=state)


@get("/connect/sources/{number:int}/change", guards=ADMINISTRATOR, sync_to_thread=True)
def show_change_source(request: AnyRequest, number: FromPath[int]) -> Response[str]:
    """Show the form for a source that exists."""
    return _form_page(request, Form(), api.source(runtime_of(request), number))


@post("/connect/sources/{number:int}/change", guards=ADMINISTRATOR, status_code=200, sync_to_thread=True)
def change_source(request: AnyRequest, number: FromPath[int], form: SentForm) -> Response[Any]:
    """Change a source."""
    known = api.source(runtime_of(request), number)
    try:
        api.change_source(runtime_of(request), _by(request), number, **_values(form))
    except StammgastError as problem:
        return _form_page(request, form.refused(problem), known, status=problem.status)
    return redirect(f"/connect/sources/{number}", flash=_("Saved."))


@post("/connect/sources/{number:int}/rotate", guards=ADMINISTRATOR, status_code=303, sync_to_thread=True)
def rotate_key(request: AnyRequest, number: FromPath[int], form: SentForm) -> Response[Any]:
    """Give the source a new key, which its page shows; the old one may go on for a while."""
    tell = telling(request)
    made = api.rotate_source_key(runtime_of(request), _by(request), number, grace_hours=form.whole("grace_hours", 24))
    return tell(f"/connect/sources/{number}", made.write_key, flash=_("The source has a new key."))


@post("/connect/sources/{number:int}/revoke", guards=ADMINISTRATOR, status_code=303, sync_to_thread=True)
def revoke_source(request: AnyRequest, number: FromPath[int]) -> Response[Any]:
    """Let the source's keys end now."""
    api.revoke_source(runtime_of(request), _by(request), number)
    return redirect(f"/connect/sources/{number}", flash=_("The source is revoked. Its keys no longer work."))


def _health(request: AnyRequest, source: Source) -> SourceHealth:
    """Return how a source does; asked once a request for all of them."""
    kept: Any = request.scope["state"].setdefault("source_health", None)
    if kept is None:
        try:
            kept = runtime_of(request).service(SourceWatch).health()
        except KeyError:
            kept = {}
        request.scope["state"]["source_health"] = kept
    found: SourceHealth = kept.get(source.id, SourceHealth())
    return found


def _form_page(request: AnyRequest, form: Form, source: Source | None, status: int = 200) -> Response[str]:
    kinds = [(kind, SOURCE_KIND_NAMES[kind], "") for kind in SOURCE_KINDS if kind != "internal"]
    words = _words(request)
    return render(
        request, "workspace/source_form.html", status=status, form=form, source=source, source_kinds=kinds, **words
    )


def _words(request: AnyRequest) -> dict[str, Any]:
    brands = {one.id: one.name for one in api.brands(runtime_of(request))}
    return {"kinds": SOURCE_KIND_NAMES, "kind_icons": SOURCE_KIND_ICONS, "brand_names": brands}


def _values(form: Form) -> dict[str, Any]:
    return {
        "name": form.text("name"),
        "kind": form.text("kind", "server"),
        "brand": BrandId(form.whole("brand_id", 1)),
        "allowed_origins": form.lines("allowed_origins"),
        "rate_limit": form.whole("rate_limit"),
    }


def _by(request: AnyRequest) -> Actor:
    return Actor.of(person_of(request))


ROUTES = (
    list_sources, show_new_source, create_source, show_source, show_arrivals, show_change_source, change_source, rotate_key, revoke_source,
)  # fmt: skip
