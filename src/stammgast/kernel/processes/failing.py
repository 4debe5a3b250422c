"""Background work that fails again and again, told in `run/failing.PROCESS.json` until it succeeds.

A task that is repeated needs nobody to take it up again: it is tried at each of its turns, ever more seldom. What people
need is to see that it fails, and why.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from stammgast.kernel.clock import now_millis
from stammgast.kernel.processes.run_dir import read_small, tell_small

logger = logging.getLogger(__name__)

TOLD_FROM = 3
"""Failures in a row after which somebody should know."""
PAUSE_SECONDS_MAX = 60.0


@dataclass(frozen=True)
class FailingTask:
    """A task that failed `failures` times in a row, the first time at `since` (ms UTC); `error` is the last one's kind."""

    process: str
    name: str
    error: str
    failures: int
    since: int


class Chores:
    """Does the background work of one process; what fails stops nothing else, and waits before it is tried again."""

    def __init__(self, run_dir: Path, process: str) -> None:
        """Nothing fails as yet; what an earlier process told is over."""
        self._path = _path(run_dir, process)
        self._process = process
        self._failing: dict[str, FailingTask] = {}
        self._not_before: dict[str, float] = {}
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def do(self, name: str, work: Callable[[], object], is_mine: Callable[[Exception], bool] = lambda _: False) -> None:
        """Do some work unless it failed a moment ago. Errors that `is_mine` names are raised, all others told."""
        self.ask(name, lambda: bool(work()), is_mine)

    def ask(self, name: str, work: Callable[[], bool], is_mine: Callable[[Exception], bool] = lambda _: False) -> bool:
        """Do some work unless it failed a moment ago, and return what it says; False when it fails. As `do`."""
        if time.monotonic() < self._not_before.get(name, 0.0):
            return False
        try:
            found = work()
        except Exception as problem:
            if is_mine(problem):
                raise
            logger.exception("task failed", extra={"task": name})
            self._failed(name, type(problem).__name__)
            return False
        if name in self._failing:
            was = self._failing.pop(name)
            self._not_before.pop(name, None)
            if was.failures >= TOLD_FROM:
                self._tell()
        return found

    def _failed(self, name: str, error: str) -> None:
        before = self._failing.get(name)
        count = before.failures + 1 if before else 1
        since = before.since if before else now_millis()
        self._failing[name] = FailingTask(self._process, name, error, count, since)
        pause = 0.5 * 2.0 ** min(count - 2, 10) if count > 1 else 0.0
        self._not_before[name] = time.monotonic() + min(PAUSE_SECONDS_MAX, pause)
        if count >= TOLD_FROM:
            self._tell()

    def _tell(self) -> None:
        told = [
            [one.name, one.error, one.failures, one.since]
            for one in list(self._failing.values())
            if one.failures >= TOLD_FROM
        ]
        tell_small(self._path, json.dumps(told))


def failing_tasks(run_dir: Path) -> list[FailingTask]:
    """Return what fails again and again in the processes of an installation."""
    found = []
    for process in ("web", "worker"):
        with suppress(OSError, ValueError, TypeError):
            text = read_small(_path(run_dir, process))
            found += [FailingTask(process, *one) for one in json.loads(text or "[]")]
    return found


def _path(run_dir: Path, process: str) -> Path:
    return run_dir / f"failing.{process}.json"
