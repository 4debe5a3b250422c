"""What the manifest offers to the rest: figures of the worker for /metrics."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from stammgast.kernel.blobs.mentions import mentioned
from stammgast.kernel.own_queue import queued_own
from stammgast.kernel.processes.failing import failing_tasks
from stammgast.kernel.runtime import Metric, Runtime
from stammgast.kernel.set_aside import count_set_aside
from stammgast.profiles import api


def _outbox_events(runtime: Runtime) -> Mapping[str, float]:
    status = api.worker_status(runtime)
    return {} if status is None else {"": status.outbox_events}


def _events_per_second(runtime: Runtime) -> Mapping[str, float]:
    status = api.worker_status(runtime)
    return {} if status is None else {"": status.events_per_second}


def _is_paused(runtime: Runtime) -> Mapping[str, float]:
    status = api.worker_status(runtime)
    return {} if status is None else {"": float(status.is_paused)}


def mentioned_in_queue(runtime: Runtime, names: Collection[str]) -> set[str]:
    """Return which of some files are named by own events that wait for the next batch."""
    with runtime.customers.read() as connection:
        return mentioned(names, (body for _, _, body in queued_own(connection, most=None)))


def _watch_lag(runtime: Runtime) -> Mapping[str, float]:
    status = api.worker_status(runtime)
    return {} if status is None else {"": status.watch_lag_seconds}


def _watch_waiting(runtime: Runtime) -> Mapping[str, float]:
    status = api.worker_status(runtime)
    return {} if status is None else {"": status.watch_waiting}


def count_aside(runtime: Runtime) -> Mapping[str, int]:
    """Return how many things the worker set aside, by stage."""
    with runtime.customers.read() as connection:
        return count_set_aside(connection)


def failing_told(runtime: Runtime) -> list[str]:
    """Return a few words on each kind of thing that is set aside, and on each task that fails again and again."""
    failing = failing_tasks(runtime.settings.run_dir)
    return [
        *(f"{count:,} of kind {stage}" for stage, count in count_aside(runtime).items()),
        *(f"{one.name} in {one.process} ({one.error}, {one.failures} times)" for one in failing),
    ]


def _set_aside(runtime: Runtime) -> Mapping[str, float]:
    return {f'stage="{stage}"': count for stage, count in count_aside(runtime).items()}


def _failing(runtime: Runtime) -> Mapping[str, float]:
    return {
        f'process="{one.process}",task="{one.name}"': one.failures for one in failing_tasks(runtime.settings.run_dir)
    }


METRICS = (
    Metric("stammgast_set_aside", "What failed three times and waits to be taken up again.", "gauge", _set_aside),
    Metric("stammgast_failing_tasks", "Background tasks that fail, and how often in a row.", "gauge", _failing),
    Metric(
        "stammgast_watch_lag_seconds", "For how long a changed profile waits for the watchers.", "gauge", _watch_lag
    ),
    Metric("stammgast_watch_waiting", "Changed profiles that wait for the watchers.", "gauge", _watch_waiting),
    Metric("stammgast_outbox_events", "Events in profiles that wait for history.", "gauge", _outbox_events),
    Metric("stammgast_worker_events_per_second", "Events taken in lately.", "gauge", _events_per_second),
    Metric("stammgast_worker_paused", "1 while the worker waits for history.", "gauge", _is_paused),
)
