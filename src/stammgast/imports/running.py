"""Finding the running Stammgast to send to, or starting one for as long as an import takes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from stammgast.imports.contracts import NotRunning
from stammgast.kernel.log import LogReader
from stammgast.kernel.processes.ports import answers_http, free_port, is_free
from stammgast.kernel.processes.run_dir import read_port, running_pid
from stammgast.kernel.settings import Settings

START_SECONDS = 120.0
STOP_SECONDS = 60.0
LOOK_SECONDS = 0.1
WORKER = "worker"


@contextmanager
def running_system(settings: Settings) -> Iterator[str]:
    """Give the address of the running web process; when nothing runs, `stammgast up` runs until the block ends.

    Raises NotRunning when it does not come up.
    """
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104 - compared
    port = read_port(settings.run_dir, "web") or settings.port
    if running_pid(settings.run_dir, "web") is not None:
        _wait_until(lambda: answers_http(host, port, "/healthz"), f"http://{host}:{port}")
        yield f"http://{host}:{port}"
        return
    port = settings.port if is_free(settings.port) else free_port()
    process = _start(settings, port)
    try:
        _wait_until(
            lambda: answers_http(host, port, "/readyz"), f"http://{host}:{port}", lambda: process.poll() is None
        )
        yield f"http://{host}:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def wait_for_worker(settings: Settings, tell: Callable[[int, int], None]) -> None:
    """Wait until the worker has taken in all that stands in the log now; tell (events done, events to do) meanwhile."""
    reader = LogReader(settings.log_dir, WORKER)
    try:
        begun, goal = reader.published(), reader.head()
        while (position := reader.published()) < goal:
            tell(position - begun, goal - begun)
            if running_pid(settings.run_dir, WORKER) is None and running_pid(settings.run_dir, "supervisor") is None:
                return  # Nobody is left to wait for; the log keeps everything until a worker comes back.
            time.sleep(LOOK_SECONDS)
        tell(goal - begun, goal - begun)
    finally:
        reader.close()


def _start(settings: Settings, port: int) -> subprocess.Popen[bytes]:
    arguments = [sys.executable, "-m", "stammgast", "up", "--data", str(settings.data), "--port", str(port)]
    return subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
        arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=os.environ, start_new_session=True
    )


def _wait_until(is_reached: Callable[[], bool], address: str, may_come: Callable[[], bool] = lambda: True) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not is_reached():
        if time.monotonic() > deadline or not may_come():
            raise NotRunning(address=address)
        time.sleep(LOOK_SECONDS)
