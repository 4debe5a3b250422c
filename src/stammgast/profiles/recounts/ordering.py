"""What people may order about counting anew: all or some figures once more, pause, resume, trying again what was set aside."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from stammgast.kernel.errors import Invalid
from stammgast.kernel.history import HistoryClient
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.runtime import Runtime
from stammgast.profiles.folding import folding_of
from stammgast.profiles.recounts.contracts import ACCOUNTS, Action, Recount, RecountOrder
from stammgast.profiles.recounts.facts import Wanted, count_looked_at, count_rows
from stammgast.profiles.recounts.keeping import read_recount, versions_of
from stammgast.profiles.store import accounts, ledger, recount_orders, states
from stammgast.workspace.api import changing, revision
from stammgast.workspace.contracts import Actor


class RecountLook(msgspec.Struct, frozen=True):
    """What counting some figures anew would go through. `lacking`: events taken in that history has not, or not yet."""

    features: tuple[str, ...]
    customers: int
    """Sets of identifiers with figures; a customer has one or more."""
    accounts: int
    events: int
    lacking: int


def features_there(runtime: Runtime) -> tuple[str, ...]:
    """Return the names of all figures that can be counted anew."""
    return (*(one.name for one in folding_of(runtime).features), ACCOUNTS)


def order_recount(
    runtime: Runtime, by: Actor, action: Action, features: Sequence[str] = (), *, is_forced: bool = False
) -> int:
    """Leave an order for the worker, which obeys within a second or two; return its number. Raises Invalid."""
    chosen = _checked(runtime, features)
    with changing(runtime, by) as change:
        number = recount_orders.add_order(change.connection, action, chosen, by.name, is_forced=is_forced)
        change.note(f"recount.{action}", ", ".join(chosen), is_forced=is_forced)
    return number


def look(runtime: Runtime, features: Sequence[str] = ()) -> RecountLook:
    """Return what counting these figures anew (none named: all) would go through. Changes nothing.

    Raises Invalid, and HistoryUnavailable when history does not answer.
    """
    chosen = _checked(runtime, features) or features_there(runtime)
    wanted = Wanted.by(
        [one for one in folding_of(runtime).features if one.name in chosen], with_accounts=ACCOUNTS in chosen
    )
    history: HistoryClient = runtime.history
    with runtime.customers.read() as connection:
        anchors, there = states.count_states(connection), accounts.count_accounts_there(connection)
        taken_in = ledger.count_messages(connection)
    return RecountLook(
        features=chosen,
        customers=anchors,
        accounts=there if ACCOUNTS in chosen else 0,
        events=count_looked_at(history, wanted),
        lacking=max(0, taken_in - count_rows(history)),
    )


def is_obeyed(runtime: Runtime, number: int) -> bool:
    """Say whether the worker has obeyed an order."""
    with runtime.customers.read() as connection:
        return read_recount(connection)[0].order >= number


class OrdersSeen:
    """The worker's look at orders: asks the database only when something in the control data changed."""

    def __init__(self, runtime: Runtime) -> None:
        """Nothing was looked at yet."""
        self._runtime = runtime
        self._revision = -1

    def __call__(self, recount: Recount) -> list[RecountOrder]:
        """Return the orders that were not obeyed yet, as of at most a second ago."""
        now = revision(self._runtime)
        if now == self._revision:
            return []
        with self._runtime.control.read() as connection:
            found = recount_orders.orders_after(connection, recount.order)
        if not found:
            self._revision = now
        return found


def _checked(runtime: Runtime, features: Sequence[str]) -> tuple[str, ...]:
    there = features_there(runtime)
    unknown = sorted(set(features) - set(there))
    if unknown:
        raise Invalid(field="features", problem=_("there is no such figure; choose among those shown"))
    return tuple(one for one in there if one in features)


__all__ = ["OrdersSeen", "features_there", "is_obeyed", "look", "order_recount", "versions_of"]
