"""What the worker set aside, for pages and API: shown with its error, and taken up again by an order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stammgast.events.orders import TRY_AGAIN, is_id, order_entry, split_order
from stammgast.kernel.errors import Invalid
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.log import LogWriter
from stammgast.kernel.runtime import Runtime
from stammgast.kernel.set_aside import (
    ACCOUNT,
    CUSTOMER,
    HISTORY,
    RULES,
    TIMER,
    WATCHER,
    SetAside,
    count_set_aside,
    list_set_aside,
)
from stammgast.workspace.api import changing
from stammgast.workspace.contracts import Actor

STAGE_LABELS: Mapping[str, str] = {
    TIMER: _("Timer"),
    CUSTOMER: _("Line in the list of customers"),
    ACCOUNT: _("Line in the list of accounts"),
    RULES: _("Identity rules"),
    HISTORY: _("Row for history"),
    WATCHER: _("Look at a customer"),
}
STAGE_HELP: Mapping[str, str] = {
    TIMER: _("What was to happen at a time did not."),
    CUSTOMER: _("The customer's page is right; the list shows them as they were before, or not at all."),
    ACCOUNT: _("The account's page is right; the list shows it as it was before, or not at all."),
    RULES: _("The rules that were ordered do not hold; the ones before do."),
    HISTORY: _("The event is on the profile; timelines and analyses lack it."),
    WATCHER: _(
        "The customer stays as last found; everybody else goes on. It is tried again every hour and at their next event."
    ),
}
ALL_MAX = 100_000
"""Most that one order "all" takes up; a person may order again."""


def set_aside_page(runtime: Runtime, *, limit: int, before: int | None = None) -> list[SetAside]:
    """Return what is set aside, newest first, before the number `before`."""
    with runtime.customers.read() as connection:
        return list_set_aside(connection, limit, before)


def set_aside_counts(runtime: Runtime) -> Mapping[str, int]:
    """Return how many are set aside, by stage."""
    with runtime.customers.read() as connection:
        return count_set_aside(connection)


def order_try_again(runtime: Runtime, *, by: Actor, numbers: Sequence[int] = (), is_all: bool = False) -> int:
    """Order the worker to take up again what it set aside; return how many. Raises Invalid for what names nothing."""
    if is_all:
        numbers = [one.number for one in set_aside_page(runtime, limit=ALL_MAX)]
    if not all(map(is_id, numbers)):
        raise Invalid(field="numbers", problem=_("a number that names nothing"))
    with changing(runtime, by) as change:
        change.note("set_aside.try_again", "", count=len(numbers))
    writer = runtime.service(LogWriter)
    for future in [writer.append(order_entry(one)) for one in split_order(TRY_AGAIN, numbers)]:
        future.result()
    return len(numbers)
