"""Management API of the catalogue: events, their properties and values, and what people say of them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import get, put
from litestar.params import FromQuery, JSONBody, QueryParameter

from stammgast.events import api
from stammgast.events.catalogue.contracts import EventDescription, EventName, PropertyKind, SeenEvent, SeenProperty
from stammgast.events.contracts import EventType
from stammgast.events.reading import NAME_LENGTH_MAX, PROPERTIES_MAX
from stammgast.kernel.errors import Invalid
from stammgast.kernel.ids import UserId
from stammgast.web.contracts import Role
from stammgast.web.guards import brands_of, person_of, requires
from stammgast.web.http import ApiController, iso_time
from stammgast.web.pages import runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.workspace.contracts import Actor

OWN = [requires(Role.VIEWER, bound="own")]
ANALYST = [requires(Role.ANALYST)]
LIMIT_MAX = 1_000
Text = Annotated[str, msgspec.Meta(max_length=2_000, pattern=r"^[^\x00]*$")]
Name = Annotated[str, msgspec.Meta(max_length=NAME_LENGTH_MAX, pattern=r"^[^\x00]*$")]
Query = Annotated[str, QueryParameter(name="query", max_length=300, description="Part of a name or value.")]
Number = Annotated[int, msgspec.Meta(ge=1, le=2_147_483_647)]


class CatalogueEvent(msgspec.Struct, rename="camel"):
    """An event. `days`: of each of the last 30 days, today last. Pages and screens have no name here: all are one."""

    type: EventType
    name: str
    events: int
    first_at: str | None
    last_at: str | None
    days: list[int]
    sources: list[int]
    origin: str
    description: str
    owner: int | None
    expected: bool


class CatalogueProperty(msgspec.Struct, rename="camel"):
    """A property of an event. `kinds`: kind of value -> events; `kind`: what it is, as declared or as most values are."""

    name: str
    kind: PropertyKind
    declared: PropertyKind | None
    kinds: dict[str, int]
    events: int
    last_at: str | None
    description: str
    examples: list[str]
    """As JSON."""


class CatalogueEventInFull(CatalogueEvent, rename="camel"):
    """An event with its properties."""

    properties: list[CatalogueProperty] = []


class ValueAnswer(msgspec.Struct):
    """A value as text, and how many events carry it."""

    value: str
    events: int


class PropertySaid(msgspec.Struct):
    """What is said of a property: the kind it is declared to be, and what it means."""

    kind: PropertyKind | None = None
    description: Text = ""


class EventSaid(msgspec.Struct):
    """What is said of an event. `properties` left out: what was said of them stays."""

    description: Text = ""
    owner: Number | None = None
    expected: bool = False
    properties: Annotated[dict[Name, PropertySaid], msgspec.Meta(max_length=PROPERTIES_MAX)] | None = None


class CatalogueController(ApiController):
    """The event catalogue."""

    path = "/api/catalogue"
    tags = ("Catalogue",)

    @get("/events", guards=OWN, summary="List events", sync_to_thread=True)
    def list_events(self, request: AnyRequest, text: Query = "", limit: FromQuery[int] = 100) -> list[CatalogueEvent]:
        """Most frequent first, at most half a minute late. `query`: only those whose name or description holds it."""
        found = api.seen_events(
            runtime_of(request), text=text, brands=brands_of(request), limit=max(0, min(limit, LIMIT_MAX))
        )
        return [CatalogueEvent(**_event_fields(one)) for one in found]

    @get("/event", guards=OWN, summary="Get an event with its properties", sync_to_thread=True)
    def show(
        self,
        request: AnyRequest,
        name: FromQuery[str] = "",
        type: FromQuery[EventType] = "track",  # noqa: A002 - the parameter's name
    ) -> CatalogueEventInFull:
        """One event; of identify and group, the properties are traits."""
        return _in_full(request, EventName(type, name))

    @put("/event", guards=ANALYST, summary="Say what an event means", sync_to_thread=True)
    def say(
        self,
        request: AnyRequest,
        data: JSONBody[EventSaid],
        name: FromQuery[str] = "",
        type: FromQuery[EventType] = "track",  # noqa: A002 - the parameter's name
    ) -> CatalogueEventInFull:
        """Replaces what was said before. An event that never came may be described, too."""
        if len(name) > NAME_LENGTH_MAX or "\0" in name:
            raise Invalid(field="name", problem="is too long or holds NUL")
        event, by = EventName(type, name), Actor.of(person_of(request))
        owner = None if data.owner is None else UserId(data.owner)
        api.describe_event(runtime_of(request), by, event, EventDescription(data.description, owner, data.expected))
        if data.properties is not None:
            said = {prop: (one.kind or "", one.description) for prop, one in data.properties.items()}
            api.describe_properties(runtime_of(request), by, event, said)
        return _in_full(request, event)

    @get("/values", guards=OWN, summary="List the values of a property", sync_to_thread=True)
    def list_values(
        self,
        request: AnyRequest,
        property: FromQuery[str],  # noqa: A002 - the parameter's name
        name: FromQuery[str] = "",
        type: FromQuery[EventType] = "track",  # noqa: A002 - the parameter's name
        text: Query = "",
        limit: FromQuery[int] = 20,
    ) -> list[ValueAnswer]:
        """Most frequent first. `query`: only those that hold it. Of pages and screens, `name` is what they call themselves."""
        found = api.property_values(
            runtime_of(request),
            EventName(type, name),
            property,
            text=text,
            brands=brands_of(request),
            limit=max(1, min(limit, LIMIT_MAX)),
        )
        return [ValueAnswer(one.value, one.events) for one in found]


def _in_full(request: AnyRequest, event: EventName) -> CatalogueEventInFull:
    runtime, brands = runtime_of(request), brands_of(request)
    seen = api.seen_event(runtime, event, brands=brands)
    examples = api.example_values(runtime, event, brands=brands)
    properties = [
        _property(one, list(examples.get(one.name, ()))) for one in api.seen_properties(runtime, event, brands=brands)
    ]
    return CatalogueEventInFull(**_event_fields(seen), properties=properties)


def _event_fields(one: SeenEvent) -> dict[str, Any]:
    return {
        "type": one.event.type,
        "name": one.event.name,
        "events": one.events,
        "first_at": iso_time(one.first_at),
        "last_at": iso_time(one.last_at),
        "days": list(one.days),
        "sources": list(one.sources),
        "origin": one.origin,
        "description": one.description,
        "owner": one.owner,
        "expected": one.is_expected,
    }


def _property(one: SeenProperty, examples: list[str]) -> CatalogueProperty:
    return CatalogueProperty(
        one.name,
        one.kind,
        one.declared,
        dict(one.kinds),
        one.events,
        iso_time(one.last_at),
        one.description,
        examples,
    )


CONTROLLERS = (CatalogueController,)
