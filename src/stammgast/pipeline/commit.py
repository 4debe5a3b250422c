"""Keeping a batch: one short transaction in which nothing is computed, fenced by the worker's lease."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import msgspec
from sqlalchemy import Connection

from stammgast.events import api as events
from stammgast.identity.graph.placing import SEEN_TOGETHER
from stammgast.identity.rulebook.ordering import rules_text
from stammgast.identity.store import graph, placements
from stammgast.identity.store.applied_rules import order_rules
from stammgast.kernel import outbox
from stammgast.kernel.blobs.holds import hold_blobs, release_blobs
from stammgast.kernel.effects import HoldBlob
from stammgast.kernel.keeping import keep_all
from stammgast.kernel.outbox import Parcel
from stammgast.kernel.own_queue import take_queued
from stammgast.kernel.position import Progress, keep_progress
from stammgast.kernel.set_aside import put_aside, take_out
from stammgast.kernel.state import State
from stammgast.kernel.timers import Timer, cancel_timers, set_timers
from stammgast.pipeline.changes import Changes, Outcome, Quarantine
from stammgast.pipeline.crash import crash_point
from stammgast.pipeline.watching.store import add_marks, encode_marks
from stammgast.profiles.api.worker import accounts, ledger, states


def commit(state: State, epoch: int, changes: Changes, delivered: Sequence[Parcel], now: int) -> Progress:
    """Write everything a batch came to, or nothing; return the progress as it is then.

    `delivered` are parcels that history has in full: they leave the outbox. Raises LeaseLost.
    """
    with state.write() as connection:
        progress = _write(connection, changes, now)
        take_from_outbox(connection, delivered, now)
        keep_progress(connection, epoch, progress)
        crash_point("in_commit")
    return progress


def take_from_outbox(connection: Connection, delivered: Sequence[Parcel], now: int) -> None:
    """Take parcels out that history has, but for the rows that it refused: those are set aside."""
    put_aside(connection, [row for one in delivered for row in one.refused], now)
    outbox.remove_parcels(connection, [one.batch for one in delivered])


class _Enough(Exception):
    """Everything could be written; it was only a try."""


def try_to_commit(state: State, changes: Changes, now: int) -> None:
    """Write all that `commit` would write, and take it back. Raises as that would."""
    with suppress(_Enough), state.write() as connection:
        _write(connection, changes, now)
        raise _Enough


def _write(connection: Connection, changes: Changes, now: int) -> Progress:
    before = changes.progress
    next_identifier = graph.write_resolution(
        connection,
        changes.resolution,
        before.next_identifier,
        batch=changes.batch,
        now=now,
        version=changes.rule_version,
        rule=SEEN_TOGETHER,
    )
    crash_point("in_graph")
    placements.write_placements(
        connection, changes.resolution, batch=changes.batch, now=now, version=changes.rule_version
    )
    if changes.messages and changes.placing.closes is not None:
        ledger.close_filter(connection, changes.placing.closes)
    ledger.add_messages(connection, changes.placing.block, changes.placing.bloom, changes.messages)
    ledger.count_copies(connection, changes.copies)
    states.write_states(connection, changes.states)
    accounts.write_accounts(connection, changes.accounts, changes.batch)
    for one in changes.rules:
        order_rules(connection, one.rules.version, rules_text(one.rules), one.person, one.ordered_at)
    keep_all(connection, changes.kept, changes.batch)
    _write_quarantine(connection, changes.quarantine, now)
    _write_outcome(connection, changes.outcome, now)
    changes.let_go = _write_holds(connection, changes.outcome, now)
    if changes.parcel is not None:
        outbox.add_parcel(connection, changes.parcel)
    take_out(connection, changes.again.numbers)
    put_aside(connection, changes.aside, now)
    take_queued(connection, changes.queued)
    if changes.marks:
        changes.marks_number = add_marks(connection, encode_marks(changes.marks), now)
    number = outbox.add_recent(connection, changes.recent, before.recent_number)
    return _progress_after(changes, next_identifier, number)


def _progress_after(changes: Changes, next_identifier: int, recent_number: int) -> Progress:
    before = changes.progress
    progress = msgspec.structs.replace(
        before,
        next_anchor=changes.resolution.next_anchor,
        next_batch=changes.batch + 1,
        next_identifier=next_identifier,
        recent_number=recent_number,
    )
    if changes.messages:
        is_new = changes.placing.block != before.block
        progress.block = changes.placing.block
        progress.block_count = len(changes.messages) + (0 if is_new else before.block_count)
    progress.position = changes.position
    return progress


def _write_quarantine(connection: Connection, changed: Quarantine, now: int) -> None:
    events.add_quarantined(connection, changed.added, now)
    for number, rejected in changed.again:
        events.requarantine(connection, number, rejected)
    if changed.removed:
        events.remove_quarantined(connection, changed.removed)
    if changed.discarded:
        events.discard_quarantined(connection, changed.discarded)


def _write_holds(connection: Connection, outcome: Outcome, now: int) -> list[str]:
    """Hold files and let them go; return those that nobody of this database holds any more."""
    let_go: list[str] = []
    for one in outcome.holds:
        if isinstance(one, HoldBlob):
            hold_blobs(connection, [(one.blob, one.holder)], now)
        else:
            let_go += release_blobs(connection, one.holder)
    return let_go


def _write_outcome(connection: Connection, outcome: Outcome, now: int) -> None:
    cancel_timers(connection, [(one.kind, one.key) for one in outcome.fired])
    cancel_timers(connection, [name for name, timer in outcome.timers.items() if timer is None])
    set_timers(connection, [timer for timer in outcome.timers.values() if isinstance(timer, Timer)])
    outbox.add_effects(connection, outcome.deliveries, now)
