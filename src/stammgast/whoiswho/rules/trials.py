"""Carrying out dry runs: in a process of its own for the interface, so that web stays quick; at once on the command line."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

import msgspec
from sqlalchemy import Connection, text

from stammgast.identity.graph.rules import GraphRules
from stammgast.identity.rulebook.contracts import RulesEffect, RulesProgress, Stage
from stammgast.identity.rulebook.force import rules_seen
from stammgast.kernel import clock
from stammgast.kernel.jobs import JobProcess
from stammgast.kernel.runtime import Runtime
from stammgast.kernel.state import State
from stammgast.profiles.api.pages import customers
from stammgast.whoiswho.rules import store
from stammgast.whoiswho.rules.book import pass_on_orders, trial, version
from stammgast.whoiswho.rules.renewing import renew_untouched

TOLD_SECONDS = 0.5
NICENESS = 10
GONE = "The dry run ended without a result; the log of the web process tells more"


def try_rules(
    runtime: Runtime, rules: GraphRules, told: Callable[[Stage, int, int], object] | None = None
) -> RulesEffect:
    """Return what rules would do to everything that is known now; changes nothing."""
    from stammgast.identity.rulebook.carrying_out import CarryingOut

    with runtime.customers.read() as connection:
        _keep_still(runtime.customers, connection)
        work = CarryingOut(
            rules, rules_seen(runtime, connection), told or (lambda _stage, _done, _total: None), customers.names_of
        )
        return work.resolve(connection)


def carry_out(runtime: Runtime, number: int) -> None:
    """Carry out one dry run that was ordered, and note what came of it."""
    found = trial(runtime, number)
    notebook = _Notebook(runtime, number)
    _change(runtime, number, state="running")
    effect = try_rules(runtime, version(runtime, found.version).rules, notebook.tell)
    _change(
        runtime,
        number,
        state="done",
        effect=msgspec.json.encode(effect).decode(),
        progress="",
        ended_at=clock.now_millis(),
    )


class TrialRunner:
    """Starts the dry run that waits, one at a time."""

    def __init__(self, runtime: Runtime) -> None:
        """Nothing is begun before `tick`."""
        self._runtime = runtime
        self._process = JobProcess(NICENESS)
        self._is_renewed = False

    def renew(self) -> None:
        """Take over what is built in newly, once there are rules to look at."""
        self._is_renewed = self._is_renewed or renew_untouched(self._runtime)

    def tick(self) -> None:
        """Look what there is to do; called every second."""
        if self._process.is_running:
            return
        with self._runtime.control.read() as connection:
            waiting = store.unfinished_trials(connection)
        for one in waiting:
            if one.state == "running":  # its process is no more
                _change(self._runtime, one.id, state="failed", problem=GONE, ended_at=clock.now_millis())
            else:
                data = str(self._runtime.settings.data)
                self._process.start("identity", "dry-run", "--data", data, "--trial", str(one.id))
                return

    def close(self) -> None:
        """End the dry run under way."""
        self._process.end()


class _Notebook:
    def __init__(self, runtime: Runtime, number: int) -> None:
        self._runtime = runtime
        self._number = number
        self._told_at = -TOLD_SECONDS

    def tell(self, stage: Stage, done: int, total: int) -> None:
        if monotonic() - self._told_at >= TOLD_SECONDS:
            self._told_at = monotonic()
            told = RulesProgress(self._number, stage, done, total, clock.now_millis())
            _change(self._runtime, self._number, progress=msgspec.json.encode(told).decode())


def work_on_trials(runtime: Runtime) -> None:
    """Renew untouched rules, pass on orders from the command line, let the runner look for work; called every second."""
    runner = runtime.service(TrialRunner)
    runner.renew()
    pass_on_orders(runtime)
    runner.tick()


def _keep_still(state: State, connection: Connection) -> None:
    """Let all reads of a transaction see the same moment; SQLite's do anyway."""
    if not state.is_sqlite:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))


def _change(runtime: Runtime, number: int, **values: object) -> None:
    with runtime.control.write() as connection:
        store.change_trial(connection, number, **values)
