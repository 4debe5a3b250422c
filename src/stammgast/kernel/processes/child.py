"""One supervised process: begun, watched, begun again after a growing pause, stopped politely and then firmly."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

logger = logging.getLogger(__name__)

REFUSED = 2
"""Exit code of a process that will not start as it is set up; it has said why itself."""
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 10.0
HEALTHY_SECONDS = 60.0

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


@dataclass(frozen=True)
class Plan:
    """What to run as `python -m stammgast ARGUMENTS`, how to tell it is ready, how long it may take to stop.

    With a niceness it gives way to the others where all want the processor.
    """

    name: str
    arguments: Sequence[str]
    is_ready: Callable[[], bool]
    stop_seconds: float = 20.0
    niceness: int = 0


def restart_pause(failures: int) -> float:
    """Return the seconds to wait before the next start after so many failures in a row, doubling up to ten seconds.

    >>> [restart_pause(n) for n in (1, 2, 3, 20)]
    [0.25, 0.5, 1.0, 10.0]
    """
    return min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(failures - 1, 30))


class Child:
    """A process that should be running."""

    def __init__(self, plan: Plan, environ: Mapping[str, str], lock: int) -> None:
        """`lock` is the descriptor of the installation's lock, which the child holds too."""
        self.plan = plan
        self.restarts = 0
        self.due: float | None = None
        """When to start it again (monotonic); None while it runs."""
        self._environ = dict(environ)
        self._lock = lock
        self._failures = 0
        self._begun = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """The code it ended with; None while it runs or before it was begun."""
        return self._process.poll() if self._process else None

    def start(self) -> None:
        """Begin the process, in a group of its own: Ctrl-C on the terminal is for the supervisor to pass on."""
        self.due = None
        self._begun = time.monotonic()
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own arguments
            [sys.executable, "-m", "stammgast", *self.plan.arguments],
            env=self._environ,
            stdin=subprocess.DEVNULL,
            pass_fds=(self._lock,),
            process_group=0,
            preexec_fn=partial(_prepare, self.plan.niceness),  # noqa: PLW1509 - the supervisor has one thread only
        )

    def note_end(self) -> None:
        """Plan the next start of a process that has ended; one that ran well for a minute begins again at once."""
        if time.monotonic() - self._begun > HEALTHY_SECONDS:
            self._failures = 0
        self._failures += 1
        self.restarts += 1
        pause = restart_pause(self._failures)
        self.due = time.monotonic() + pause
        logger.warning(
            "%s ended and starts again", self.plan.name, extra={"exit_code": self.exit_code, "pause_seconds": pause}
        )

    def send(self, number: signal.Signals) -> None:
        """Pass a signal on, if the process is there."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)


def _prepare(niceness: int) -> None:
    # Runs in the child between fork and exec. Whatever happens to the supervisor, its children do not outlive it:
    # every process survives being killed, while two workers on one folder would not be survivable.
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.nice(niceness)
    if os.getppid() == 1:
        os._exit(1)
