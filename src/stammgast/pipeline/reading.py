"""From log entries to events and orders; whatever can't be read is set aside, one by one."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import Connection

from stammgast.events import api as events
from stammgast.events.api import Order
from stammgast.events.contracts import Event, Quarantined, RawEvent, Rejected, Rules, Taken
from stammgast.identity.deciding import DECIDE, read_decisions
from stammgast.identity.graph.evidence import Decision
from stammgast.identity.rulebook.ordering import APPLY_RULES, RulesOrder, read_rules_order
from stammgast.kernel.errors import StammgastError
from stammgast.kernel.ids import SourceId
from stammgast.kernel.keeping import Kept, OrderKind
from stammgast.kernel.log import LogEntry
from stammgast.kernel.own_queue import Queued
from stammgast.kernel.passing import is_passing
from stammgast.kernel.set_aside import Aside

logger = logging.getLogger(__name__)


@dataclass
class Obeyed:
    """What one order asks for: each kind of order fills one of these."""

    entry: LogEntry
    quarantine_id: int | None = None
    """Of an order that was set aside and is replayed."""
    decisions: list[tuple[Decision, str]] = field(default_factory=list)
    rules: RulesOrder | None = None
    discarded: tuple[int, ...] = ()
    tried_again: tuple[int, ...] = ()
    kept: Kept | None = None
    """What an order of a module holds."""


class UnknownOrder(ValueError):
    """Nobody here obeys such an order: a later version of Stammgast may have left it."""


@dataclass
class Reading:
    """What a batch of log entries holds."""

    taken: list[Taken] = field(default_factory=list)
    refused: list[tuple[Rejected, int | None]] = field(default_factory=list)
    """With the id in the quarantine, for one that was replayed."""
    obeyed: list[Obeyed] = field(default_factory=list)
    """What orders ask for, in their order."""
    aside: list[Aside] = field(default_factory=list)
    """What is set aside apart from the quarantine."""
    queued: list[int] = field(default_factory=list)
    """Numbers of the queue of own events that were taken."""
    count: int = 0

    @property
    def decisions(self) -> list[tuple[Decision, str]]:
        """What people decided about identifiers, with the names of who did."""
        return [decision for one in self.obeyed for decision in one.decisions]

    @property
    def rules(self) -> list[RulesOrder]:
        """Identity rules to go by from now on; the last counts."""
        return [one.rules for one in self.obeyed if one.rules is not None]

    @property
    def kept(self) -> list[Kept]:
        """What orders of modules hold, in the order of the log."""
        return [one.kept for one in self.obeyed if one.kept is not None]

    @property
    def discarded(self) -> list[int]:
        """Numbers of events in the quarantine to let go."""
        return [number for one in self.obeyed for number in one.discarded]

    @property
    def tried_again(self) -> list[int]:
        """Numbers of what was set aside and is to be taken up again."""
        return [number for one in self.obeyed for number in one.tried_again]


def read_entries(
    entries: Sequence[LogEntry], rules: Rules, connection: Connection, kinds: Mapping[str, OrderKind]
) -> Reading:
    """Read entries in order. `connection` reads the quarantine when an order replays events of it; `kinds`: of modules' orders."""
    found = Reading()
    by = _By(rules, connection, kinds)
    for entry in entries:
        found.count += entry.count
        try:
            order = events.read_order(entry)
            if order is not None:
                _obey(found, order, entry, by)
                continue
        except Exception as problem:
            if is_passing(problem):
                raise
            # An order that can't be carried out must never hold up what lies behind it.
            logger.exception("order set aside", extra={"position": entry.position})
            found.refused.append((refuse_order(entry, type(problem).__name__), None))
            continue
        for raw in _expand(entry):
            _take(found, raw, rules, None)
    return found


def read_queue(found: Reading, queued: Sequence[Queued]) -> None:
    """Read own events that wait in the queue, as if they stood before the beginning of the log."""
    for number, queued_at, body in queued:
        raw = RawEvent(-number, 0, SourceId(0), queued_at, body, kind=events.KIND_DERIVED)
        found.queued.append(number)
        try:
            one = events.read_own(raw)
        except Exception as problem:
            logger.exception("own event can't be read", extra={"number": number})
            one = _unreadable(raw, problem)
        if isinstance(one, Event):
            found.taken.append(Taken(one, raw))
        else:
            found.refused.append((one, None))


class _By(NamedTuple):
    """What entries are read by."""

    rules: Rules
    connection: Connection
    kinds: Mapping[str, OrderKind]


def _obey(found: Reading, order: Order, entry: LogEntry, by: _By, replayed: tuple[int, ...] = ()) -> None:
    """Note what an order asks for. `replayed`: numbers in the quarantine of the orders that led here, the last is this one's."""
    one = Obeyed(entry, replayed[-1] if replayed else None)
    if order.action in by.kinds:
        kind = by.kinds[order.action]
        one.kept = (kind, kind.read(order.facts, entry.position, entry.received_at))
    elif order.action == events.REPLAY:
        for waiting in events.quarantined_by_ids(by.connection, _numbers(order)):
            if waiting.rejected.raw.kind != events.KIND_INTERNAL:
                _take(found, waiting.rejected.raw, by.rules, waiting.id)
            elif waiting.id not in replayed:
                _obey_again(found, waiting, by, replayed)
    elif order.action == events.DISCARD:
        one.discarded = _numbers(order)
    elif order.action == events.TRY_AGAIN:
        one.tried_again = _numbers(order)
    elif order.action == DECIDE:
        one.decisions = read_decisions(order, entry)
    elif order.action == APPLY_RULES:
        one.rules = read_rules_order(order, entry)
    else:
        raise UnknownOrder
    found.obeyed.append(one)


def _obey_again(found: Reading, waiting: Quarantined, by: _By, replayed: tuple[int, ...]) -> None:
    """Take up an order that was set aside, as if it had been obeyed at its own place in the log."""
    raw = waiting.rejected.raw
    entry = LogEntry(raw.received_at, raw.source, 1, raw.kind, b"", raw.body, position=raw.position)
    try:
        order = events.read_order(entry)
        assert order is not None
        _obey(found, order, entry, by, (*replayed, waiting.id))
    except Exception as problem:
        if is_passing(problem):
            raise
        logger.warning("order set aside again", extra={"position": entry.position, "error": type(problem).__name__})
        found.refused.append((refuse_order(entry, type(problem).__name__), waiting.id))


def _numbers(order: Order) -> tuple[int, ...]:
    """Leave out numbers that no row can have: a database would refuse the whole query for them."""
    return tuple(one for one in order.ids if events.is_id(one))


def refuse_order(entry: LogEntry, error: str) -> Rejected:
    """Return what the quarantine keeps of an order that can't be carried out; `error` is a kind of error."""
    raw = RawEvent(entry.position, 0, SourceId(entry.source), entry.received_at, entry.body, kind=entry.kind)
    return Rejected(raw=raw, reason=events.PROCESSING_FAILED, detail=f"order: {error}")


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
        return _unreadable(raw, problem)


def _unreadable(raw: RawEvent, problem: Exception) -> Rejected:
    return Rejected(raw=raw, reason=events.PROCESSING_FAILED, detail=f"reading: {type(problem).__name__}")
