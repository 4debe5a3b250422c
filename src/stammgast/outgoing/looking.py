"""Looking at deliveries: what waits, failed and was sent, and how targets answer. Web reads; nothing is written."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from stammgast.kernel.runtime import Runtime
from stammgast.outgoing.contracts import Attempt, Delivery, DeliveryNotFound, Health, State, Target
from stammgast.outgoing.ordering import Order, read_order
from stammgast.outgoing.store import reading
from stammgast.outgoing.store.deliveries import load, read_health


class Counts(msgspec.Struct, frozen=True):
    """How many deliveries of a target stand where."""

    waiting: int = 0
    sending: int = 0
    sent: int = 0
    failed: int = 0
    discarded: int = 0


class DeliveryPage(msgspec.Struct, frozen=True):
    """Some deliveries, newest first; `before` is where the next page begins, None at the end."""

    deliveries: Sequence[Delivery]
    before: int | None


def list_deliveries(
    runtime: Runtime, *, target: int | None = None, state: State | None = None, before: int | None = None, limit: int = 50
) -> DeliveryPage:  # fmt: skip
    """Return deliveries, newest first, of all targets and in all states unless it is said."""
    with runtime.customers.read() as connection:
        found = reading.list_deliveries(connection, target=target, state=state, before=before, limit=limit + 1)
    return DeliveryPage(found[:limit], found[limit - 1].number if len(found) > limit else None)


def delivery(runtime: Runtime, number: int) -> Delivery:
    """Return one delivery. Raises DeliveryNotFound."""
    return _loaded(runtime, number)[0]


def order_of(runtime: Runtime, number: int) -> Order | None:
    """Return what a delivery is to say, None when it can't be read. Raises DeliveryNotFound."""
    found, payload = _loaded(runtime, number)
    try:
        return read_order(found.kind, payload)
    except ValueError:
        return None


def delivery_of_key(runtime: Runtime, key: str) -> Delivery | None:
    """Return the delivery that was ordered under a key, None when there is none (any more)."""
    with runtime.customers.read() as connection:
        return reading.delivery_of_key(connection, key)


def attempts_at(
    runtime: Runtime, *, delivery: int | None = None, target: int | None = None, limit: int = 20
) -> list[Attempt]:
    """Return the newest attempts at a delivery or a target, newest first."""
    with runtime.customers.read() as connection:
        return reading.list_attempts(connection, delivery=delivery, target=target, limit=limit)


def target_health(runtime: Runtime, of: Target) -> Health:
    """Return how a target answers; one that was never asked is well."""
    return all_health(runtime).get(of.id, Health())


def all_health(runtime: Runtime) -> dict[int, Health]:
    """Return how targets answer, by number."""
    with runtime.customers.read() as connection:
        return read_health(connection)


def counts(runtime: Runtime) -> dict[int, Counts]:
    """Return how many deliveries stand where, by target; target 0 has mails that no sender is there for."""
    with runtime.customers.read() as connection:
        rows = reading.count_deliveries(connection)
    found: dict[int, dict[str, int]] = {}
    for target, state, count in rows:
        found.setdefault(target, {})[state] = count
    return {target: Counts(**many) for target, many in found.items()}


def waiting(runtime: Runtime) -> list[tuple[str, int, int]]:
    """Return (kind, how many wait to leave the house, since when the longest waits without an attempt in ms UTC, 0: none)."""
    with runtime.customers.read() as connection:
        return reading.waiting(connection)


def _loaded(runtime: Runtime, number: int) -> tuple[Delivery, bytes]:
    with runtime.customers.read() as connection:
        for found, payload, _until in load(connection, [number]):
            return found, payload
    raise DeliveryNotFound(what="delivery", name=number)
