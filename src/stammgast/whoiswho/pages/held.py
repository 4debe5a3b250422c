"""Identifiers that link nowhere: why, and letting them link again or holding one by hand."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post

from stammgast.kernel.errors import StammgastError
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.runtime import Runtime
from stammgast.profiles.api.pages import words
from stammgast.web.forms import Form, SentForm
from stammgast.web.guards import person_of
from stammgast.web.numbers import whole
from stammgast.web.pages import redirect, render, runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.web.tables import read_table
from stammgast.whoiswho import curating
from stammgast.whoiswho.pages.decide import AGENT, ANALYST, moving, read_pair, write_pair
from stammgast.whoiswho.tracing.holding import held_identifiers, released_identifiers
from stammgast.whoiswho.tracing.reading import called, is_obeyed
from stammgast.whoiswho.tracing.rules import namespaces_of
from stammgast.workspace.contracts import Actor

PAGE_ROWS = 25
RELEASED_SHOWN = 50


@get("/identity/held", guards=AGENT, sync_to_thread=True)
def show_held(request: AnyRequest) -> Response[str]:
    """Show what is held and what was released."""
    return _page(request, Form())


@post("/identity/held", guards=ANALYST, status_code=200, sync_to_thread=True)
def hold(request: AnyRequest, form: SentForm) -> Response[Any]:
    """Show what holding an identifier would do; with `do` = hold, do it."""
    runtime = runtime_of(request)
    try:
        pair = curating.normal_pair(runtime, form.text("namespace"), form.text("value"))
    except StammgastError as problem:
        return _page(request, form.refused(problem), status=problem.status)
    if form.text("do") == "hold":
        position = curating.hold_identifier(runtime, Actor.of(person_of(request)), pair)
        return redirect(f"/identity/held?position={position}", flash=_("The identifier is held; it links nobody."))
    foresight = curating.foresee_hold(runtime, pair)
    return render(
        request,
        "whoiswho/identity_hold.html",
        keeps_nothing=True,
        pair=pair,
        foresight=foresight,
        moving=moving(runtime, foresight),
        is_release=False,
        words=words,
    )


@post("/identity/held/release", guards=ANALYST, status_code=200, sync_to_thread=True)
def release(request: AnyRequest, form: SentForm) -> Response[Any]:
    """Show what releasing would do; with `do` = release, do it."""
    runtime, pair = runtime_of(request), read_pair(form.text("identifier"))
    if form.text("do") == "release":
        position = curating.release_identifier(runtime, Actor.of(person_of(request)), pair)
        return redirect(f"/identity/held?position={position}", flash=_("The identifier links again."))
    foresight = curating.foresee_release(runtime, pair)
    return render(
        request,
        "whoiswho/identity_hold.html",
        keeps_nothing=True,
        pair=pair,
        foresight=foresight,
        moving=moving(runtime, foresight),
        is_release=True,
        words=words,
    )


def namespace_choices(runtime: Runtime) -> list[tuple[str, str]]:
    """Return (namespace, what it is called) of those that the rules name; the company's own have no other word."""
    return [(one, words.NAMESPACE_LABELS.get(one, one)) for one in namespaces_of(runtime)]


def _page(request: AnyRequest, form: Form, status: int = 200) -> Response[str]:
    runtime, table = runtime_of(request), read_table(request, size=PAGE_ROWS)
    held, total = held_identifiers(runtime, limit=table.size, offset=table.offset)
    released = released_identifiers(runtime)[:RELEASED_SHOWN]
    position = whole(request.query_params.get("position"))
    is_waiting = position is not None and not is_obeyed(runtime, position)
    return render(
        request,
        "whoiswho/identity_held.html",
        status=status,
        held=held,
        total=total,
        released=released,
        table=table,
        names=called(runtime, [*(one.profile for one in held), *(one.profile for one in released)]),
        namespaces=namespace_choices(runtime),
        is_waiting=is_waiting,
        form=form,
        words=words,
        write_pair=write_pair,
    )
