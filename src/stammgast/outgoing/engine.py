"""The engine: a thread in the worker's process that takes in what was ordered and lets it out, and notes what came of it.

An attempt is noted as begun before it is made and its answer as soon as it is there, each in one short transaction. What a
process was sending when it died is found by the next one and goes again under the same id, or is held for a person.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TypeGuard

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from stammgast.kernel import clock
from stammgast.kernel.clock import MILLIS_PER_DAY
from stammgast.kernel.errors import StammgastError
from stammgast.kernel.runtime import Runtime
from stammgast.kernel.sealing import open_sealer
from stammgast.outgoing.contracts import MAIL, WEBHOOK, Health, MailOrder, Target, TargetKind
from stammgast.outgoing.deciding import Answer
from stammgast.outgoing.ordering import Order
from stammgast.outgoing.pacing import Pacing
from stammgast.outgoing.shown import show_only
from stammgast.outgoing.smtp import send_mail
from stammgast.outgoing.store import deliveries
from stammgast.outgoing.store import targets as target_store
from stammgast.outgoing.store.deliveries import EngineReplaced, Kept
from stammgast.outgoing.store.targets import WISHES_AT_ONCE, Wish
from stammgast.outgoing.subscribing import purposes_of, unsubscribe_url
from stammgast.outgoing.turning import Done, Turn
from stammgast.outgoing.ways import Job, Outside, Way
from stammgast.outgoing.webhooks import send_webhook
from stammgast.workspace.api import revision

logger = logging.getLogger(__name__)

KINDS = (MAIL, WEBHOOK)
"""Kinds of effects that are taken in."""
WAYS: Mapping[TargetKind, Way] = {"mail": send_mail, "webhook": send_webhook, "shown": show_only}
NEW = Health()
LOOK_SECONDS = 0.2
"""How long the engine sleeps while no answer comes."""
RETRY_SECONDS = 1.0
PATIENCE_SECONDS = 20.0
"""How long a stop waits for attempts under way."""
SWEEP_SECONDS = 3600.0
SWEPT_AT_ONCE = 500


class Engine:
    """One engine. Its first turn takes the lease: every earlier engine fails at its next transaction."""

    def __init__(self, runtime: Runtime, ways: Mapping[TargetKind, Way] = WAYS, outside: Outside | None = None) -> None:
        """Nothing is read or sent before the first turn."""
        self._runtime = runtime
        self._ways = ways
        self._outside = outside or Outside.of(runtime.settings)
        purposes = purposes_of(runtime)
        self._optional = frozenset(name for name, one in purposes.items() if one.can_unsubscribe)
        self.pacing = Pacing(runtime.settings.outgoing_at_once)
        self._done: queue.SimpleQueue[Done] = queue.SimpleQueue()
        self._unwritten: list[Done] = []
        self._targets: Mapping[int, Target] = {}
        self._revision = -1
        self._wishes: Sequence[Wish] = ()
        self._epoch = self._wish = 0
        self._first = 0
        """Which target is asked first, in turn."""
        self._swept_at = 0.0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_replaced = False

    def ensure_running(self) -> None:
        """Start the thread unless it runs, was stopped, or another worker has taken over."""
        if self._is_replaced or self._stop.is_set() or (self._thread and self._thread.is_alive()):
            return
        self._thread = threading.Thread(target=self._run, name="outgoing", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Begin nothing more; wait a while for what is under way and note it."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(PATIENCE_SECONDS + 1)
            self._thread = None

    def turn(self) -> bool:
        """Do what there is to do at this moment; say whether there was something. Does not wait for answers."""
        self._take_engine()
        self._follow()
        with suppress(queue.Empty):
            while True:
                self._unwritten.append(self._done.get_nowait())
        now = clock.now_millis()
        with self._runtime.customers.read() as connection:
            kept = [] if self._stop.is_set() else deliveries.kept_effects(connection, KINDS)
            due = [] if self._stop.is_set() else self._due(connection, now)
        if not (self._unwritten or kept or due or self._wishes):
            return False
        self._write(kept, due, now)
        return True

    @property
    def is_flying(self) -> bool:
        """Say whether attempts are under way or their answers not noted."""
        return bool(self.pacing.flying or self._unwritten)

    def wait(self, seconds: float) -> None:
        """Wait for an answer, but no longer than `seconds`."""
        with suppress(queue.Empty):
            self._unwritten.append(self._done.get(timeout=seconds))

    def _run(self) -> None:
        while not self._stop.is_set():
            self._turn_or_wait()
        deadline = clock.monotonic() + PATIENCE_SECONDS
        while self.is_flying and not self._is_replaced and clock.monotonic() < deadline:
            self._turn_or_wait()

    def _turn_or_wait(self) -> None:
        try:
            if not self.turn():
                self._sweep_if_due()
                self.wait(LOOK_SECONDS)
        except EngineReplaced as problem:
            logger.warning("outgoing ends", extra={"problem": problem.code})
            self._is_replaced = True
            self._stop.set()
        except (StammgastError, DBAPIError) as problem:
            logger.warning("outgoing waits", extra={"problem": type(problem).__name__})
            self._stop.wait(RETRY_SECONDS)
        except Exception:
            logger.exception("outgoing fell over")
            self._stop.wait(RETRY_SECONDS)

    def _take_engine(self) -> None:
        """Take the lease at the first turn, and note what an earlier process was sending when it ended."""
        if self._epoch:
            return
        now = clock.now_millis()
        with self._runtime.control.read() as connection:
            targets = {one.id: one for one in target_store.list_targets(connection)}
            newest_wish = target_store.newest_wish(connection)
        with self._runtime.customers.write() as connection:
            epoch, wish = deliveries.take_engine(connection)
            turn = Turn(connection, targets, now)
            turn.note_interrupted(deliveries.left_sending(connection))
            turn.close()
        # Control may have been brought back from an older backup than customers.
        self._epoch, self._wish = epoch, min(wish, newest_wish)

    def _follow(self) -> None:
        """See what people changed: targets and wishes."""
        newest = revision(self._runtime)
        if newest == self._revision:
            return
        with self._runtime.control.read() as connection:
            self._targets = {one.id: one for one in target_store.list_targets(connection)}
            self._wishes = target_store.wishes_after(connection, self._wish)
        if newest != self._revision:
            with self._runtime.customers.write() as connection:
                deliveries.keep_engine(connection, self._epoch, self._wish)
                turn = Turn(connection, self._targets, clock.now_millis())
                turn.follow_targets()
                turn.close()
        self._revision = newest

    def _due(self, connection: Connection, now: int) -> list[int]:
        """Return deliveries to begin, from all targets in turn. What is full in all waits for the next turn."""
        health = deliveries.read_health(connection)
        order = sorted(self._targets)
        order = order[self._first :] + order[: self._first]
        self._first = (self._first + 1) % max(1, len(order))
        found: list[int] = []
        for number in order:
            target = self._targets[number]
            room = self.pacing.room(target, health.get(number, NEW), now)
            room = min(room, self.pacing.free - len(found))
            if room > 0 and target.pace.in_order:
                found += deliveries.due_in_order(connection, number, now)
            elif room > 0:
                found += deliveries.due(connection, number, now, room)
        return found

    def _write(self, kept: Sequence[Kept], due: Sequence[int], now: int) -> None:
        done, wishes = list(self._unwritten), self._wishes
        wish = wishes[-1].id if wishes else self._wish
        with self._runtime.customers.write() as connection:
            deliveries.keep_engine(connection, self._epoch, wish)
            turn = Turn(connection, self._targets, now, self._optional)
            for one in done:
                turn.note(one)
            turn.take_in(kept)
            turn.carry_out(wishes)
            jobs = turn.begin(due)
            turn.close()
        self._wish, self._wishes = wish, ()
        if len(wishes) == WISHES_AT_ONCE:
            self._revision = -1  # There may be more of them.
        del self._unwritten[: len(done)]
        for one in done:
            self.pacing.end(one.job.target.id)
        for job in jobs:
            self.pacing.begin(job.target.id)
            threading.Thread(target=self._attempt, args=(job,), name="outgoing attempt", daemon=True).start()

    def _attempt(self, job: Job) -> None:
        at, began = clock.now_millis(), clock.monotonic()
        try:
            sealer, purpose = open_sealer(self._runtime.settings), job.target.seal_purpose
            valid = [one for one in reversed(job.target.secrets) if one.ends_at is None or one.ends_at > at]
            secrets = tuple(sealer.unseal(one.sealed, purpose).decode() for one in valid)
            url = unsubscribe_url(self._runtime, job.order) if self._is_optional(job.order) else ""
            open_job = Job(job.delivery, job.order, job.target, secrets, url)
            answer = self._ways[job.target.kind](open_job, self._outside)
        except StammgastError as problem:
            answer = Answer(outcome="again", detail=problem.message, is_target_fault=True)
        except Exception as problem:
            logger.exception("attempt fell over", extra={"kind": job.target.kind})
            answer = Answer(outcome="again", detail=type(problem).__name__, is_unsure=True, is_target_fault=True)
        self._done.put(Done(job, answer, at, round((clock.monotonic() - began) * 1000)))

    def _is_optional(self, order: Order) -> TypeGuard[MailOrder]:
        return isinstance(order, MailOrder) and order.purpose in self._optional

    def _sweep_if_due(self) -> None:
        if clock.monotonic() - self._swept_at < SWEEP_SECONDS:
            return
        before = clock.now_millis() - self._runtime.settings.outgoing_keep_days * MILLIS_PER_DAY
        with self._runtime.customers.write() as connection:
            deliveries.keep_engine(connection, self._epoch, self._wish)
            swept = deliveries.sweep(connection, before, SWEPT_AT_ONCE)
        if swept < SWEPT_AT_ONCE:
            self._swept_at = clock.monotonic()
