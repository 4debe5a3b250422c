"""What the worker set aside: a section of the quarantine's page, and the button that lets it be taken up again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from litestar import Response, post

from stammgast.events.aside import STAGE_HELP, STAGE_LABELS, order_try_again, set_aside_counts, set_aside_page
from stammgast.kernel.errors import Invalid
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.processes.failing import FailingTask, failing_tasks
from stammgast.kernel.runtime import Runtime
from stammgast.kernel.set_aside import ACCOUNT, CUSTOMER, SetAside
from stammgast.web.contracts import Role
from stammgast.web.forms import SentForm
from stammgast.web.guards import person_of, requires
from stammgast.web.pages import redirect, runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.web.tables import Column
from stammgast.workspace.contracts import Actor

ANALYST = [requires(Role.ANALYST)]
ROWS = 50
COLUMNS = (
    Column(_("What")),
    Column(_("Error")),
    Column(_("Since"), is_hidden_small=True),
)
PAGES = {CUSTOMER: "/customers/", ACCOUNT: "/accounts/"}


@dataclass(frozen=True)
class AsideShown:
    """What the section shows. next: the number before which the following page begins. failing: tasks that go on failing."""

    rows: list[SetAside]
    next: int | None
    total: int
    failing: list[FailingTask]
    columns: tuple[Column, ...] = COLUMNS
    labels: Mapping[str, str] = field(default_factory=lambda: STAGE_LABELS)
    help: Mapping[str, str] = field(default_factory=lambda: STAGE_HELP)
    pages: Mapping[str, str] = field(default_factory=lambda: PAGES)


def aside_shown(runtime: Runtime, before: int | None) -> AsideShown:
    """Return the newest of what is set aside, before the number `before`."""
    rows = set_aside_page(runtime, limit=ROWS + 1, before=before)
    return AsideShown(
        rows=rows[:ROWS],
        next=rows[ROWS - 1].number if len(rows) > ROWS else None,
        total=sum(set_aside_counts(runtime).values()),
        failing=failing_tasks(runtime.settings.run_dir),
    )


@post("/connect/set-aside", guards=ANALYST, status_code=200, sync_to_thread=True)
def take_up_again(request: AnyRequest, form: SentForm) -> Response[Any]:
    """Let the chosen things be taken up again, or all of them."""
    is_all = form.text("all") == "yes"
    numbers = form.wholes("chosen")
    if not numbers and not is_all:
        raise Invalid(field="chosen", problem=_("choose at least one line"))
    order_try_again(runtime_of(request), by=Actor.of(person_of(request)), numbers=numbers, is_all=is_all)
    return redirect("/connect/quarantine", flash=_("It is taken up again; what works now leaves this list."))


ROUTES = (take_up_again,)
