"""What the manifest offers to the rest: the task that keeps the engine running, figures for /metrics, a check for doctor."""

from __future__ import annotations

from collections.abc import Mapping

from stammgast.kernel import clock
from stammgast.kernel.clock import MILLIS_PER_DAY
from stammgast.kernel.runtime import Metric, Runtime
from stammgast.outgoing.engine import Engine
from stammgast.outgoing.looking import all_health, counts, waiting
from stammgast.outgoing.store import targets as target_store
from stammgast.outgoing.targets import list_targets, target_names

WISH_DAYS = 30


def keep_running(runtime: Runtime) -> None:
    """See to it that the engine runs (in the worker's process)."""
    runtime.service(Engine).ensure_running()


def forget_wishes(runtime: Runtime) -> None:
    """Delete wishes that are long done (in the web process)."""
    with runtime.control.write() as connection:
        target_store.forget_wishes(connection, clock.now_millis() - WISH_DAYS * MILLIS_PER_DAY)


def _waiting(runtime: Runtime) -> Mapping[str, float]:
    return {f'kind="{kind}"': count for kind, count, _ in waiting(runtime)}


def _deliveries(runtime: Runtime) -> Mapping[str, float]:
    names = target_names(runtime)
    return {
        f'target="{number}",state="{state}"': count
        for number, many in counts(runtime).items()
        if number in names
        for state in ("waiting", "sending", "failed")
        if (count := getattr(many, state)) or state == "waiting"
    }


def _ended(runtime: Runtime) -> Mapping[str, float]:
    return {
        f'target="{number}",outcome="{outcome}"': getattr(health, outcome)
        for number, health in all_health(runtime).items()
        for outcome in ("sent", "failed")
    }


def _down(runtime: Runtime) -> Mapping[str, float]:
    health = all_health(runtime)
    return {f'target="{one.id}"': float(health[one.id].failures) for one in list_targets(runtime) if one.id in health}


METRICS = (
    Metric("stammgast_deliveries_waiting", "Mails and calls that wait to leave the house.", "gauge", _waiting),
    Metric("stammgast_outgoing_deliveries", "Mails and calls by target, as they stand.", "gauge", _deliveries),
    Metric("stammgast_outgoing_ended_total", "Mails and calls that were sent or failed.", "counter", _ended),
    Metric("stammgast_outgoing_failures", "Attempts that failed in a row, by target.", "gauge", _down),
)
