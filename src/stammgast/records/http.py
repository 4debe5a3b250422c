"""Management API of a customer's records: corrections, marks, identifiers, new customers, the whole record."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import delete, get, post, put
from litestar.params import JSONBody, PathParameter
from litestar.response import Stream

from stammgast.profiles.api import get_profile
from stammgast.profiles.api.pages import Reference
from stammgast.profiles.contracts import Profile
from stammgast.records import api
from stammgast.records.contracts import Mark, NewCustomer
from stammgast.records.exporting import json_parts
from stammgast.web.contracts import Role
from stammgast.web.guards import brands_of, person_of, requires
from stammgast.web.http import ApiController, name_in_path
from stammgast.web.pages import runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.workspace.api import record
from stammgast.workspace.contracts import Actor

AGENT = [requires(Role.AGENT)]
AGENT_OWN = [requires(Role.AGENT, bound="own")]
ANALYST_OWN = [requires(Role.ANALYST, bound="own")]
TraitName = Annotated[str, PathParameter(max_length=api.NAME_LENGTH_MAX, description="The trait as it is sent.")]


class CorrectionOrder(msgspec.Struct):
    """The value that counts from now on; null takes the trait away."""

    value: Any


class MarkOrder(msgspec.Struct):
    """`staff` or `test` leave the customer out of lists and counts; empty takes the mark away."""

    mark: Mark


class IdentifierOrder(msgspec.Struct):
    """An identifier that is this customer's too: `email`, `phone` or `user_id`."""

    namespace: str
    value: Annotated[str, msgspec.Meta(max_length=api.IDENTIFIER_LENGTH_MAX)]


class CorrectionAnswer(msgspec.Struct):
    """A correction that was not taken back; a null value took the trait away."""

    trait: str
    value: Any


class CorrectionsAnswer(msgspec.Struct):
    """Corrections by name of the trait."""

    corrections: list[CorrectionAnswer]


class CreatedAnswer(msgspec.Struct):
    """How the new customer can be named in addresses, once the worker has taken them in: mostly within a tenth of a second."""

    reference: str


class RecordsController(ApiController):
    """What people say of customers themselves."""

    path = "/api/profiles"
    tags = ("Records",)

    @post(guards=AGENT, summary="Create a customer", sync_to_thread=True)
    def create(self, request: AnyRequest, data: JSONBody[NewCustomer]) -> CreatedAnswer:
        """At least one of mail, phone and user id is needed. One that is on record already is refused."""
        pair, _position = api.create_customer(runtime_of(request), person_of(request), data)
        return CreatedAnswer(f"{pair[0]}:{pair[1]}")

    @get(
        "/{reference:str}/corrections",
        guards=AGENT_OWN,
        summary="List a customer's corrected traits",
        sync_to_thread=True,
    )
    def corrections(self, request: AnyRequest, reference: Reference) -> CorrectionsAnswer:
        """Those that were not taken back."""
        profile = _profile(request, reference)
        found = api.corrections_of(runtime_of(request), profile, person_of(request))
        return CorrectionsAnswer([CorrectionAnswer(name, value) for name, value in sorted(found.items())])

    @put(
        "/{reference:str}/corrections/{trait:str}",
        guards=AGENT_OWN,
        summary="Correct a trait",
        status_code=204,
        sync_to_thread=True,
    )
    def correct(
        self, request: AnyRequest, reference: Reference, trait: TraitName, data: JSONBody[CorrectionOrder]
    ) -> None:
        """It counts before all that sources say, as the trait's policy has it."""
        profile = _profile(request, reference)
        api.correct_trait(runtime_of(request), person_of(request), profile, name_in_path(trait), data.value)

    @delete(
        "/{reference:str}/corrections/{trait:str}",
        guards=AGENT_OWN,
        summary="Take a correction back",
        sync_to_thread=True,
    )
    def take_back(self, request: AnyRequest, reference: Reference, trait: TraitName) -> None:
        """What sources say counts again."""
        profile = _profile(request, reference)
        api.take_back_correction(runtime_of(request), person_of(request), profile, name_in_path(trait))

    @put(
        "/{reference:str}/mark",
        guards=AGENT_OWN,
        summary="Mark a customer as staff or test",
        status_code=204,
        sync_to_thread=True,
    )
    def mark(self, request: AnyRequest, reference: Reference, data: JSONBody[MarkOrder]) -> None:
        """Such customers are left out of lists and counts of customers."""
        api.mark_customer(runtime_of(request), person_of(request), _profile(request, reference), data.mark)

    @post(
        "/{reference:str}/identifiers", guards=AGENT, summary="Add an identifier", status_code=204, sync_to_thread=True
    )
    def add_identifier(self, request: AnyRequest, reference: Reference, data: JSONBody[IdentifierOrder]) -> None:
        """The identity rules decide as for any event. One that is somebody else's is refused."""
        profile = _profile(request, reference)
        api.add_identifier(runtime_of(request), person_of(request), profile, data.namespace, data.value)

    @get("/{reference:str}/export", guards=ANALYST_OWN, summary="Export all of a customer", sync_to_thread=True)
    def export(self, request: AnyRequest, reference: Reference) -> Stream:
        """Who they are, what was said, written and done, and every event as it came in."""
        runtime, person, profile = runtime_of(request), person_of(request), _profile(request, reference)
        record(runtime, Actor.of(person), "customer.export", f"profile {profile.profile}", format="json")
        return Stream(json_parts(runtime, profile, person), media_type="application/json")


CONTROLLERS = (RecordsController,)


def _profile(request: AnyRequest, reference: str) -> Profile:
    return get_profile(runtime_of(request), name_in_path(reference), brands_of(request))
