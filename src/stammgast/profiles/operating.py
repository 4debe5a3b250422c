"""What the manifest offers to the rest: figures for /metrics, and customers for the search on top of every page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stammgast.kernel.manifest import Metric
from stammgast.kernel.runtime import Runtime
from stammgast.profiles import api
from stammgast.profiles.accounts.api import list_accounts


def _outbox_events(runtime: Runtime) -> Mapping[str, float]:
    status = api.worker_status(runtime)
    return {} if status is None else {"": status.outbox_events}


def _events_per_second(runtime: Runtime) -> Mapping[str, float]:
    status = api.worker_status(runtime)
    return {} if status is None else {"": status.events_per_second}


def _is_paused(runtime: Runtime) -> Mapping[str, float]:
    status = api.worker_status(runtime)
    return {} if status is None else {"": float(status.is_paused)}


def _deliveries(runtime: Runtime) -> Mapping[str, float]:
    return {f'kind="{kind}"': count for kind, count, _ in api.deliveries_waiting(runtime)}


METRICS = (
    Metric("stammgast_outbox_events", "Events in profiles that wait for history.", "gauge", _outbox_events),
    Metric("stammgast_worker_events_per_second", "Events taken in lately.", "gauge", _events_per_second),
    Metric("stammgast_worker_paused", "1 while the worker waits for history.", "gauge", _is_paused),
    Metric("stammgast_deliveries_waiting", "Mails and calls that wait to leave the system.", "gauge", _deliveries),
)


def find_customers(runtime: Runtime, text: str, limit: int) -> Sequence[tuple[str, str, str]]:
    """Return (name, mail, path) of customers found by `text`."""
    if not text.strip():
        return ()
    rows = api.list_customers(runtime, text, limit=limit).rows
    return [(one.name, one.email if one.email != one.name else "", f"/customers/{one.profile}") for one in rows]


def find_accounts(runtime: Runtime, text: str, limit: int) -> Sequence[tuple[str, str, str]]:
    """Return (name, group id, path) of accounts found by `text`."""
    if not text.strip():
        return ()
    rows = list_accounts(runtime, text, limit=limit).rows
    return [(one.name, one.group_id if one.group_id != one.name else "", f"/accounts/{one.account}") for one in rows]
