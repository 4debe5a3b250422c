"""`stammgast up`: starts warehouse, worker and web, keeps them running, stops them in the right order.

Runs as a process of its own with the standard library only, so that watching costs next to nothing.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from stammgast.kernel.errors import StammgastError
from stammgast.kernel.logging import start_logging
from stammgast.kernel.processes.child import REFUSED, Child, Plan
from stammgast.kernel.processes.lock import hold_lock
from stammgast.kernel.processes.ports import answers_http, choose_warehouse_port, refuse_taken_port
from stammgast.kernel.processes.private import keep_private
from stammgast.kernel.processes.run_dir import (
    forget_pid,
    read_small,
    tell_again,
    tell_small,
    warehouse_password,
    write_pid,
)
from stammgast.kernel.settings import Settings, load_settings

logger = logging.getLogger(__name__)

GREETING = "greeting"
"""File in the run folder with what the others want said once everything is ready (it may hold a secret: mode 0600)."""
START_SECONDS = 600.0
"""Longest wait for one process to become ready; a warehouse may have much to check after a power cut."""
STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
WATCHED = (*STOPPING, signal.SIGCHLD)
TELL_AGAIN_SECONDS = 1.0
SAME_WISH_SECONDS = 1.0
"""A second signal to stop means "at once", but not so soon: `make` and shells pass on what the whole group got anyway."""
WORKER_NICENESS = 5
"""People and senders wait for web, in milliseconds; nobody does for the worker."""


class StartFailed(StammgastError):
    """{name} did not start; the lines above say why. `stammgast doctor` checks the rest."""


class _Stop(Exception):
    """Somebody asked us to stop."""


@dataclass(frozen=True)
class Order:
    """What `up` was asked for."""

    settings: Settings
    demo: bool = False


class Supervisor:
    """The one process that starts and watches the others. Has one thread; waits only for signals."""

    def __init__(self, order: Order, lock: int) -> None:
        """`lock` is the descriptor of the installation's lock."""
        self._order = order
        self._settings = order.settings
        self._lock = lock
        self._children: list[Child] = []
        self._environ = dict(os.environ)

    def run(self) -> None:
        """Start everything, say so, watch until asked to stop, stop everything.

        Raises StartFailed when a process does not come up the first time.
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
        try:
            self._start()
            self._greet()
            self._watch()
        except _Stop:
            logger.info("stopping")
        finally:
            self._stop()

    def _start(self) -> None:
        warehouse = self._embedded_warehouse()
        if warehouse:
            warehouse.start()
        # Preparing the state needs no warehouse: by the time history's turn comes, it usually answers already.
        self._run_once("migrate")
        for name, seconds, niceness in (("worker", 30.0, WORKER_NICENESS), ("web", 10.0, 0)):
            plan = Plan(name, self._arguments(name), lambda: True, stop_seconds=seconds, niceness=niceness)
            self._child(plan).start()
        self._wait_until_ready()
        if self._order.demo:
            self._run_once("_demo")
            self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        settings = self._settings
        self._wait_until(lambda: answers_http(settings.reachable_host, settings.port, "/readyz"), "web")

    def _embedded_warehouse(self) -> Child | None:
        settings = self._settings
        if settings.history_url:
            return None
        warehouse_password(settings.run_dir)
        port = choose_warehouse_port(settings)
        self._environ["STAMMGAST_WAREHOUSE_PORT"] = str(port)
        return self._child(
            Plan("warehouse", self._arguments("warehouse"), lambda: answers_http("127.0.0.1", port, "/ping"))
        )

    def _arguments(self, command: str, *more: str) -> tuple[str, ...]:
        return (command, "--data", str(self._settings.data), *more)

    def _child(self, plan: Plan) -> Child:
        child = Child(plan, self._environ, self._lock)
        self._children.append(child)
        return child

    def _run_once(self, command: str, *more: str) -> None:
        once = Child(Plan(command, self._arguments(command, *more), lambda: True), self._environ, self._lock)
        once.start()
        try:
            self._wait_until(lambda: not once.is_running, command)
        except BaseException:
            once.send(signal.SIGKILL)
            raise
        if once.exit_code:
            raise StartFailed(name=command)

    def _wait_until(self, is_reached: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not is_reached():
            if time.monotonic() > deadline:
                raise StartFailed(name=what)
            for child in self._children:
                if child.exit_code == REFUSED and not child.restarts:
                    raise StartFailed(name=child.plan.name)
            self._pass_time(0.02)

    def _greet(self) -> None:
        lines = [f"Stammgast is ready at {self._settings.base_url}"]
        greeting = read_small(self._settings.run_dir / GREETING)
        if greeting:
            lines.append(greeting)
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()

    def _watch(self) -> None:
        while True:
            now = time.monotonic()
            due = [child.due for child in self._children if child.due is not None]
            if not tell_again():
                due.append(now + TELL_AGAIN_SECONDS)
            self._pass_time(max(0.0, min(due) - now) if due else None)

    def _pass_time(self, seconds: float | None) -> None:
        """Wait for a signal; then see to whoever has ended or is due to start again."""
        found = signal.sigwaitinfo(WATCHED) if seconds is None else signal.sigtimedwait(WATCHED, seconds)
        if found is not None and found.si_signo in STOPPING:
            raise _Stop
        for child in self._children:
            if child.due is not None and child.due <= time.monotonic():
                child.start()
            elif child.due is None and child.exit_code is not None:
                child.note_end()
                self._tell_restarts()

    def _tell_restarts(self) -> None:
        told = "".join(f"{child.plan.name} {child.restarts}\n" for child in self._children)
        tell_small(self._settings.run_dir / "restarts", told)

    def _stop(self) -> None:
        # Web first, so that nothing new comes in; the worker finishes its batch; the warehouse goes last.
        hurried, began = False, time.monotonic()
        for child in reversed(self._children):
            child.send(signal.SIGTERM)
            deadline = time.monotonic() + (0.0 if hurried else child.plan.stop_seconds)
            while child.is_running and time.monotonic() < deadline and not hurried:
                found = signal.sigtimedwait(WATCHED, 0.05)
                is_asked = found is not None and found.si_signo in STOPPING
                hurried = is_asked and time.monotonic() - began > SAME_WISH_SECONDS
            if child.is_running:
                logger.warning("%s is ended by force", child.plan.name)
                child.send(signal.SIGKILL)
        logger.info("stopped")


def run_up(order: Order) -> None:
    """Run the whole installation until it is asked to stop.

    Raises AlreadyRunning, PortTaken, DataFolderNotWritable or StartFailed.
    """
    settings = order.settings
    lock = hold_lock(settings.data, settings.run_dir)
    keep_private(settings.data)
    refuse_taken_port(settings.host, settings.port)
    tell_small(settings.run_dir / "restarts", "")
    (settings.run_dir / GREETING).unlink(missing_ok=True)
    write_pid(settings.run_dir, "supervisor")
    try:
        Supervisor(order, lock).run()
    finally:
        forget_pid(settings.run_dir, "supervisor")


def main(arguments: Iterable[str]) -> int:
    """Run `up` from its own command line: DATA [--demo]; host and port come as variables. Returns the exit code."""
    data, *flags = arguments
    try:
        settings = load_settings(data=data)
        start_logging("up", settings.log_level)
        run_up(Order(settings, demo="--demo" in flags))
    except StammgastError as refusal:
        sys.stderr.write(f"{refusal}\n")
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
