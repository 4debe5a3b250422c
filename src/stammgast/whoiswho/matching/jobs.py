"""Searches ordered in the interface: each in a process of its own, so that web stays quick and its memory small."""

from __future__ import annotations

from stammgast.kernel import clock
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.jobs import JobProcess
from stammgast.kernel.runtime import Runtime
from stammgast.whoiswho.matching import store
from stammgast.whoiswho.matching.reviewing import follow_merges

NICENESS = 5
GONE = _("The search ended without a result; the log tells more.")


class SearchRunner:
    """Starts the search that waits, and ends the one that is to stop."""

    def __init__(self, runtime: Runtime) -> None:
        """Nothing is begun before `tick`."""
        self._runtime = runtime
        self._process = JobProcess(NICENESS)
        self._number = 0

    def tick(self) -> None:
        """Look what there is to do; called every second."""
        with self._runtime.control.read() as connection:
            found = next(iter(store.newest_runs(connection, 1, "waiting", "running")), None)
        if self._process.is_running:
            if found is None or found.wants_stop:
                self.close()
        elif self._process.take_ended():
            if found is not None and found.id == self._number:
                self._write("failed", GONE)
        elif found is not None and found.state == "running" and found.wants_stop:
            self._number = found.id
            self._write("stopped", "")  # of a web process that is no more
        elif found is not None and found.state == "waiting":
            self._number = found.id
            data = str(self._runtime.settings.data)
            self._process.start("identity", "suggest", "--json", "--data", data, "--run", str(found.id))

    def close(self) -> None:
        """End the search under way."""
        if self._process.end():
            self._write("stopped", "")

    def _write(self, state: str, problem: str) -> None:
        with self._runtime.control.write() as connection:
            store.change_run(
                connection,
                self._number,
                only_in=("waiting", "running"),
                state=state,
                problem=problem,
                ended_at=clock.now_millis(),
            )


def work_on_searches(runtime: Runtime) -> None:
    """Let the process's runner look for work, and let suggestions follow merges; called every second."""
    runtime.service(SearchRunner).tick()
    follow_merges(runtime)
