"""Management API of what the worker set aside."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import JSONBody, Parameter

from stammgast.events.aside import order_try_again, set_aside_counts, set_aside_page
from stammgast.events.http_api import LIMIT_MAX, Number, OrderAnswer
from stammgast.kernel.errors import Invalid
from stammgast.kernel.processes.failing import failing_tasks
from stammgast.web.contracts import Role
from stammgast.web.guards import person_of, requires
from stammgast.web.http import ApiController, iso_time
from stammgast.web.pages import runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.workspace.contracts import Actor

AGENT = [requires(Role.AGENT)]
ANALYST = [requires(Role.ANALYST)]


class AsideAnswer(msgspec.Struct):
    """One thing that failed again and again. `stage` and `key` name it, `error` is the kind of its last error."""

    number: int
    stage: str
    key: str
    error: str
    since: str | None


class FailingAnswer(msgspec.Struct):
    """A task that fails again and again and is tried at each of its turns."""

    process: str
    task: str
    error: str
    failures: int
    since: str | None


class AsidePage(msgspec.Struct):
    """A page of what is set aside, newest first. `next` is what to pass as `before`, null at the end; `counts` by stage."""

    set_aside: list[AsideAnswer] = msgspec.field(name="setAside")
    next: int | None
    counts: dict[str, int]
    failing: list[FailingAnswer]


class AsideOrder(msgspec.Struct):
    """Which things: by `numbers`, or all."""

    numbers: Annotated[list[Number], msgspec.Meta(max_length=10_000)] = []
    all: bool = False


class SetAsideController(ApiController):
    """What the worker set aside so that the rest goes on."""

    path = "/api/set-aside"
    tags = ("Quarantine",)

    @get(guards=AGENT, summary="List what the worker set aside", sync_to_thread=True)
    def list_aside(
        self,
        request: AnyRequest,
        before: Annotated[int | None, Parameter(ge=1, le=2**53)] = None,
        limit: Annotated[int, Parameter(ge=1, le=LIMIT_MAX)] = 50,
    ) -> AsidePage:
        """Newest first, with the tasks that go on failing beside it."""
        runtime = runtime_of(request)
        page = set_aside_page(runtime, before=before, limit=limit + 1)
        return AsidePage(
            set_aside=[
                AsideAnswer(one.number, one.stage, one.key, one.error, iso_time(one.at)) for one in page[:limit]
            ],
            next=page[limit - 1].number if len(page) > limit else None,
            counts=dict(set_aside_counts(runtime)),
            failing=[
                FailingAnswer(one.process, one.name, one.error, one.failures, iso_time(one.since))
                for one in failing_tasks(runtime.settings.run_dir)
            ],
        )

    @post("/try-again", guards=ANALYST, status_code=202, summary="Take up again what is set aside", sync_to_thread=True)
    def try_again(self, request: AnyRequest, data: JSONBody[AsideOrder]) -> OrderAnswer:
        """The worker tries once more within moments; what fails again comes back."""
        if bool(data.numbers) == data.all:
            raise Invalid(field="numbers", problem="name either numbers or all")
        by = Actor.of(person_of(request))
        return OrderAnswer(order_try_again(runtime_of(request), by=by, numbers=data.numbers, is_all=data.all))


CONTROLLERS = (SetAsideController,)
