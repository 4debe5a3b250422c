"""Management API of counting figures anew."""

from __future__ import annotations

import msgspec
from litestar import get, post
from litestar.params import JSONBody

from stammgast.profiles import api
from stammgast.profiles.recounts.contracts import Action, Recount, RecountState
from stammgast.profiles.recounts.ordering import order_recount
from stammgast.web.contracts import Role
from stammgast.web.guards import person_of, requires
from stammgast.web.http import ApiController, iso_time
from stammgast.web.pages import runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.workspace.contracts import Actor

FIGURES_MAX = 100


class SetAsideAnswer(msgspec.Struct, rename="camel"):
    """Numbers, first to last, that could not be counted: of sets of identifiers (`customers`) or of accounts."""

    kind: str
    first: int
    last: int
    attempts: int
    error: str
    at: str | None


class RecountAnswer(msgspec.Struct, rename="camel"):
    """The newest counting anew. `percent` is 100 only when it is done; `lacking` events keep a blocked one from beginning.

    `features` names what is counted, `changed` how many sets of identifiers came to other figures than before.
    """

    number: int
    state: RecountState
    percent: int
    features: list[str]
    events: int
    events_total: int
    changed: int
    lacking: int
    waits_for_history: bool
    begun_at: str | None
    ended_at: str | None
    set_aside: list[SetAsideAnswer]


class OrderBody(msgspec.Struct, rename="camel"):
    """What to do. `features` (none: all) and `anyway` go with `start`."""

    action: Action
    features: list[str] = []
    anyway: bool = False


class OrderAnswer(msgspec.Struct):
    """The number of the order; the worker obeys within two seconds."""

    order: int


class RecountController(ApiController):
    """Figures counted anew from history."""

    path = "/api/recount"
    tags = ("Operations",)

    @get(guards=[requires(Role.VIEWER, bound="same")], sync_to_thread=True, summary="How far counting anew is")
    def show(self, request: AnyRequest) -> RecountAnswer:
        """The newest one: under way, paused or done."""
        return recount_answer(api.recount(runtime_of(request)))

    @post(
        guards=[requires(Role.ADMINISTRATOR)],
        sync_to_thread=True,
        status_code=202,
        summary="Count figures anew, pause, resume",
    )
    def order(self, request: AnyRequest, data: JSONBody[OrderBody]) -> OrderAnswer:
        """Order it; what is counted stays counted through pauses and restarts."""
        by = Actor.of(person_of(request))
        features = data.features[:FIGURES_MAX]
        return OrderAnswer(order_recount(runtime_of(request), by, data.action, features, is_forced=data.anyway))


CONTROLLERS = (RecountController,)


def recount_answer(found: Recount) -> RecountAnswer:
    """Return what the API tells of a recount."""
    return RecountAnswer(
        number=found.number,
        state=found.state,
        percent=found.percent,
        features=list(found.features),
        events=found.events,
        events_total=found.events_total,
        changed=found.changed,
        lacking=found.lacking,
        waits_for_history=found.note == "history",
        begun_at=iso_time(found.begun_at) if found.begun_at else None,
        ended_at=iso_time(found.ended_at) if found.ended_at else None,
        set_aside=[
            SetAsideAnswer(one.kind, one.first, one.last, one.attempts, one.error, iso_time(one.at))
            for one in found.parts
        ],
    )
