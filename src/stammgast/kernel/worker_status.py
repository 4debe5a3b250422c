"""How the worker is doing, told once a second in `run/worker.json`, and as soon as nothing waits any more."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from time import monotonic

import msgspec

from stammgast.kernel.processes.run_dir import read_small, tell_small

FILE_NAME = "worker.json"
PERIOD_SECONDS = 1.0
NEWS_SECONDS = 0.1
"""Shortest time until it is told that nothing waits any more."""
WINDOW_SECONDS = 10.0


class WorkerStatus(msgspec.Struct, frozen=True):
    """How the worker is doing, as it last wrote to `run/worker.json`."""

    at: int
    position: int
    """Of the log, committed."""
    lag_seconds: float
    """Age of the oldest event not yet in profiles; 0 when there is none."""
    events: int
    """Taken in since this worker started."""
    events_per_second: float
    outbox_events: int
    """In profiles but not yet in history."""
    is_paused: bool
    """Waiting for history because the outbox limit is reached."""
    watch_lag_seconds: float = 0.0
    """For how long somebody waits to be looked at by the watchers; 0 when nobody does."""
    watch_waiting: int = 0
    """How many wait."""


class StatusTeller:
    """Counts events and writes the status; a worker that stands still tells that too."""

    def __init__(self, run_dir: Path) -> None:
        """Nothing is told before the first `tell`."""
        self._path = run_dir / FILE_NAME
        self._events = 0
        self._marks: deque[tuple[float, int]] = deque([(monotonic(), 0)])
        self._told_at = -PERIOD_SECONDS
        self._told = (-1, -1)

    def count(self, events: int) -> None:
        """Note events that a committed batch went through."""
        self._events += events

    def is_due(self, position: int, outbox_events: int) -> bool:
        """Say whether a second has passed since the last telling, or history has everything and nobody was told."""
        wait = PERIOD_SECONDS if outbox_events or self._told == (position, outbox_events) else NEWS_SECONDS
        return monotonic() - self._told_at >= wait

    def tell(
        self,
        *,
        at: int,
        position: int,
        lag_seconds: float,
        outbox_events: int,
        is_paused: bool,
        watch_lag_seconds: float = 0.0,
        watch_waiting: int = 0,
    ) -> None:
        """Write the status; `at` in ms UTC."""
        self._told_at = now = monotonic()
        self._told = (position, outbox_events)
        self._marks.append((now, self._events))
        while len(self._marks) > 1 and now - self._marks[0][0] > WINDOW_SECONDS:
            self._marks.popleft()
        begun, events = self._marks[0]
        status = WorkerStatus(
            at=at,
            position=position,
            lag_seconds=lag_seconds,
            events=self._events,
            events_per_second=(self._events - events) / max(now - begun, PERIOD_SECONDS),
            outbox_events=outbox_events,
            is_paused=is_paused,
            watch_lag_seconds=watch_lag_seconds,
            watch_waiting=watch_waiting,
        )
        tell_small(self._path, msgspec.json.encode(status).decode())


def read_status(run_dir: Path) -> WorkerStatus | None:
    """Return what the worker last told, None when none ever ran here."""
    text = read_small(run_dir / FILE_NAME)
    return msgspec.json.decode(text, type=WorkerStatus) if text else None
