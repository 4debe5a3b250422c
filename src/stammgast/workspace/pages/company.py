"""Settings of the company: name, time and money; brands; staff traffic; and what runs here."""

from __future__ import annotations

import platform
import sys
from collections import Counter
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

import stammgast
from stammgast.kernel.errors import StammgastError
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.runtime import Runtime
from stammgast.web.contracts import Role
from stammgast.web.forms import Form, SentForm
from stammgast.web.guards import person_of, requires
from stammgast.web.pages import redirect, render, runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.web.tables import Column, read_table
from stammgast.workspace import api
from stammgast.workspace.company import known_currencies, known_zones
from stammgast.workspace.contracts import STAFF_RULE_KINDS, Actor
from stammgast.workspace.words import ACTION_NAMES, STAFF_KIND_NAMES, SUBJECT_NAMES

ADMINISTRATOR = [requires(Role.ADMINISTRATOR)]
STAFF_COLUMNS = (Column(_("Known by")), Column(_("Value")), Column(""))
AUDIT_COLUMNS = (
    Column(_("When")),
    Column(_("Who"), is_hidden_small=True),
    Column(_("What")),
    Column(_("Details"), is_hidden_small=True),
)


@get("/settings", guards=[requires("viewer", bound="same")], sync_to_thread=True)
def show_settings(request: AnyRequest) -> Response[Any]:
    """Lead to the first page of settings that the person may use."""
    return redirect("/settings/company" if person_of(request).may(Role.ADMINISTRATOR) else "/settings/about")


@get("/settings/company", guards=ADMINISTRATOR, sync_to_thread=True)
def show_company(request: AnyRequest) -> Response[str]:
    """Show the company's settings."""
    return _company_page(request, Form())


@post("/settings/company", guards=ADMINISTRATOR, status_code=200, sync_to_thread=True)
def change_company(request: AnyRequest, form: SentForm) -> Response[Any]:
    """Change the company's settings."""
    try:
        api.change_company(
            runtime_of(request),
            _by(request),
            name=form.text("name"),
            zone=form.text("zone"),
            first_weekday=form.whole("first_weekday"),
            currency=form.text("currency"),
        )
    except StammgastError as problem:
        return _company_page(request, form.refused(problem), status=problem.status)
    return redirect("/settings/company", flash=_("Saved."))


@get("/settings/brands", guards=ADMINISTRATOR, sync_to_thread=True)
def show_brands(request: AnyRequest) -> Response[str]:
    """Show the brands."""
    return _brands_page(request, Form())


@post("/settings/brands", guards=ADMINISTRATOR, status_code=200, sync_to_thread=True)
def change_brands(request: AnyRequest, form: SentForm) -> Response[Any]:
    """Make a brand, or rename the one whose number is given."""
    number = form.whole("number")
    try:
        if number:
            api.rename_brand(runtime_of(request), _by(request), number, form.text("name"))
        else:
            api.create_brand(runtime_of(request), _by(request), form.text("name"))
    except StammgastError as problem:
        return _brands_page(request, form.refused(problem), status=problem.status)
    return redirect("/settings/brands", flash=_("Saved."))


@get("/settings/teams", guards=ADMINISTRATOR, sync_to_thread=True)
def show_teams(request: AnyRequest) -> Response[str]:
    """Show the teams."""
    return _teams_page(request, Form())


@post("/settings/teams", guards=ADMINISTRATOR, status_code=200, sync_to_thread=True)
def change_teams(request: AnyRequest, form: SentForm) -> Response[Any]:
    """Make a team, or rename the one whose number is given."""
    number = form.whole("number")
    try:
        if number:
            api.rename_team(runtime_of(request), _by(request), number, form.text("name"))
        else:
            api.create_team(runtime_of(request), _by(request), form.text("name"))
    except StammgastError as problem:
        return _teams_page(request, form.refused(problem), status=problem.status)
    return redirect("/settings/teams", flash=_("Saved."))


@get("/settings/staff", guards=ADMINISTRATOR, sync_to_thread=True)
def show_staff(request: AnyRequest) -> Response[str]:
    """Show how staff traffic is known."""
    return _staff_page(request, Form())


@post("/settings/staff", guards=ADMINISTRATOR, status_code=200, sync_to_thread=True)
def add_staff_rule(request: AnyRequest, form: SentForm) -> Response[Any]:
    """Add a rule."""
    try:
        api.add_staff_rule(runtime_of(request), _by(request), form.text("kind"), form.text("value"))
    except StammgastError as problem:
        return _staff_page(request, form.refused(problem), status=problem.status)
    return redirect("/settings/staff", flash=_("The rule holds for events from now on."))


@post("/settings/staff/{number:int}/remove", guards=ADMINISTRATOR, status_code=303, sync_to_thread=True)
def remove_staff_rule(request: AnyRequest, number: FromPath[int]) -> Response[Any]:
    """Remove a rule."""
    api.remove_staff_rule(runtime_of(request), _by(request), number)
    return redirect("/settings/staff", flash=_("The rule is removed."))


@get("/settings/audit", guards=ADMINISTRATOR, sync_to_thread=True)
def show_audit(request: AnyRequest) -> Response[str]:
    """Show who saw and changed what."""
    table = read_table(request)
    action = request.query_params.get("action") or ""
    entries, total = api.list_audit(
        runtime_of(request), text=table.text, action=action, limit=table.size, offset=table.offset
    )
    return render(
        request,
        "workspace/audit.html",
        entries=entries,
        total=total,
        table=table,
        action=action,
        columns=AUDIT_COLUMNS,
        actions={**ACTION_NAMES, **_others_actions(runtime_of(request))},
        subjects=SUBJECT_NAMES,
    )


def _others_actions(runtime: Runtime) -> dict[str, str]:
    return {action: words for one in runtime.manifests for action, words in one.action_words.items()}


@get("/settings/about", guards=[requires("viewer", bound="same")], sync_to_thread=True)
def show_about(request: AnyRequest) -> Response[str]:
    """Show what runs here."""
    runtime = runtime_of(request)
    return render(
        request,
        "workspace/about.html",
        version=stammgast.__version__,
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        modules=[one.name for one in runtime.manifests],
        state="PostgreSQL" if runtime.settings.state_url else "SQLite",
        history="ClickHouse" if runtime.settings.history_url else "chDB",
        address=runtime.settings.base_url,
        executable=sys.implementation.name,
    )


def _company_page(request: AnyRequest, form: Form, status: int = 200) -> Response[str]:
    known = api.company(runtime_of(request))
    zones, currencies = known_zones(), sorted(known_currencies())
    return render(
        request, "workspace/company.html", status=status, form=form, known=known, zones=zones, currencies=currencies
    )


def _brands_page(request: AnyRequest, form: Form, status: int = 200) -> Response[str]:
    runtime = runtime_of(request)
    sources = list(api.brand_of_source(runtime).values())
    counts = {one.id: sources.count(one.id) for one in api.brands(runtime)}
    return render(request, "workspace/brands.html", status=status, form=form, brands=api.brands(runtime), counts=counts)


def _teams_page(request: AnyRequest, form: Form, status: int = 200) -> Response[str]:
    runtime = runtime_of(request)
    counts = Counter(team for user in api.list_users(runtime) for team in user.teams)
    return render(request, "workspace/teams.html", status=status, form=form, teams=api.teams(runtime), counts=counts)


def _staff_page(request: AnyRequest, form: Form, status: int = 200) -> Response[str]:
    rules = api.list_staff_rules(runtime_of(request))
    kinds = [(kind, STAFF_KIND_NAMES[kind]) for kind in STAFF_RULE_KINDS]
    return render(
        request,
        "workspace/staff.html",
        status=status,
        form=form,
        rules=rules,
        kinds=kinds,
        kind_names=STAFF_KIND_NAMES,
        columns=STAFF_COLUMNS,
    )


def _by(request: AnyRequest) -> Actor:
    return Actor.of(person_of(request))


ROUTES = (
    show_settings, show_company, change_company, show_brands, change_brands, show_teams, change_teams, show_staff, add_staff_rule,
    remove_staff_rule, show_audit, show_about,
)  # fmt: skip
