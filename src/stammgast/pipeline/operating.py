"""What the manifest offers to the rest: figures of the worker for /metrics."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from stammgast.kernel.blobs.mentions import mentioned
from stammgast.kernel.own_queue import queued_own
from stammgast.kernel.runtime import Metric, Runtime
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


METRICS = (
    Metric("stammgast_outbox_events", "Events in profiles that wait for history.", "gauge", _outbox_events),
    Metric("stammgast_worker_events_per_second", "Events taken in lately.", "gauge", _events_per_second),
    Metric("stammgast_worker_paused", "1 while the worker waits for history.", "gauge", _is_paused),
)
