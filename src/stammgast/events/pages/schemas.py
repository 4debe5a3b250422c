"""Event rules: which events may come in, and what a track event of a name must carry."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any, get_args
from urllib.parse import quote

from litestar import Response, get, post

from stammgast.events import api
from stammgast.events.contracts import EventSchema, PropertyType
from stammgast.events.reading import NAME_LENGTH_MAX, PROPERTIES_MAX
from stammgast.kernel.errors import Invalid, StammgastError
from stammgast.kernel.i18n import Phrase
from stammgast.kernel.i18n import marked as _
from stammgast.web.contracts import Role
from stammgast.web.forms import Form, SentForm
from stammgast.web.guards import person_of, requires
from stammgast.web.pages import redirect, render, runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.web.tables import Column
from stammgast.workspace.contracts import Actor

ANALYST = [requires(Role.ANALYST)]
EMPTY_LINES = 3
COLUMNS = (Column(_("Event")), Column(_("What it must carry")), Column(_("May come in")))
TYPES: tuple[tuple[PropertyType, str], ...] = (
    ("any", _("anything")),
    ("string", _("text")),
    ("number", _("number")),
    ("integer", _("whole number")),
    ("boolean", _("yes or no")),
    ("array", _("list")),
    ("object", _("object")),
)


@get("/connect/rules", guards=ANALYST, sync_to_thread=True)
def list_rules(request: AnyRequest) -> Response[str]:
    """List the event rules."""
    return render(
        request,
        "events/rules.html",
        schemas=api.event_schemas(runtime_of(request)),
        columns=COLUMNS,
        types=dict(TYPES),
        quote=quote,
    )


@get("/connect/rules/edit", guards=ANALYST, sync_to_thread=True)
def show_rule(request: AnyRequest) -> Response[str]:
    """Show the rule of one event, or an empty one."""
    event = request.query_params.get("event", "")
    found = next((one for one in api.event_schemas(runtime_of(request)) if one.name == event), EventSchema(event))
    return _page(request, found, Form())


@post("/connect/rules/edit", guards=ANALYST, status_code=200, sync_to_thread=True)
def change_rule(request: AnyRequest, form: SentForm) -> Response[Any]:
    """Keep the rule, or delete it."""
    runtime, by = runtime_of(request), Actor.of(person_of(request))
    name = form.text("name")
    if form.text("do") == "delete":
        api.delete_event_schema(runtime, by, name)
        return redirect("/connect/rules", flash=_("The rule is deleted."))
    schema = EventSchema(name, _required(form), is_blocked=form.text("entry") == "blocked")
    try:
        _check(schema)
        api.save_event_schema(runtime, by, schema)
    except StammgastError as problem:
        return _page(request, schema, form.refused(problem), problem.status)
    return redirect("/connect/rules", flash=_("Saved. The rule holds for events from now on; replay those that wait."))


def _page(request: AnyRequest, schema: EventSchema, form: Form, status: int = 200) -> Response[str]:
    lines = [*schema.required, *[("", "any")] * EMPTY_LINES]
    return render(request, "events/rule.html", status=status, schema=schema, lines=lines, form=form, types=TYPES)


def _required(form: Form) -> tuple[tuple[str, PropertyType], ...]:
    kinds: dict[str, PropertyType] = {one: one for one in get_args(PropertyType)}
    pairs = zip_longest(form.every("property"), form.every("kind"), fillvalue="")
    return tuple((name.strip(), kinds.get(kind, "any")) for name, kind in pairs if name.strip())


def _check(schema: EventSchema) -> None:
    if not schema.name or len(schema.name) > NAME_LENGTH_MAX:
        raise Invalid(
            field="name", problem=Phrase("write the event's name, at most {most} characters", most=NAME_LENGTH_MAX)
        )
    names = [name for name, _kind in schema.required]
    if len(names) != len(set(names)):
        raise Invalid(field="required", problem=_("name each property once"))
    if len(names) > PROPERTIES_MAX:
        raise Invalid(field="required", problem=Phrase("at most {most} properties", most=PROPERTIES_MAX))


ROUTES = (list_rules, show_rule, change_rule)
