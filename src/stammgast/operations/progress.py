"""How far the worker is behind, read from the log and from the position that the worker tells."""

from __future__ import annotations

import threading
import time
from collections import deque
from pathlib import Path

import msgspec

from stammgast.kernel.clock import now_millis
from stammgast.kernel.log import LogReader
from stammgast.kernel.processes.run_dir import read_small
from stammgast.kernel.settings import Settings
from stammgast.kernel.worker_status import WorkerStatus
from stammgast.operations.contracts import Progress

READER = "worker"
WORKER_FILE = "worker.json"
_SAMPLES_MAX = 64
_SHORTEST_SECONDS = 0.5
_WINDOW_SECONDS = 30.0


def read_progress(settings: Settings) -> Progress:
    """Return how far the worker is; all zero for an installation that never accepted an event."""
    reader = LogReader(settings.log_dir, READER)
    try:
        head = reader.head()
        processed = min(reader.published(), head)
        waiting = reader.read(processed, 1) if processed < head else []
    finally:
        reader.close()
    lag_millis = max(0, now_millis() - waiting[0].received_at) if waiting else 0
    # Read last: what came in since the worker told how many wait may wait as well.
    worker = read_worker_status(settings.run_dir)
    undelivered = worker.outbox_events + max(0, processed - worker.position) if worker else 0
    return Progress(head, processed, head - processed, lag_millis / 1000, undelivered)


def read_worker_status(run_dir: Path) -> WorkerStatus | None:
    """Return what the worker last told of itself, None when none ever ran here."""
    told = read_small(run_dir / WORKER_FILE)
    return msgspec.json.decode(told, type=WorkerStatus) if told else None


def worker_silence_seconds(run_dir: Path) -> float | None:
    """Return the seconds since the running worker last told how it is doing, None when it has not told anything yet."""
    try:
        told_at = (run_dir / WORKER_FILE).stat().st_mtime
        begun_at = (run_dir / "worker.pid").stat().st_mtime
    except FileNotFoundError:
        return None
    return max(0.0, time.time() - told_at) if told_at >= begun_at else None


class Pace:
    """Rates out of looks at the progress: keeps the looks of the last half minute."""

    def __init__(self) -> None:
        """Nothing seen yet."""
        self._samples: deque[tuple[float, int, int]] = deque(maxlen=_SAMPLES_MAX)
        self._lock = threading.Lock()

    def note(self, progress: Progress, seconds: float) -> tuple[float | None, float | None]:
        """Add a look made at `seconds` (monotonic) and return (accepted, processed) a second since the oldest kept one.

        None when there is no earlier look at least half a second old.

        >>> pace = Pace()
        >>> pace.note(Progress(0, 0, 0, 0.0, 0), 10.0)
        (None, None)
        >>> pace.note(Progress(500, 300, 200, 0.4, 0), 12.0)
        (250.0, 150.0)
        """
        with self._lock:
            while self._samples and seconds - self._samples[0][0] > _WINDOW_SECONDS:
                self._samples.popleft()
            first = self._samples[0] if self._samples else None
            self._samples.append((seconds, progress.accepted, progress.processed))
        if first is None or seconds - first[0] < _SHORTEST_SECONDS:
            return None, None
        passed = seconds - first[0]
        return (progress.accepted - first[1]) / passed, (progress.processed - first[2]) / passed
