"""What the worker does now and then when nothing else waits: forget old message ids one by one, fold anchor moves."""

from __future__ import annotations

import logging
from functools import partial
from time import monotonic

from stammgast.kernel import clock, outbox
from stammgast.kernel.clock import MILLIS_PER_DAY
from stammgast.kernel.errors import StammgastError
from stammgast.kernel.position import LeaseLost, Progress, keep_progress
from stammgast.kernel.processes.failing import Chores
from stammgast.kernel.runtime import Runtime
from stammgast.pipeline.seen import SeenMessages
from stammgast.profiles.api.worker import fold_moves, ledger, load_moves

logger = logging.getLogger(__name__)

BLOCKS_AT_ONCE = 10
FORGET_SECONDS = 30.0
FOLD_SECONDS = 24 * 3600.0
FOLD_RETRY_SECONDS = 60.0


def ends_worker(problem: Exception) -> bool:
    """Say whether an error is no chore's own: another worker has taken over."""
    return isinstance(problem, LeaseLost)


class Housekeeping:
    """Small steps, each far apart."""

    def __init__(self, runtime: Runtime, seen: SeenMessages, chores: Chores) -> None:
        """Begin a while after the start."""
        self._chores = chores
        self._runtime = runtime
        self._seen = seen
        self._forgot_at = monotonic()
        self._folded_at = monotonic() - FOLD_SECONDS + 600
        self._is_half_folded = False
        """A fold failed, perhaps after it was written and before it was loaded."""

    def step_if_due(self, epoch: int, progress: Progress) -> None:
        """Do what is due; a chore that fails does not keep the others from being done."""
        if monotonic() - self._forgot_at >= FORGET_SECONDS:
            self._chores.do("forget message ids", partial(self._forget, epoch, progress), ends_worker)
        if monotonic() - self._folded_at >= FOLD_SECONDS:
            self._chores.do("fold anchor moves", partial(self._fold, progress))

    def _forget(self, epoch: int, progress: Progress) -> None:
        done = self.forget_messages(epoch, progress)
        self._forgot_at = monotonic() - (FORGET_SECONDS if done == BLOCKS_AT_ONCE else 0)

    def _fold(self, progress: Progress) -> None:
        is_done = self.fold_moves(progress)
        self._folded_at = monotonic() - (0 if is_done else FOLD_SECONDS - FOLD_RETRY_SECONDS)

    def forget_messages(self, epoch: int, progress: Progress) -> int:
        """Delete some blocks of message ids older than the exact window; return how many. Filters remember them."""
        last_day = clock.now_millis() // MILLIS_PER_DAY - self._runtime.settings.dedup_days
        with self._runtime.customers.write() as connection:
            waiting = outbox.first_parcel(connection)
            before = min(progress.block, progress.block if waiting is None else waiting)
            done = ledger.forget_blocks(connection, last_day, before, BLOCKS_AT_ONCE)
            keep_progress(connection, epoch, progress)
            if done:
                self._seen.forgot(connection)
        return done

    def fold_moves(self, progress: Progress) -> bool:
        """Fold what is delivered of the anchors' moves into the base; return whether history did what was asked."""
        with self._runtime.customers.read() as connection:
            waiting = outbox.first_parcel(connection)
        history = self._runtime.history
        try:
            if self._is_half_folded:
                load_moves(history)
            self._is_half_folded = True
            fold_moves(history, (progress.next_batch if waiting is None else waiting) - 1)
        except StammgastError as problem:
            logger.warning("anchor moves not folded", extra={"problem": problem.code})
            return False
        self._is_half_folded = False
        return True
