"""Work that a process repeats: every module's tasks, on one thread, none of which can stop another."""

from __future__ import annotations

import signal
import threading
import time
from functools import partial

from stammgast.kernel.processes.failing import Chores
from stammgast.kernel.runtime import Runtime

FIRST_SECONDS = 1.0
"""How long after its start a process first does its tasks: starting comes first."""


class TaskRunner:
    """Runs the tasks of one process, one after the other, each as often as it asks for."""

    def __init__(self, runtime: Runtime, process: str) -> None:
        """Collect the tasks that the modules declare for `process`."""
        self._runtime = runtime
        self._tasks = [one for manifest in runtime.manifests for one in manifest.tasks if one.process == process]
        self._chores = runtime.services.setdefault(Chores, Chores(runtime.settings.run_dir, process))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tasks", daemon=True)

    def start(self) -> None:
        """Begin, on a thread of its own."""
        if self._tasks:
            self._thread.start()

    def stop(self, patience: float = 5.0) -> None:
        """End after the task under way, but wait for it no longer than `patience` seconds."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(patience)

    def _run(self) -> None:
        due = {one.name: time.monotonic() + FIRST_SECONDS for one in self._tasks}
        while not self._stop.wait(max(0.0, min(due.values()) - time.monotonic())):
            for one in self._tasks:
                if due[one.name] <= time.monotonic() and not self._stop.is_set():
                    self._chores.do(one.name, partial(one.run, self._runtime))
                    due[one.name] = time.monotonic() + one.seconds


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set, for the main loop of a process."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
