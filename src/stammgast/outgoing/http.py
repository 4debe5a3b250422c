"""Management API of what leaves the house: targets and deliveries."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import delete, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from stammgast.outgoing import api
from stammgast.outgoing.contracts import Attempt, Delivery, Health, State, Target
from stammgast.outgoing.entering import Entered, entered
from stammgast.web.contracts import Role
from stammgast.web.guards import person_of, requires
from stammgast.web.http import ApiController, iso_time
from stammgast.web.pages import runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.workspace.contracts import Actor

ANALYST = [requires(Role.ANALYST)]
ADMINISTRATOR = [requires(Role.ADMINISTRATOR)]
LIMIT_MAX = 500

Number = Annotated[int, msgspec.Meta(ge=1, le=2_147_483_647)]
LongNumber = Annotated[int, msgspec.Meta(ge=1, le=2**53)]
Limit = Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)]
Before = Annotated[
    int | None, QueryParameter(ge=1, le=2**53, description="The `next` of the page before; empty for the first.")
]
Asked = Annotated[
    int | None,
    QueryParameter(ge=0, le=2_147_483_647, description="A target's number; 0: mails that no sender is there for."),
]
Standing = Annotated[State | None, QueryParameter(name="state", description="Where it stands.")]
Key = Annotated[str | None, QueryParameter(max_length=200, description="Of the one delivery that was ordered by it.")]


class NewTarget(Entered, rename="camel", frozen=True, kw_only=True):
    """A target. `password` is a sender's log-in; left empty it stays as it is."""

    password: str = ""


class SecretAnswer(msgspec.Struct, rename="camel"):
    """A secret as far as it is told: its last four characters (a password: none), and when it ends, null while it holds."""

    hint: str
    made_at: str | None
    ends_at: str | None


class HealthAnswer(msgspec.Struct, rename="camel"):
    """How a target answers. `failures` in a row; `closed`: its receiver says it is gone, and nobody has opened it since."""

    failures: int
    last_sent_at: str | None
    last_failed_at: str | None
    resting_until: str | None
    closed: bool
    waiting: int
    sent: int
    failed: int


class TargetAnswer(Entered, rename="camel", frozen=True, kw_only=True):
    """A target, how it answers, and what is told of its secrets."""

    id: int
    is_on: bool
    created_at: str | None
    health: HealthAnswer
    secrets: list[SecretAnswer]


class TargetSecretAnswer(TargetAnswer, rename="camel", frozen=True, kw_only=True):
    """A target with its new signing secret, told only here; empty where there is none."""

    secret: str


class Rotation(msgspec.Struct, rename="camel"):
    """How long the old secret signs too, in hours, and the new one if it is to be yours."""

    grace_hours: Annotated[int, msgspec.Meta(ge=0, le=24 * 90)] = 24
    secret: Annotated[str, msgspec.Meta(max_length=200)] = ""


class Switch(msgspec.Struct):
    """Whether the target is on."""

    on: bool


class Test(msgspec.Struct):
    """Who gets the test mail of a sender."""

    address: Annotated[str, msgspec.Meta(max_length=320)] = ""


class TestAnswer(msgspec.Struct):
    """The key of the test's delivery."""

    key: str


class AttemptAnswer(msgspec.Struct):
    """One attempt. `status`: of HTTP or SMTP, 0 for none."""

    number: int
    at: str | None
    millis: int
    outcome: str
    status: int
    detail: str


class DeliveryAnswer(msgspec.Struct, rename="camel"):
    """A mail or a call and how far it is. `title`: subject of a mail, type of a webhook. `profile`: null for nobody."""

    id: int
    key: str
    kind: str
    target: int
    purpose: str
    title: str
    profile: int | None
    brand: int
    state: State
    attempts: int
    ordered_at: str | None
    next_at: str | None
    ended_at: str | None
    reason: str
    detail: str


class DeliveryDetail(DeliveryAnswer, rename="camel"):
    """A delivery with its attempts, newest first."""

    attempt_list: list[AttemptAnswer] = []


class DeliveriesAnswer(msgspec.Struct):
    """A page of deliveries, newest first. `next` is what to pass as `before`, null at the end."""

    deliveries: list[DeliveryAnswer]
    next: int | None


class TargetsController(ApiController):
    """Where mails and webhooks go."""

    path = "/api/outgoing/targets"
    tags = ("Outgoing",)

    @get(guards=ANALYST, summary="List targets", sync_to_thread=True)
    def list_targets(self, request: AnyRequest) -> list[TargetAnswer]:
        """All targets by name; never their secrets."""
        runtime = runtime_of(request)
        health, counts = api.all_health(runtime), api.counts(runtime)
        return [
            TargetAnswer(**_facts(one, health.get(one.id, Health()), counts.get(one.id, api.Counts())))
            for one in api.list_targets(runtime)
        ]

    @post(guards=ADMINISTRATOR, summary="Make a target", sync_to_thread=True)
    def create(self, request: AnyRequest, data: JSONBody[NewTarget]) -> TargetSecretAnswer:
        """The answer holds a webhook's signing secret; it is told only here."""
        made = api.create_target(runtime_of(request), _by(request), data.facts(), password=data.password)
        return TargetSecretAnswer(**_facts(made.target, Health(), api.Counts()), secret=made.secret)

    @get("/{number:int}", guards=ANALYST, summary="Get a target", sync_to_thread=True)
    def show(self, request: AnyRequest, number: FromPath[Number]) -> TargetAnswer:
        """One target."""
        return _answer(request, api.target(runtime_of(request), number))

    @put("/{number:int}", guards=ADMINISTRATOR, summary="Change a target", sync_to_thread=True)
    def change(self, request: AnyRequest, number: FromPath[Number], data: JSONBody[NewTarget]) -> TargetAnswer:
        """What is left out gets its usual value; an empty password stays."""
        changed = api.change_target(runtime_of(request), _by(request), number, data.facts(), password=data.password)
        return _answer(request, changed)

    @delete("/{number:int}", guards=ADMINISTRATOR, summary="Remove a target", sync_to_thread=True)
    def remove(self, request: AnyRequest, number: FromPath[Number]) -> None:
        """What waits for it fails; what it got stays to be read."""
        api.remove_target(runtime_of(request), _by(request), number)

    @post(
        "/{number:int}/switch", guards=ADMINISTRATOR, status_code=200, summary="Switch on or off", sync_to_thread=True
    )
    def switch(self, request: AnyRequest, number: FromPath[Number], data: JSONBody[Switch]) -> TargetAnswer:
        """Off: what is for it waits. On: also opens one that its receiver closed."""
        return _answer(request, api.switch_target(runtime_of(request), _by(request), number, is_on=data.on))

    @post("/{number:int}/rotate", guards=ADMINISTRATOR, summary="Give a webhook a new secret", sync_to_thread=True)
    def rotate(self, request: AnyRequest, number: FromPath[Number], data: JSONBody[Rotation]) -> TargetSecretAnswer:
        """For `graceHours` each call carries two signatures, by the old secret and by the new one."""
        made = api.rotate_secret(
            runtime_of(request), _by(request), number, grace_hours=data.grace_hours, secret=data.secret
        )
        health, counts = _standing(request, made.target)
        return TargetSecretAnswer(**_facts(made.target, health, counts), secret=made.secret)

    @post("/{number:int}/test", guards=ADMINISTRATOR, status_code=202, summary="Send a test", sync_to_thread=True)
    def test(self, request: AnyRequest, number: FromPath[Number], data: JSONBody[Test]) -> TestAnswer:
        """It goes out within a second; its delivery tells how it went."""
        return TestAnswer(api.send_test(runtime_of(request), _by(request), number, data.address))

    @post(
        "/{number:int}/replay", guards=ANALYST, status_code=202, summary="Send again what failed", sync_to_thread=True
    )
    def replay(self, request: AnyRequest, number: FromPath[Number]) -> None:
        """Everything that failed at this target goes again, under its old ids."""
        api.replay_all(runtime_of(request), _by(request), number)


class DeliveriesController(ApiController):
    """What waits, failed and was sent."""

    path = "/api/outgoing/deliveries"
    tags = ("Outgoing",)

    @get(guards=ANALYST, summary="List deliveries", sync_to_thread=True)
    def list_deliveries(
        self,
        request: AnyRequest,
        target: Asked = None,
        standing: Standing = None,
        key: Key = None,
        before: Before = None,
        limit: Limit = 50,
    ) -> DeliveriesAnswer:
        """Newest first, by target (0: mails that no sender is there for), state or key."""
        if key is not None:
            found = api.delivery_of_key(runtime_of(request), key.replace("\0", ""))
            return DeliveriesAnswer([] if found is None else [DeliveryAnswer(**_delivery(found))], None)
        page = api.list_deliveries(runtime_of(request), target=target, state=standing, before=before, limit=limit)
        return DeliveriesAnswer([DeliveryAnswer(**_delivery(one)) for one in page.deliveries], page.before)

    @get("/{number:int}", guards=ANALYST, summary="Get a delivery", sync_to_thread=True)
    def show(self, request: AnyRequest, number: FromPath[LongNumber]) -> DeliveryDetail:
        """One delivery with its attempts."""
        found = api.delivery(runtime_of(request), number)
        attempts = api.attempts_at(runtime_of(request), delivery=number, limit=100)
        return DeliveryDetail(**_delivery(found), attempt_list=[_attempt(one) for one in attempts])

    @post("/{number:int}/replay", guards=ANALYST, status_code=202, summary="Send again", sync_to_thread=True)
    def replay(self, request: AnyRequest, number: FromPath[LongNumber]) -> None:
        """Only what failed."""
        api.replay(runtime_of(request), _by(request), number)

    @post("/{number:int}/discard", guards=ANALYST, status_code=202, summary="Let go", sync_to_thread=True)
    def discard(self, request: AnyRequest, number: FromPath[LongNumber]) -> None:
        """Only what waits or failed."""
        api.discard(runtime_of(request), _by(request), number)


def _answer(request: AnyRequest, one: Target) -> TargetAnswer:
    return TargetAnswer(**_facts(one, *_standing(request, one)))


def _standing(request: AnyRequest, one: Target) -> tuple[Health, api.Counts]:
    runtime = runtime_of(request)
    return api.target_health(runtime, one), api.counts(runtime).get(one.id, api.Counts())


def _facts(one: Target, health: Health, counts: api.Counts) -> dict[str, Any]:
    secrets = [SecretAnswer(each.hint, iso_time(each.made_at), iso_time(each.ends_at)) for each in one.secrets]
    told = HealthAnswer(
        failures=health.failures,
        last_sent_at=iso_time(health.last_sent_at or None),
        last_failed_at=iso_time(health.last_failed_at or None),
        resting_until=iso_time(health.resting_until or None),
        closed=health.is_closed(one),
        waiting=counts.waiting + counts.sending,
        sent=health.sent,
        failed=counts.failed,
    )
    own = {"id": one.id, "is_on": one.is_on, "created_at": iso_time(one.created_at), "health": told, "secrets": secrets}
    return msgspec.structs.asdict(entered(one)) | own


def _delivery(one: Delivery) -> dict[str, Any]:
    return {
        "id": one.number,
        "key": one.key,
        "kind": one.kind,
        "target": one.target,
        "purpose": one.purpose,
        "title": one.title,
        "profile": one.profile or None,
        "brand": one.brand,
        "state": one.state,
        "attempts": one.attempts,
        "ordered_at": iso_time(one.created_at),
        "next_at": iso_time(one.next_at) if one.state == "waiting" else None,
        "ended_at": iso_time(one.ended_at or None),
        "reason": one.reason,
        "detail": one.detail,
    }


def _attempt(one: Attempt) -> AttemptAnswer:
    return AttemptAnswer(one.number, iso_time(one.at), one.millis, one.outcome, one.status, one.detail)


def _by(request: AnyRequest) -> Actor:
    return Actor.of(person_of(request))


CONTROLLERS = (TargetsController, DeliveriesController)
