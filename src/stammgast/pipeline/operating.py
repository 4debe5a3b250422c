"""What the manifest offers to the rest: figures of the worker for /metrics."""

from __future__ import annotations

from collections.abc import Mapping

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


METRICS = (
    Metric("stammgast_outbox_events", "Events in profiles that wait for history.", "gauge", _outbox_events),
    Metric("stammgast_worker_events_per_second", "Events taken in lately.", "gauge", _events_per_second),
    Metric("stammgast_worker_paused", "1 while the worker waits for history.", "gauge", _is_paused),
)
