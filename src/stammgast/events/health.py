"""How sources do: what they sent last, how much a day, what of it could not be taken in, and who has fallen silent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, cast

from stammgast.events.catalogue.contracts import DAYS_SHOWN
from stammgast.events.catalogue.reading import days_until
from stammgast.events.store import catalogue as store
from stammgast.events.store.quarantine import count_by_source
from stammgast.kernel import clock, outbox
from stammgast.kernel.ids import SourceId
from stammgast.kernel.runtime import Runtime
from stammgast.workspace.api import snapshot
from stammgast.workspace.contracts import SourceArrival, SourceHealth, SourceKind

DAYS_TO_KNOW = 5
"""On how many days of the last 30 a source must have sent before its silence means something."""
GAPS_TO_WAIT = 2.0
"""Silence begins after so many of the pauses that are usual for it: a shop that is shut at weekends is none."""
TALKING: tuple[SourceKind, ...] = ("browser", "server", "mobile")


def source_health(runtime: Runtime) -> Mapping[SourceId, SourceHealth]:
    """Return how every source does that ever sent something; a few milliseconds, from what was gathered already."""
    now = clock.now_millis()
    today = now // clock.MILLIS_PER_DAY
    with runtime.customers.read() as connection:
        arrivals = {row[0]: _arrival(*row[1:]) for row in outbox.newest_by_source(connection)}
        quarantined = count_by_source(connection, now - DAYS_SHOWN * clock.MILLIS_PER_DAY)
    with runtime.control.read() as connection:
        last = {row["source"]: row["received_at"] for row in store.last_arrivals(connection)}
        days: dict[int, dict[int, int]] = defaultdict(dict)
        for row in store.days_by_source(connection, today - DAYS_SHOWN + 1):
            days[row["source"]][row["day"]] = int(row["events"])
        libraries: dict[int, list[tuple[str, str, int]]] = defaultdict(list)
        for row in store.list_libraries(connection):
            libraries[row["source"]].append((row["library"], row["version"], row["received_at"]))
    kinds = {number: one.kind for number, one in snapshot(runtime).sources.items() if one.is_active}
    found = {}
    for number in (arrivals.keys() | quarantined.keys() | last.keys()) - {0}:
        arrival = arrivals.get(number)
        last_at = max(last.get(number, 0), arrival.received_at if arrival else 0) or None
        talks = kinds.get(SourceId(number)) in TALKING
        found[SourceId(number)] = SourceHealth(
            last_at=last_at,
            arrival=arrival,
            days=days_until(days.get(number, {}), today),
            quarantined=quarantined.get(number, 0),
            libraries=tuple(libraries.get(number, ())),
            silent_since=last_at
            if talks and last_at and is_silent(sorted(days.get(number, {})), last_at, now)
            else None,
        )
    return found


def is_silent(days: Sequence[int], last_at: int, now: int) -> bool:
    """Say whether a source that sent on these days (since 1970, in order) and last at `last_at` has fallen silent.

    >>> hour, day = 3_600_000, 86_400_000
    >>> is_silent([0, 1, 2, 3, 4], 4 * day, 5 * day), is_silent([0, 1, 2, 3, 4], 4 * day, 6 * day + hour)
    (False, True)
    >>> is_silent([0, 4], 4 * day, 20 * day)
    False
    """
    if len(days) < DAYS_TO_KNOW:
        return False
    usual_gap = (days[-1] - days[0]) / (len(days) - 1)
    return now - last_at > GAPS_TO_WAIT * usual_gap * clock.MILLIS_PER_DAY


def _arrival(received_at: int, kind: str, name: str, fate: str, profile: int) -> SourceArrival:
    known = cast("Any", fate)
    return SourceArrival(received_at=received_at, type=kind, name=name, fate=known, profile=profile)
