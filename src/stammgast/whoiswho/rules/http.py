"""Management API of the identity rules: versions, dry runs, applying, how far it is."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import JSONBody, PathParameter

from stammgast.identity.graph.rules import GraphRules, read_rules, write_rules
from stammgast.identity.rulebook.contracts import RulesEffect, RulesProgress, RulesVersion, Trial
from stammgast.kernel.errors import Invalid
from stammgast.kernel.i18n import marked as _
from stammgast.web.contracts import Role
from stammgast.web.guards import person_of, requires
from stammgast.web.http import ApiController, iso_time
from stammgast.web.pages import runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.whoiswho.rules import book
from stammgast.workspace.contracts import Actor

ANALYST = [requires(Role.ANALYST)]
ADMINISTRATOR = [requires(Role.ADMINISTRATOR)]
RULES_LENGTH_MAX = 100_000
VersionNumber = Annotated[int, PathParameter(ge=1, le=2_147_483_647, description="Of a saved version; 1 is the first.")]
TrialNumber = Annotated[int, PathParameter(ge=1, le=2_147_483_647)]


class NewRulesVersion(msgspec.Struct, frozen=True):
    """Rules as YAML or JSON text, as `yaml` of a version gives them; what they leave out keeps its default."""

    yaml: Annotated[str, msgspec.Meta(max_length=RULES_LENGTH_MAX)]
    note: Annotated[str, msgspec.Meta(max_length=book.NOTE_LENGTH_MAX)] = ""


class RulesAnswer(msgspec.Struct, rename="camel"):
    """A version of the rules. `yaml` is the same as a file. `inForce`: the worker goes by it."""

    version: int
    in_force: bool
    note: str
    saved_by: str
    saved_at: str | None
    rules: GraphRules
    yaml: str


class ApplicationAnswer(msgspec.Struct, rename="camel"):
    """An order to go by a version. state: in_force, ordered (waiting or on its way), past, replaced (never took effect)."""

    version: int
    person: str
    ordered_at: str | None
    applied_at: str | None
    state: str
    effect: RulesEffect | None


class RulesbookAnswer(msgspec.Struct, rename="camel"):
    """How the rules stand. `progress` is of the application on its way; `previous` the version to go back to."""

    in_force: int
    previous: int | None
    ordered: int | None
    progress: RulesProgress | None
    versions: list[RulesAnswer]
    applications: list[ApplicationAnswer]


class TrialAnswer(msgspec.Struct, rename="camel"):
    """A dry run. state: waiting, running, done, failed. `effect` says what the version would do, once it is done."""

    id: int
    version: int
    base: int
    state: str
    ordered_by: str
    ordered_at: str | None
    ended_at: str | None
    progress: RulesProgress | None
    effect: RulesEffect | None
    problem: str


class AppliedAnswer(msgspec.Struct):
    """The order's place in the log; `GET /api/identity/rules` says how far it is."""

    position: int


class RulesController(ApiController):
    """The rules of identity: which identifiers link, how many a customer may have, what is a placeholder."""

    path = "/api/identity/rules"
    tags = ("Identity",)

    @get(guards=ANALYST, summary="Read the rulebook", sync_to_thread=True)
    def rulebook(self, request: AnyRequest) -> RulesbookAnswer:
        """All versions, which one is in force, what is being applied and how far."""
        runtime = runtime_of(request)
        now = book.standing(runtime)
        return RulesbookAnswer(
            in_force=now.in_force.version,
            previous=None if now.previous is None else now.previous.version,
            ordered=None if now.ordered is None else now.ordered.version,
            progress=now.progress,
            versions=[_answer(one, now.in_force) for one in book.versions(runtime)],
            applications=[_application(one) for one in now.applications],
        )

    @post(guards=ADMINISTRATOR, status_code=201, summary="Save a version of the rules", sync_to_thread=True)
    def save(self, request: AnyRequest, data: JSONBody[NewRulesVersion]) -> RulesAnswer:
        """Keep rules as the next version. Nothing goes by them before they are applied."""
        runtime = runtime_of(request)
        if not data.yaml.strip():
            raise Invalid(field="yaml", problem=_("write the rules as YAML; the first version shows how"))
        made = book.save_version(runtime, _by(request), read_rules(data.yaml), data.note)
        return _answer(made, book.standing(runtime).in_force)

    @get("/{version:int}", guards=ANALYST, summary="Read a version of the rules", sync_to_thread=True)
    def version(self, request: AnyRequest, version: VersionNumber) -> RulesAnswer:
        """One version, also as a file."""
        runtime = runtime_of(request)
        return _answer(book.version(runtime, version), book.standing(runtime).in_force)

    @post("/{version:int}/dry-run", guards=ANALYST, status_code=202, summary="Order a dry run", sync_to_thread=True)
    def try_version(self, request: AnyRequest, version: VersionNumber) -> TrialAnswer:
        """Resolve everything known under a version, changing nothing; read the result under its id."""
        return _trial(book.order_trial(runtime_of(request), _by(request), version))

    @get("/dry-runs/{trial:int}", guards=ANALYST, summary="Read a dry run", sync_to_thread=True)
    def trial(self, request: AnyRequest, trial: TrialNumber) -> TrialAnswer:
        """How far it is, or what the rules would do."""
        return _trial(book.trial(runtime_of(request), trial))

    @post(
        "/{version:int}/apply",
        guards=ADMINISTRATOR,
        status_code=202,
        summary="Apply a version of the rules",
        sync_to_thread=True,
    )
    def apply(self, request: AnyRequest, version: VersionNumber) -> AppliedAnswer:
        """Let a version hold for everything known and to come. Applying an earlier version takes a change back."""
        return AppliedAnswer(book.apply_version(runtime_of(request), _by(request), version))


CONTROLLERS = (RulesController,)


def _by(request: AnyRequest) -> Actor:
    return Actor.of(person_of(request))


def _answer(found: RulesVersion, in_force: GraphRules) -> RulesAnswer:
    return RulesAnswer(
        version=found.version,
        in_force=found.rules == in_force,
        note=found.note,
        saved_by=found.saved_by,
        saved_at=iso_time(found.saved_at or None),
        rules=found.rules,
        yaml=write_rules(found.rules),
    )


def _application(one: book.Application) -> ApplicationAnswer:
    return ApplicationAnswer(
        one.version, one.person, iso_time(one.ordered_at), iso_time(one.applied_at), one.state, one.effect
    )


def _trial(one: Trial) -> TrialAnswer:
    return TrialAnswer(
        id=one.id,
        version=one.version,
        base=one.base,
        state=one.state,
        ordered_by=one.ordered_by,
        ordered_at=iso_time(one.ordered_at),
        ended_at=iso_time(one.ended_at),
        progress=one.progress,
        effect=one.effect,
        problem=one.problem,
    )
