"""From log entries to events and orders; whatever can't be read is set aside, one by one."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from stammgast.events import api as events
from stammgast.events.api import Order
from stammgast.events.contracts import Event, RawEvent, Rejected, Rules, Taken
from stammgast.identity.deciding import DECIDE, read_decisions
from stammgast.identity.graph.evidence import Decision
from stammgast.identity.rulebook.ordering import APPLY_RULES, RulesOrder, read_rules_order
from stammgast.kernel.errors import StammgastError, Unavailable
from stammgast.kernel.ids import SourceId
from stammgast.kernel.keeping import Kept, OrderKind
from stammgast.kernel.log import LogEntry
from stammgast.kernel.own_queue import Queued
from stammgast.pipeline.changes import Quarantine

logger = logging.getLogger(__name__)


@dataclass
class Reading:
    """What a batch of log entries holds."""

    taken: list[Taken] = field(default_factory=list)
    quarantine: Quarantine = field(default_factory=Quarantine)
    refused: list[tuple[Rejected, int | None]] = field(default_factory=list)
    """With the id in the quarantine, for one that was replayed."""
    decisions: list[tuple[Decision, str]] = field(default_factory=list)
    """What people decided about identifiers, with the names of who did."""
    rules: list[RulesOrder] = field(default_factory=list)
    """Identity rules to go by from now on; the last counts."""
    kept: list[Kept] = field(default_factory=list)
    """What orders of modules hold, in the order of the log."""
    queued: list[int] = field(default_factory=list)
    """Numbers of the queue of own events that were taken."""
    count: int = 0


def read_entries(
    entries: Sequence[LogEntry], rules: Rules, connection: Connection, kinds: Mapping[str, OrderKind]
) -> Reading:
    """Read entries in order. `connection` reads the quarantine when an order replays events of it; `kinds`: of modules' orders."""
    found = Reading()
    for entry in entries:
        found.count += entry.count
        try:
            order = events.read_order(entry)
            if order is not None:
                if order.action in kinds:
                    kind = kinds[order.action]
                    found.kept.append((kind, kind.read(order.facts, entry.position, entry.received_at)))
                else:
                    _obey(found, order, entry, rules, connection)
                continue
        except (Unavailable, OperationalError):
            raise
        except Exception as problem:
            # An order that can't be carried out must never hold up what lies behind it.
            logger.exception("order set aside", extra={"position": entry.position})
            found.refused.append((_set_aside(entry, problem), None))
            continue
        for raw in _expand(entry):
            _take(found, raw, rules, None)
    return found


def read_queue(found: Reading, queued: Sequence[Queued]) -> None:
    """Read own events that wait in the queue, as if they stood before the beginning of the log."""
    for number, queued_at, body in queued:
        raw = RawEvent(-number, 0, SourceId(0), queued_at, body, kind=events.KIND_DERIVED)
        found.queued.append(number)
        one = events.read_own(raw)
        if isinstance(one, Event):
            found.taken.append(Taken(one, raw))
        else:
            found.refused.append((one, None))


def _obey(found: Reading, order: Order, entry: LogEntry, rules: Rules, connection: Connection) -> None:
    if order.action == events.REPLAY:
        for one in events.quarantined_by_ids(connection, _numbers(order)):
            _take(found, one.rejected.raw, rules, one.id)
    elif order.action == events.DISCARD:
        found.quarantine.discarded += _numbers(order)
    elif order.action == DECIDE:
        found.decisions += read_decisions(order, entry)
    elif order.action == APPLY_RULES:
        found.rules.append(read_rules_order(order, entry))


def _numbers(order: Order) -> tuple[int, ...]:
    """Leave out numbers that no row can have: a database would refuse the whole query for them."""
    return tuple(one for one in order.ids if events.is_id(one))


def _set_aside(entry: LogEntry, problem: Exception) -> Rejected:
    raw = RawEvent(entry.position, 0, SourceId(entry.source), entry.received_at, entry.body, kind=entry.kind)
    return Rejected(raw=raw, reason=events.PROCESSING_FAILED, detail=f"order: {type(problem).__name__}")


def _take(found: Reading, raw: RawEvent, rules: Rules, quarantine_id: int | None) -> None:
    one = _read(raw, rules)
    if isinstance(one, Event):
        found.taken.append(Taken(one, raw, quarantine_id))
    else:
        found.refused.append((one, quarantine_id))


def _expand(entry: LogEntry) -> Iterator[RawEvent]:
    try:
        yield from events.expand(entry)
    except StammgastError as problem:
        raw = RawEvent(entry.position, 0, SourceId(entry.source), entry.received_at, entry.body, kind=entry.kind)
        logger.warning("log entry can't be split", extra={"position": entry.position, "problem": problem.code})
        yield raw


def _read(raw: RawEvent, rules: Rules) -> Event | Rejected:
    try:
        return events.read_raw(raw, rules)
    except Exception as problem:
        # One event that makes a stage fall over must never hold up those behind it.
        logger.exception("event can't be read", extra={"position": raw.position, "ordinal": raw.ordinal})
        return Rejected(raw=raw, reason=events.PROCESSING_FAILED, detail=f"reading: {type(problem).__name__}")
