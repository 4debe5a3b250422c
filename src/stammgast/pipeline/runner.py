"""The worker's loop: read the log, compute, commit, hand over to the sender, and keep house in between."""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Collection, Sequence
from functools import partial
from time import monotonic, sleep
from typing import NamedTuple

from sqlalchemy import Connection

from stammgast.events import api as events
from stammgast.identity.graph.rules import GraphRules, Ranking
from stammgast.identity.identifiers import cached_normaliser
from stammgast.identity.resolution import Resolution
from stammgast.identity.rulebook.ordering import rules_of, rules_text
from stammgast.identity.store.applied_rules import begin_rules, rules_in_force
from stammgast.kernel import clock, outbox
from stammgast.kernel.blobs import blobs_of
from stammgast.kernel.errors import StammgastError
from stammgast.kernel.keeping import touched_by
from stammgast.kernel.log import LogEntry, LogReader
from stammgast.kernel.outbox import Parcel
from stammgast.kernel.own_queue import Queued, queued_own
from stammgast.kernel.passing import is_passing
from stammgast.kernel.position import LeaseLost, Progress, keep_progress, take_lease
from stammgast.kernel.processes.doorbell import Doorbell, ring
from stammgast.kernel.processes.failing import Chores
from stammgast.kernel.runtime import Runtime
from stammgast.kernel.set_aside import Aside
from stammgast.kernel.worker_status import StatusTeller
from stammgast.pipeline.batch import Batch, Bench
from stammgast.pipeline.changes import Changes
from stammgast.pipeline.commit import commit, take_from_outbox, try_to_commit
from stammgast.pipeline.crash import crash_point
from stammgast.pipeline.housekeeping import Housekeeping
from stammgast.pipeline.memory import Memory
from stammgast.pipeline.poison import Parts, compute_around_poison
from stammgast.pipeline.projection import Projection
from stammgast.pipeline.reading import read_entries, read_queue
from stammgast.pipeline.recounting.stage import Recounting
from stammgast.pipeline.reruling import NewRules, Reruling
from stammgast.pipeline.seen import SeenMessages
from stammgast.pipeline.sender import Sender
from stammgast.pipeline.timing import Fired, Timing
from stammgast.pipeline.tuning import tune_for_worker
from stammgast.pipeline.watching.marking import marks_of
from stammgast.pipeline.watching.stage import ProfileStage
from stammgast.pipeline.watching.store import Marks
from stammgast.pipeline.watching.viewing import Viewing
from stammgast.profiles.api.recounts import OrdersSeen
from stammgast.profiles.api.worker import Folding, contents_of, trait_policies

logger = logging.getLogger(__name__)

NAME = "worker"
"""The worker's doorbell and its name as a reader of the log."""
IDLE_SECONDS = 0.25
"""How long to sleep without a ring; a lost ring costs no more than this."""
SMALL_BATCH = 200
SMALL_BATCH_SECONDS = 0.04
"""A batch smaller than that begins no sooner after the last: each costs some milliseconds whatever it holds."""
FIRST_RETRY_SECONDS = 0.1
RETRY_SECONDS_MAX = 5.0
FALLS_MAX = 6
"""So often in a row the worker bears with what should not be, some ten seconds; then it ends and is started anew."""


def run(runtime: Runtime, stop: threading.Event) -> None:
    """Work until `stop` is set. Raises LeaseLost when another worker has taken over."""
    worker = _begin(runtime, stop)
    if worker is None:
        return
    # What stands now stays: the collector need not look at it again. A batch frees what it made by itself: the collector
    # is for cycles only, and comes when far more was made than a batch holds (measured: a twentieth of all time saved).
    gc.freeze()
    gc.set_threshold(1_000_000, 10, 10)
    try:
        worker.work(stop)
    finally:
        worker.close()


def _begin(runtime: Runtime, stop: threading.Event) -> Worker | None:
    """Make the worker as soon as the stores let us; None when we are asked to stop before."""
    wait = FIRST_RETRY_SECONDS
    while not stop.is_set():
        try:
            return Worker(runtime)
        except Exception as problem:
            if not is_passing(problem):
                raise
            logger.warning("waiting to begin", extra={"problem": type(problem).__name__})
            stop.wait(wait)
            wait = min(wait * 2, RETRY_SECONDS_MAX)
    return None


class Given(NamedTuple):
    """What one batch is given: entries of the log, timers that fired and failed for good, own events that wait."""

    entries: Sequence[LogEntry]
    fired: Sequence[Fired]
    aside: Sequence[Aside]
    queued: Sequence[Queued]


class Worker:
    """One worker. Making it takes the lease: every earlier worker fails at its next commit."""

    def __init__(self, runtime: Runtime) -> None:
        """Take the lease and read up what the last worker left."""
        settings = runtime.settings
        self._runtime = runtime
        self._state = runtime.customers
        tune_for_worker(self._state)
        self._reader = LogReader(settings.log_dir, NAME)
        self._bell = Doorbell.listen(settings.run_dir, NAME)
        with self._state.write() as connection:
            self._epoch, self._progress = take_lease(connection)
            first = GraphRules(phone_region=settings.phone_region)
            begin_rules(connection, first.version, rules_text(first), clock.now_millis())
            connection.commit()
        with self._state.read() as connection:
            seen = SeenMessages(connection)
            self._outbox_events = outbox.outbox_events(connection)
            in_force = rules_in_force(connection)
            assert in_force is not None
            rules = rules_of(in_force.rules)
        folding = Folding(one for manifest in runtime.manifests for one in manifest.features)
        wake = partial(ring, settings.run_dir, NAME)
        memory = Memory()
        words = [one for manifest in runtime.manifests for one in manifest.list_words]
        self._projection = Projection(
            self._state,
            folding,
            partial(trait_policies, runtime),
            words,
            lambda: self._recounting.live.counting,
            self._fence,
        )
        self._recounting = Recounting(
            self._state, runtime.history, folding, memory, self._projection, wake, OrdersSeen(runtime)
        )
        with self._state.write() as connection:
            self._recounting.start(connection, self._progress)
            keep_progress(connection, self._epoch, self._progress)
        self._bench = Bench(
            memory=memory,
            seen=seen,
            live=self._recounting.live,
            reactors=[one for manifest in runtime.manifests for one in manifest.reactors],
            normalise=cached_normaliser(rules),
            ranking=Ranking(rules),
            ask_history=partial(contents_of, runtime.history),
        )
        self._stage = self._open_stage(folding)
        self._timing = Timing(one for manifest in runtime.manifests for one in manifest.timers)
        self._orders = {one.action: one for manifest in runtime.manifests for one in manifest.orders}
        self._projection.recover(self._progress.listed_batch, is_all=in_force.batch >= self._progress.listed_batch)
        self._recounting.relist()
        self._stop = threading.Event()
        self._reruling = Reruling(settings, self._state, self._wait_for_rules)
        self._chores = runtime.services.setdefault(Chores, Chores(settings.run_dir, NAME))
        self._housekeeping = Housekeeping(runtime, seen, self._chores)
        self._status = StatusTeller(settings.run_dir)
        self._sender = Sender(self._state, runtime.history, wake)
        self._delivered: list[Parcel] = []
        """What history has in full and the outbox still holds."""
        self._new_rules: NewRules | None = None
        """Rules that are in force and not yet gone by, since batch `_new_rules_batch`."""
        self._new_rules_batch = 0
        self._unread_since: int | None = None
        self._is_paused = False
        self._is_closed = False
        self._is_published = self._reader.publish(self._progress.position)
        self._sender.start(self._progress.next_batch - 1)

    def _open_stage(self, folding: Folding) -> ProfileStage:
        manifests = self._runtime.manifests
        viewing = Viewing(
            folding,
            partial(trait_policies, self._runtime),
            lambda: self._recounting.live.counting,
            next((one.trails for one in manifests if one.trails is not None), None),
        )
        watchers = [one for manifest in manifests for one in manifest.watchers]
        return ProfileStage(self._state, watchers, viewing, lambda names: blobs_of(self._runtime).let_go(names))

    def work(self, stop: threading.Event) -> None:
        """Turn until `stop` is set; a store that does not answer, or has no room, is asked again.

        Raises LeaseLost, and what is no store's fault and does not go by itself: then a fresh process may do better.
        """
        wait, odd = FIRST_RETRY_SECONDS, 0
        self._stop = stop
        while not stop.is_set():
            try:
                self.turn()
                wait, odd = FIRST_RETRY_SECONDS, 0
            except LeaseLost:
                raise
            except Exception as problem:
                if is_passing(problem):
                    logger.warning("waiting", extra={"problem": _kind(problem)})
                else:
                    odd += 1
                    logger.exception("the worker fell over")
                    if odd == FALLS_MAX:
                        raise
                self._bench.forget()
                self._tell()
                stop.wait(wait)
                wait = min(wait * 2, RETRY_SECONDS_MAX)

    def turn(self) -> bool:
        """Do what there is to do, at most one batch; say whether there was one. Sleeps when there is nothing."""
        began = monotonic()
        self._chores.do("whom to look at", self._follow, _is_waited_for)
        self._delivered += self._sender.take_delivered()
        delivered = tuple(self._delivered)
        self._is_paused = self._outbox_events - _rows(delivered) >= self._runtime.settings.outbox_limit
        entries = [] if self._is_paused else self._read()
        now = clock.now_millis()
        with self._state.read() as connection:
            fired, aside = ([], []) if self._is_paused else self._timing.fire_due(connection, now)
            queued = [] if self._is_paused else queued_own(connection)
        if entries or fired or queued:
            self._take(Given(entries, fired, aside, queued), delivered, now)
        elif delivered:
            self._remove(delivered)
        is_idle = not entries
        is_small = sum(one.count for one in entries) < SMALL_BATCH
        # What is done beside the batches may fall over, and those go on.
        look = partial(self._stage.work, self._epoch, self._progress, is_busy=not is_small)
        has_more = self._chores.ask("profile stage", look, _is_waited_for)
        self._chores.do("lists", partial(self._list, is_idle=is_small), _is_waited_for)
        recount = partial(self._recounting.step, self._epoch, self._progress, is_busy=not is_small)
        has_more |= self._chores.ask("counting anew", recount, _is_waited_for)
        self._chores.do("housekeeping", partial(self._keep_house, is_idle=is_idle), _is_waited_for)
        if self._new_rules is not None or not self._reruling.is_clean:
            self._chores.do("identity rules", self._rerule, _is_waited_for)
        self._tell_if_due()
        if has_more:
            pass  # Its next slice follows at once, after whatever came in.
        elif is_idle and not fired and not queued:
            self._bell.wait(IDLE_SECONDS if self._projection.is_clean else SMALL_BATCH_SECONDS)
        elif is_small:
            sleep(max(0.0, SMALL_BATCH_SECONDS - (monotonic() - began)))
        return bool(entries or fired or queued)

    @property
    def position(self) -> int:
        """The log position up to which everything is committed."""
        return self._progress.position

    def is_settled(self) -> bool:
        """Say whether everything read is delivered and listed; for tests, which turn the worker by hand."""
        return (
            self._outbox_events == 0
            and self._projection.is_clean
            and self._stage.is_clean
            and not self._has_queued()
            and self._sender.is_mapped()
            and self._reruling.is_clean
            and self._recounting.is_clean
        )

    def _fence(self, connection: Connection) -> None:
        keep_progress(connection, self._epoch, self._progress)

    def _has_queued(self) -> bool:
        with self._state.read() as connection:
            return bool(queued_own(connection, 1))

    def close(self) -> None:
        """Stop the sender and give back what is open. What is not delivered stays in the outbox. Twice does no harm."""
        if self._is_closed:
            return
        self._is_closed = True
        self._reruling.close()
        self._recounting.close()
        self._sender.stop()
        self._delivered += self._sender.take_delivered()
        try:
            if self._delivered:
                self._remove(tuple(self._delivered))
        except Exception as problem:
            if not is_passing(problem) and not isinstance(problem, StammgastError):
                raise
            logger.warning(
                "deliveries not noted; they are looked for at the next start", extra={"problem": _kind(problem)}
            )
        self._reader.close()
        self._bell.close()

    def _follow(self) -> None:
        self._stage.follow((self._bench.ranking.rules.version, self._recounting.counted_by), self._progress.next_anchor)

    def _list(self, *, is_idle: bool) -> None:
        if self._projection.is_due(is_idle=is_idle):
            self._projection.step()

    def _read(self) -> list[LogEntry]:
        entries = self._reader.read(self._progress.position, self._runtime.settings.worker_batch)
        self._unread_since = entries[0].received_at if entries else None
        if entries:
            crash_point("read")
        return entries

    def _take(self, given: Given, delivered: Sequence[Parcel], now: int) -> None:
        try:
            changes = self._compute(given, now)
            crash_point("computed")
            progress = commit(self._state, self._epoch, changes, delivered, now)
        except LeaseLost:
            raise
        except Exception as problem:
            # What memory holds was computed on top of a batch that does not exist.
            self._bench.forget()
            if isinstance(problem, StammgastError) or is_passing(problem):
                raise
            logger.exception("batch can't be written; looking for what is to blame")
            changes, progress = self._take_carefully(given, delivered, now)
        crash_point("committed")
        self._progress = progress
        self._stage.added(changes.marks_number, now, changes.marks)
        self._after_commit(changes, delivered)

    def _take_carefully(self, given: Given, delivered: Sequence[Parcel], now: int) -> tuple[Changes, Progress]:
        """Try to write whatever is computed, so that what can't be written is found and set aside."""
        try:
            changes = self._compute(given, now, is_tried=True)
            return changes, commit(self._state, self._epoch, changes, delivered, now)
        except BaseException:
            self._bench.forget()
            raise

    def _compute(self, given: Given, now: int, *, is_tried: bool = False) -> Changes:
        position = given.entries[-1].position if given.entries else self._progress.position
        rules = events.rules(self._runtime)
        with self._state.read() as connection:
            reading = read_entries(given.entries, rules, connection, self._orders)
            reading.aside += given.aside
            read_queue(reading, given.queued)

            def attempt(parts: Parts) -> Changes:
                batch = Batch(self._bench, connection, self._progress, now)
                changes = batch.compute(parts.reading, position, parts.fired)
                if self._stage.is_on:
                    changes.marks = _marks_of(changes, now)
                if is_tried:
                    try_to_commit(self._state, changes, now)
                return changes

            return compute_around_poison(self._bench, Parts(reading, given.fired), attempt)

    def _after_commit(self, changes: Changes, delivered: Sequence[Parcel]) -> None:
        self._bench.seen.kept(
            changes.placing, [row[0] for row in changes.messages], [row[2] for row in changes.messages]
        )
        self._bench.memory.turn()
        self._recounting.took(changes.batch, changes.fresh)
        self._is_published = self._reader.publish(self._progress.position)
        crash_point("published")
        if changes.let_go:
            blobs_of(self._runtime).let_go(changes.let_go)
        if changes.parcel is not None:
            self._outbox_events += changes.parcel.row_count
            self._sender.offer(changes.parcel)
        self._forget_delivered(delivered)
        if delivered:
            crash_point("removed")
        again, touched = changes.again, touched_by(changes.kept)
        accounts = (touched.accounts | again.accounts).union(row[0] for row in changes.accounts.rows)
        self._mark(changes.touched | touched.anchors | again.customers, changes.resolution, accounts)
        self._status.count(changes.read)
        if changes.rules or again.has_rules:
            self._reruling.look_again()

    def _mark(self, touched: set[int], found: Resolution, accounts: Collection[int]) -> None:
        """Let the list of customers follow; what is marked are anchors, and numbers of profiles."""
        changed = touched | found.profiles.keys() | found.placed.keys()
        changed |= {*found.moved.values(), *found.gone.values(), *found.placed.values(), *found.reowned.values()}
        # Every anchor of what was resolved anew: so also those profiles that only lost something.
        changed |= found.refusals.keys()
        self._projection.mark(changed, found.lost(), accounts)

    def _rerule(self) -> None:
        """Go by other rules once everything known is resolved under them."""
        if self._new_rules is None:
            self._new_rules_batch = self._progress.next_batch
            self._new_rules = self._reruling.step(self._epoch, self._progress)
        found = self._new_rules
        if found is None:
            return
        self._progress = found.progress
        self._bench.normalise = cached_normaliser(found.rules)
        self._bench.ranking = Ranking(found.rules)
        # Whose anything is may be another now.
        self._bench.forget()
        with self._state.read() as connection:
            moved = outbox.parcels_after(connection, self._new_rules_batch - 1, 1)
        self._projection.mark_for_rules(found.changed, found.gone)
        for parcel in moved:
            self._sender.offer(parcel)
        self._stage.mark(found.changed, found.gone)
        self._new_rules = None

    def _wait_for_rules(self) -> bool:
        """Tell that the worker lives while it stands still; say whether it is to stop."""
        self._tell_if_due()
        return self._stop.is_set()

    def _remove(self, delivered: Sequence[Parcel]) -> None:
        with self._state.write() as connection:
            take_from_outbox(connection, delivered, clock.now_millis())
            keep_progress(connection, self._epoch, self._progress)
        self._forget_delivered(delivered)
        crash_point("removed")

    def _forget_delivered(self, delivered: Sequence[Parcel]) -> None:
        del self._delivered[: len(delivered)]
        self._outbox_events -= _rows(delivered)

    def _keep_house(self, *, is_idle: bool) -> None:
        if self._projection.is_clean and self._progress.listed_batch != self._progress.next_batch:
            self._progress.listed_batch = self._progress.next_batch
        if is_idle:
            self._housekeeping.step_if_due(self._epoch, self._progress)

    def _tell_if_due(self) -> None:
        if not self._is_published:
            self._is_published = self._reader.publish(self._progress.position)
        if self._status.is_due(self._progress.position, self._outbox_events):
            self._tell()

    def _tell(self) -> None:
        now = clock.now_millis()
        lag = 0.0 if self._unread_since is None else max(0.0, (now - self._unread_since) / 1000)
        self._status.tell(
            at=now,
            position=self._progress.position,
            lag_seconds=lag,
            outbox_events=self._outbox_events,
            is_paused=self._is_paused,
            watch_lag_seconds=self._stage.lag_seconds(),
            watch_waiting=self._stage.waiting,
        )


def _marks_of(changes: Changes, now: int) -> Marks:
    """Return whom the profile stage has to look at after a batch."""
    found = changes.resolution
    moved = {
        *found.moved.values(),
        *found.gone.values(),
        *found.placed,
        *found.placed.values(),
        *found.reowned.values(),
    }
    noted = touched_by(changes.kept).anchors | changes.again.watched
    return marks_of(changes.fresh, noted, moved | found.refusals.keys(), found.lost(), now)


def _is_waited_for(problem: Exception) -> bool:
    return isinstance(problem, LeaseLost) or is_passing(problem)


def _kind(problem: BaseException) -> str:
    return problem.code if isinstance(problem, StammgastError) else type(problem).__name__


def _rows(parcels: Sequence[Parcel]) -> int:
    return sum(one.row_count for one in parcels)
