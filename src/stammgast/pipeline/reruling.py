"""Going by other rules: everything is resolved anew beside the worker, which waits only while it is taken over.

A small graph is resolved between two batches. A larger one is read by a process of lower priority; once that has read
everything, the worker stops at the end of a batch, and the process reads what came since, resolves, and writes all in
one transaction under the worker's own lease. Whoever dies, either all of it is written or nothing: then it begins anew.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection as Pipe
from time import monotonic
from typing import NamedTuple

import msgspec

from stammgast.identity.graph.rules import GraphRules
from stammgast.identity.rulebook.contracts import RulesProgress, Stage
from stammgast.identity.rulebook.ordering import rules_of
from stammgast.identity.rulebook.progress import FILE_NAME
from stammgast.identity.store.applied_rules import AppliedRules, ordered_rules, rules_in_force
from stammgast.kernel import clock
from stammgast.kernel.errors import StammgastError
from stammgast.kernel.passing import is_passing
from stammgast.kernel.position import LeaseLost, Progress
from stammgast.kernel.processes.run_dir import tell_small
from stammgast.kernel.set_aside import RULES, Aside, Patience, keys_set_aside, put_aside
from stammgast.kernel.settings import Settings
from stammgast.kernel.state import State, open_state
from stammgast.pipeline.crash import crash_point
from stammgast.pipeline.tuning import tune_for_worker
from stammgast.profiles.api.worker import customers

logger = logging.getLogger(__name__)

TOLD_SECONDS = 0.5
RETRY_SECONDS_MAX = 60.0
LOWER_PRIORITY = 10


class NewRules(NamedTuple):
    """What the worker goes by from now on. changed, gone: profiles to list anew, numbers that are no more."""

    rules: GraphRules
    progress: Progress
    changed: set[int]
    gone: set[int]


class _Failure(NamedTuple):
    """What the process tells when it fails. passes: a store is to blame, and trying again may help."""

    why: str
    passes: bool


class ParentGone(Exception):
    """The worker that wanted this is no more."""


class Reruling:
    """Watches for ordered rules and puts them in force. `keep_alive` is called while the worker waits; True ends that."""

    def __init__(self, settings: Settings, state: State, keep_alive: Callable[[], bool]) -> None:
        """Look whether an order waits: a worker before may have died over it."""
        self._settings = settings
        self._state = state
        self._keep_alive = keep_alive
        self._order: AppliedRules | None = None
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: Pipe | None = None
        self._failures = 0
        self._patience = Patience()
        self._not_before = 0.0
        self._must_look = True
        self.look()

    @property
    def is_clean(self) -> bool:
        """Say whether no order waits."""
        return self._order is None and not self._must_look

    def look_again(self) -> None:
        """Let the next step look which order waits."""
        self._must_look = True

    def look(self) -> None:
        """Read which order waits; another one than before ends the work on that. One that is set aside does not wait."""
        with self._state.read() as connection:
            order = ordered_rules(connection)
            if order is not None and str(order.number) in keys_set_aside(connection, RULES):
                order = None
        if self._order is not None and order != self._order:
            self.close()
        self._order = order
        self._must_look = False

    def step(self, epoch: int, progress: Progress) -> NewRules | None:
        """Do what can be done between two batches; return the rules once they are in force."""
        if self._must_look:
            self.look()
        if self._order is None or monotonic() < self._not_before:
            return None
        if self._process is None:
            from stammgast.identity.rulebook.carrying_out import SMALL_GRAPH

            if progress.next_anchor <= SMALL_GRAPH:
                return self._at_once(self._order, epoch, progress)
            try:
                self._begin(self._order, epoch)
            except OSError as problem:
                self._failed(self._order, type(problem).__name__, passes=True)
            return None
        try:
            return self._listen(self._order, progress)
        except (EOFError, OSError):
            self._failed(self._order, "ProcessEnded")
            return None

    def close(self) -> None:
        """End the process, if any; what it had not written is as if it had never been."""
        if self._process is not None:
            self._process.terminate()
            self._process.join()
            self._process = None
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None

    def _at_once(self, order: AppliedRules, epoch: int, progress: Progress) -> NewRules | None:
        from stammgast.identity.rulebook.carrying_out import CarryingOut

        teller = _Teller(self._settings, order.number)
        try:
            with self._state.read() as connection:
                work = CarryingOut(rules_of(order.rules), _in_force(self._state), teller.tell, customers.names_of)
                work.resolve(connection)
            with self._state.write() as connection:
                after = work.write(connection, order, epoch, progress, clock.now_millis())
                crash_point("in_rules")
        except StammgastError:
            raise
        except Exception as problem:
            if is_passing(problem):
                raise
            # Rules that can't be applied must never hold up what comes in.
            logger.exception("identity rules can't be applied", extra={"version": order.version})
            self._failed(order, type(problem).__name__)
            return None
        return self._done(order, after, *work.to_list())

    def _begin(self, order: AppliedRules, epoch: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_carry_out,
            args=(self._settings, order, epoch, os.getpid(), theirs),
            name="identity-rules",
            daemon=True,
        )
        self._process.start()
        theirs.close()
        logger.info("resolving everything under other identity rules", extra={"version": order.version})

    def _listen(self, order: AppliedRules, progress: Progress) -> NewRules | None:
        assert self._pipe is not None
        if not self._pipe.poll():
            return None
        told = self._pipe.recv()
        if isinstance(told, _Failure):
            self._failed(order, *told)
            return None
        crash_point("rules_read")
        # From here on the worker stands still, so that nothing changes under the one who writes.
        self._pipe.send(progress)
        while not self._pipe.poll(TOLD_SECONDS):
            if self._keep_alive():
                self.close()
                return None
        told = self._pipe.recv()
        if isinstance(told, _Failure):
            self._failed(order, *told)
            return None
        after, changed, gone = told
        self.close()
        return self._done(order, after, changed, gone)

    def _done(self, order: AppliedRules, after: Progress, changed: set[int], gone: set[int]) -> NewRules:
        crash_point("rules_written")
        self._order = None
        self._failures = 0
        self._patience.succeeded(RULES, (str(order.number),))
        with suppress(OSError):
            (self._settings.run_dir / FILE_NAME).unlink(missing_ok=True)
        logger.info("other identity rules are in force", extra={"version": order.version})
        return NewRules(rules_of(order.rules), after, changed, gone)

    def _failed(self, order: AppliedRules, why: str, passes: bool = False) -> None:
        """Try again after a while, or set the order aside: what a store did does not count against it (`passes`)."""
        self.close()
        if not passes and self._patience.is_out(RULES, str(order.number)):
            logger.warning("identity rules set aside", extra={"version": order.version, "problem": why})
            with self._state.write() as connection:
                put_aside(connection, [Aside(RULES, str(order.number), why)], clock.now_millis())
            self._order, self._failures = None, 0
            return
        self._failures += 1
        wait = min(2.0**self._failures, RETRY_SECONDS_MAX)
        self._not_before = monotonic() + wait
        logger.warning("identity rules not applied, trying again", extra={"problem": why, "seconds": wait})


class _Teller:
    """Writes how far it is, now and then."""

    def __init__(self, settings: Settings, number: int, parent: int = 0) -> None:
        self._path = settings.run_dir / FILE_NAME
        self._number = number
        self._parent = parent
        self._told_at = -TOLD_SECONDS

    def tell(self, stage: Stage, done: int, total: int) -> None:
        if self._parent and os.getppid() != self._parent:
            raise ParentGone
        if monotonic() - self._told_at >= TOLD_SECONDS:
            self._told_at = monotonic()
            told = RulesProgress(self._number, stage, done, total, clock.now_millis())
            tell_small(self._path, msgspec.json.encode(told).decode())


def _carry_out(settings: Settings, order: AppliedRules, epoch: int, parent: int, pipe: Pipe) -> None:
    """Run in a process of its own."""
    from stammgast.identity.rulebook.carrying_out import CarryingOut

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(LOWER_PRIORITY)
    # Millions of small objects and hardly a cycle among them: looking for cycles took an eighth of the time.
    gc.disable()
    state = open_state(settings, "customers")
    tune_for_worker(state)
    try:
        work = CarryingOut(
            rules_of(order.rules), _in_force(state), _Teller(settings, order.number, parent).tell, customers.names_of
        )
        work.read(state)
        pipe.send("read")
        progress = pipe.recv()
        with state.read() as connection:
            work.resolve(connection)
        with state.write() as connection:
            after = work.write(connection, order, epoch, progress, clock.now_millis())
            crash_point("in_rules")
        pipe.send((after, *work.to_list()))
    except (EOFError, BrokenPipeError, ParentGone, LeaseLost):
        logger.warning("the worker ended while its rules were being applied")
    except Exception as problem:
        logger.exception("identity rules can't be applied", extra={"version": order.version})
        with suppress(OSError):
            pipe.send(_Failure(type(problem).__name__, is_passing(problem)))
    finally:
        state.close()


def _in_force(state: State) -> GraphRules:
    with state.read() as connection:
        found = rules_in_force(connection)
    assert found is not None
    return rules_of(found.rules)
