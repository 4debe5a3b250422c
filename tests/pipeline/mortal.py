"""A worker that really dies: each life is a process of its own, which may kill itself at a crash point."""

import multiprocessing
import signal

from stammgast.app import MODULES, open_runtime
from stammgast.kernel.log import LogReader, LogWriter
from stammgast.pipeline import crash, projection, sender
from stammgast.pipeline.runner import NAME, Worker
from stammgast.profiles import history
from tools.workbench import Workbench

SLOT = 120.0
"""Seconds a life may take on a busy machine."""
# A process forked from one that has everything imported begins in milliseconds, and shares no thread with the test.
_forking = multiprocessing.get_context("forkserver")
_forking.set_forkserver_preload([f"stammgast.{one}.manifest" for one in MODULES] + [__name__])


class MortalBench(Workbench):
    """A workbench whose worker lives elsewhere, and not for long. The test keeps the log, as web does."""

    def __init__(self, settings):
        self.settings = settings
        self.runtime = open_runtime(settings, "web")
        self.log = self.runtime.services.get(LogWriter) or LogWriter(settings.log_dir)
        self.runtime.services[LogWriter] = self.log
        self.deaths = []
        self.prepare = None
        """What each life does first to its runtime; a function that can be named."""

    def live(self, point="", passes=1):
        """Let a worker work until nothing is left to do, or until it comes to a point; say whether it died there."""
        life = _forking.Process(target=_live, args=(self.settings, point, passes, self.prepare))
        life.start()
        life.join(SLOT)
        if life.is_alive():
            life.kill()
            life.join()
            raise TimeoutError(f"the worker does not settle (to die at {point or 'nothing'})")
        has_died = life.exitcode == -signal.SIGKILL
        assert has_died or life.exitcode == 0, f"the worker fell over: {life.exitcode}"
        if has_died:
            self.deaths.append(point)
        return has_died

    def work(self):
        assert not self.live(), "nobody asked the worker to die"

    def close(self):
        self.log.close()
        self.runtime.close()


def hurry(setting=setattr):
    """Wait for nothing but the stores: the pauses that spare a machine would be most of a short life."""
    for one, name in ((projection, "PERIOD_SECONDS"), (sender, "PERIOD_SECONDS"), (history, "RELOAD_SECONDS")):
        setting(one, name, 0.02)


def _live(settings, point, passes, prepare):
    if point:
        crash.die_at(point, passes)
    hurry()
    runtime = open_runtime(settings, "worker")
    if prepare is not None:
        prepare(runtime)
    reader = LogReader(settings.log_dir, NAME)
    worker = Worker(runtime)
    head = reader.head()
    while worker.position < head or not worker.is_settled():
        worker.turn()
    worker.close()
    reader.close()
    runtime.close()
