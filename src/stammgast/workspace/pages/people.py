"""Settings of people: who may log in, and as what."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from stammgast.kernel.errors import StammgastError
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.runtime import Runtime
from stammgast.web.contracts import Role
from stammgast.web.forms import Form, SentForm
from stammgast.web.guards import person_of, requires
from stammgast.web.pages import redirect, render, runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.web.tables import Column
from stammgast.web.told import telling, told_here
from stammgast.workspace import api
from stammgast.workspace.contracts import Actor
from stammgast.workspace.words import ROLE_MEANINGS, ROLE_NAMES

ADMINISTRATOR = [requires(Role.ADMINISTRATOR)]
COLUMNS = (
    Column(_("Name")),
    Column(_("Role"), is_hidden_small=True),
    Column(_("Last log-in"), is_hidden_small=True),
    Column(_("State")),
)


@get("/settings/people", guards=ADMINISTRATOR, sync_to_thread=True)
def list_people(request: AnyRequest) -> Response[str]:
    """List the people."""
    return render(
        request,
        "workspace/people.html",
        users=api.list_users(runtime_of(request)),
        columns=COLUMNS,
        roles=ROLE_NAMES,
        meanings=ROLE_MEANINGS,
        brand_names=dict(brand_choices(runtime_of(request))),
    )


@get("/settings/people/new", guards=ADMINISTRATOR, sync_to_thread=True)
def show_new_person(request: AnyRequest) -> Response[str]:
    """Show the form for somebody new."""
    return _new_page(request, Form())


@post("/settings/people/new", guards=ADMINISTRATOR, status_code=303, sync_to_thread=True)
def add_person(request: AnyRequest, form: SentForm) -> Response[Any]:
    """Add somebody and lead to their page, which shows the one-time link to hand over."""
    runtime, tell = runtime_of(request), telling(request)
    try:
        made = api.create_user(
            runtime,
            _by(request),
            email=form.text("email"),
            name=form.text("name"),
            role=form.text("role"),
            brands=form.wholes("brands"),
            teams=form.wholes("teams"),
        )
    except StammgastError as problem:
        return _new_page(request, form.refused(problem), status=problem.status)
    return tell(f"/settings/people/{made.id}", api.make_entry_link(runtime, _by(request), made.id))


@get("/settings/people/{number:int}", guards=ADMINISTRATOR, sync_to_thread=True)
def show_person(request: AnyRequest, number: FromPath[int]) -> Response[str]:
    """Show one person."""
    return _person_page(request, number, Form())


@post("/settings/people/{number:int}", guards=ADMINISTRATOR, status_code=200, sync_to_thread=True)
def change_person(request: AnyRequest, number: FromPath[int], form: SentForm) -> Response[Any]:
    """Change name, role and what they are bound to."""
    try:
        api.change_user(
            runtime_of(request),
            _by(request),
            number,
            name=form.text("name"),
            role=form.text("role"),
            brands=form.wholes("brands"),
            teams=form.wholes("teams"),
        )
    except StammgastError as problem:
        return _person_page(request, number, form.refused(problem), status=problem.status)
    return redirect("/settings/people", flash=_("Saved."))


@post("/settings/people/{number:int}/link", guards=ADMINISTRATOR, status_code=303, sync_to_thread=True)
def make_link(request: AnyRequest, number: FromPath[int]) -> Response[Any]:
    """Make a new one-time link, for somebody who has no password or has forgotten it."""
    tell = telling(request)
    link = api.make_entry_link(runtime_of(request), _by(request), number)
    return tell(f"/settings/people/{number}", link)


@post("/settings/people/{number:int}/able", guards=ADMINISTRATOR, status_code=200, sync_to_thread=True)
def set_able(request: AnyRequest, number: FromPath[int], form: SentForm) -> Response[Any]:
    """Shut somebody out, or let them in again."""
    try:
        api.set_user_able(runtime_of(request), _by(request), number, able=form.flag("able"))
    except StammgastError as problem:
        return _person_page(request, number, form.refused(problem), status=problem.status)
    return redirect("/settings/people", flash=_("Saved."))


def _new_page(request: AnyRequest, form: Form, status: int = 200) -> Response[str]:
    return render(request, "workspace/person_new.html", status=status, form=form, **_choices(request))


def _person_page(request: AnyRequest, number: int, form: Form, status: int = 200) -> Response[str]:
    found = api.user(runtime_of(request), number)
    return render(
        request,
        "workspace/person.html",
        status=status,
        form=form,
        user=found,
        link=told_here(request),
        **_choices(request),
    )


def _choices(request: AnyRequest) -> dict[str, Any]:
    runtime = runtime_of(request)
    return {
        "roles": [(role.value, ROLE_NAMES[role], ROLE_MEANINGS[role]) for role in Role],
        "brands": brand_choices(runtime),
        "teams": [(one.id, one.name) for one in api.teams(runtime)],
    }


def brand_choices(runtime: Runtime) -> list[tuple[int, str]]:
    """Return (number, name) of all brands, to bind somebody to."""
    return [(one.id, one.name) for one in api.brands(runtime)]


def _by(request: AnyRequest) -> Actor:
    return Actor.of(person_of(request))


ROUTES = (list_people, show_new_person, add_person, show_person, change_person, make_link, set_able)
