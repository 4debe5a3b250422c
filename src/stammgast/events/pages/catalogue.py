"""The catalogue: which events and properties there are, and what people say of them."""

from __future__ import annotations

from typing import Any, cast, get_args
from urllib.parse import urlencode

from litestar import Response, get, post

from stammgast.events import api
from stammgast.events.catalogue.contracts import DECLARED_KINDS, EventDescription, EventName
from stammgast.events.contracts import EventType
from stammgast.events.reading import NAME_LENGTH_MAX
from stammgast.events.words import TYPE_LABELS, event_icon, event_label
from stammgast.kernel.errors import Invalid, StammgastError
from stammgast.kernel.history import HistoryUnavailable
from stammgast.kernel.i18n import Phrase
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.ids import BrandId, UserId
from stammgast.kernel.runtime import Runtime
from stammgast.web.contracts import Role
from stammgast.web.forms import Form, SentForm
from stammgast.web.guards import brands_of, person_of, requires
from stammgast.web.pages import redirect, render, runtime_of, shell_of
from stammgast.web.shell import AnyRequest
from stammgast.web.tables import Column, read_table
from stammgast.workspace.api import list_users, sources_for
from stammgast.workspace.contracts import Actor

OWN = [requires(Role.VIEWER, bound="own")]
ANALYST = [requires(Role.ANALYST)]
PATH = "/connect/catalogue"
COLUMNS = (
    Column(_("Event"), "name"),
    Column(_("Last 30 days"), "volume", is_descending_first=True),
    Column(_("In all"), "events", align="end", is_descending_first=True),
    Column(_("Last seen"), "last", is_hidden_small=True, is_descending_first=True),
    Column(_("Sources"), is_hidden_small=True),
    Column(_("State")),
)
PROPERTY_COLUMNS = (
    Column(_("Property")),
    Column(_("What it is")),
    Column(_("Examples")),
    Column(_("Events"), align="end"),
)
SORTS = {
    "name": lambda one: event_label(one.event.type, one.event.name).lower(),
    "volume": lambda one: sum(one.days),
    "events": lambda one: one.events,
    "last": lambda one: one.last_at or 0,
}
SHOWN = (("", _("All")), ("expected", _("Expected")), ("unknown", _("Unknown")), ("silent", _("Expected and silent")))
KIND_WORDS = {
    "text": _("text"),
    "whole": _("whole number"),
    "number": _("number"),
    "yes_no": _("yes or no"),
    "time": _("time"),
    "list": _("list"),
    "object": _("object"),
    "empty": _("empty"),
}
VALUES_SHOWN = 50


@get(PATH, guards=OWN, sync_to_thread=True)
def show_catalogue(request: AnyRequest) -> Response[str]:
    """List the events there are."""
    runtime, brands = runtime_of(request), _brands(request)
    table = read_table(request, sorts=tuple(SORTS), default="-events")
    shown = request.query_params.get("shown", "")
    seen = api.seen_events(runtime, text=table.text, brands=brands)
    fitting = [one for one in seen if _is_shown(one, shown)]
    fitting.sort(key=SORTS[table.sort], reverse=table.is_descending)
    return render(
        request,
        "events/catalogue.html",
        rows=fitting[table.offset : table.offset + table.size],
        total=len(fitting),
        is_empty=not seen and not table.text,
        left_out=0 if brands else api.events_left_out(runtime),
        table=table,
        columns=COLUMNS,
        shown=shown,
        choices=SHOWN,
        address=address,
        **_words(runtime),
    )


@get(PATH + "/event", guards=OWN, sync_to_thread=True)
def show_event(request: AnyRequest) -> Response[str]:
    """Show one event: its volume, its properties with examples, what people say of it."""
    return _page(request, _asked_event(request), Form())


@get(PATH + "/values", guards=OWN, sync_to_thread=True)
def show_values(request: AnyRequest) -> Response[str]:
    """Show the values of a property, most frequent first (a fragment)."""
    event, name = _asked_event(request), request.query_params.get("property", "")[:NAME_LENGTH_MAX]
    try:
        values = api.property_values(runtime_of(request), event, name, brands=_brands(request), limit=VALUES_SHOWN)
    except HistoryUnavailable:
        values = None
    return render(request, "events/_values.html", values=values, name=name)


@post(PATH + "/event", guards=ANALYST, status_code=303, sync_to_thread=True)
def describe_event(request: AnyRequest, form: SentForm) -> Response[Any]:
    """Keep what is said of an event, or of its properties."""
    runtime, by = runtime_of(request), Actor.of(person_of(request))
    event = _event(form.text("type"), form.text("event"))
    try:
        if form.text("what") == "properties":
            api.describe_properties(runtime, by, event, _said_of_properties(form))
        else:
            owner = UserId(form.whole("owner")) if form.text("owner") else None
            said = EventDescription(form.text("description"), owner, form.flag("is_expected"))
            api.describe_event(runtime, by, event, said)
    except StammgastError as problem:
        return _page(request, event, form.refused(problem), problem.status)
    return redirect(address(event), flash=_("Saved."))


@get(PATH + "/new", guards=ANALYST, sync_to_thread=True)
def show_new_event(request: AnyRequest) -> Response[str]:
    """Show the form for an event that is expected and has not come yet."""
    return render(request, "events/catalogue_new.html", form=Form(), **_words(runtime_of(request)))


@post(PATH + "/new", guards=ANALYST, status_code=303, sync_to_thread=True)
def expect_event(request: AnyRequest, form: SentForm) -> Response[Any]:
    """Expect an event."""
    event = EventName("track", form.text("event"))
    try:
        if len(event.name) > NAME_LENGTH_MAX:
            raise Invalid(field="event", problem=Phrase("write at most {most} characters", most=NAME_LENGTH_MAX))
        said = EventDescription(form.text("description"), None, is_expected=True)
        api.describe_event(runtime_of(request), Actor.of(person_of(request)), event, said)
    except StammgastError as problem:
        words = _words(runtime_of(request))
        return render(request, "events/catalogue_new.html", status=problem.status, form=form.refused(problem), **words)
    return redirect(address(event), flash=_("Saved."))


def address(event: EventName) -> str:
    """Return the address of an event's page.

    >>> address(EventName("track", "Order Completed"))
    '/connect/catalogue/event?type=track&name=Order+Completed'
    """
    return f"{PATH}/event?{urlencode({'type': event.type, 'name': event.name})}"


def find_events(runtime: Runtime, text: str, limit: int, brand: int) -> list[tuple[str, str, str]]:
    """Answer the search on top: events by name or by what is said of them."""
    brands = (BrandId(brand),) if brand else ()
    found = api.seen_events(runtime, text=text, brands=brands, limit=limit)
    return [(one.event.name or one.event.type, one.description[:80], address(one.event)) for one in found]


def _page(request: AnyRequest, event: EventName, form: Form, status: int = 200) -> Response[str]:
    runtime, brands = runtime_of(request), _brands(request)
    seen = api.seen_event(runtime, event, brands=brands)
    try:
        examples = api.example_values(runtime, event, brands=brands)
    except HistoryUnavailable:
        examples = {}
    return render(
        request,
        "events/catalogue_event.html",
        status=status,
        form=form,
        one=seen,
        properties=api.seen_properties(runtime, event, brands=brands),
        examples={name: [_told(value) for value in values] for name, values in examples.items()},
        columns=PROPERTY_COLUMNS,
        declared_kinds=DECLARED_KINDS,
        query=urlencode({"type": event.type, "name": event.name}),
        urlencode=urlencode,
        **_words(runtime),
    )


def _words(runtime: Runtime) -> dict[str, Any]:
    return {
        "event_label": event_label,
        "event_icon": event_icon,
        "type_labels": TYPE_LABELS,
        "kind_words": KIND_WORDS,
        "sources": {one.id: one.name for one in sources_for(runtime, ())},
        "people": {one.id: one.name for one in list_users(runtime)},
    }


def _brands(request: AnyRequest) -> tuple[BrandId, ...]:
    """Return the brand that is looked at, else those the person is bound to."""
    brand = shell_of(request).brand
    return (brand,) if brand else brands_of(request)


def _asked_event(request: AnyRequest) -> EventName:
    return _event(request.query_params.get("type", ""), request.query_params.get("name", ""))


def _event(kind: str, name: str) -> EventName:
    found = kind if kind in get_args(EventType) else "track"
    return EventName(cast("EventType", found), name.replace("\0", ""))


def _is_shown(one: api.SeenEvent, shown: str) -> bool:
    if shown == "expected":
        return one.is_expected
    if shown == "unknown":
        return not one.is_expected and not one.origin
    return shown != "silent" or (one.is_expected and not sum(one.days))


def _said_of_properties(form: Form) -> dict[str, tuple[str, str]]:
    names, kinds, texts = form.every("property"), form.every("kind"), form.every("about")
    return {name: (kind.strip(), text.strip()) for name, kind, text in zip(names, kinds, texts, strict=False) if name}


def _told(value: str) -> str:
    """Return an example as people read it: texts without their quotes.

    >>> _told('"EUR"'), _told('{"a":1}')
    ('EUR', '{"a":1}')
    """
    return value.strip('"') if value.startswith('"') else value


ROUTES = (show_catalogue, show_event, show_values, describe_event, show_new_event, expect_event)
