"""Waiting that nobody sees a figure of: from a ring to who listens, until a process' tasks stop, from a login to every analysis."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import cast

from bench.table import Row
from stammgast.app import open_history
from stammgast.kernel.history import HistoryClient
from stammgast.kernel.processes.doorbell import Doorbell, Ringer
from stammgast.kernel.processes.tasks import FIRST_SECONDS, TaskRunner
from stammgast.kernel.runtime import Manifest, Runtime, Task
from stammgast.kernel.settings import Settings
from tools.installation import Installation

LOOK_SECONDS = 0.05
"""How often the reference looks: as often as a worker could for the processor time of an idle one."""
RING_MILLIS_MAX = 5.0
STOP_SECONDS_MAX = 0.1
ANALYSIS_SECONDS_MAX = 2.0
ECHO = """
import sys
from pathlib import Path
from stammgast.kernel.processes.doorbell import Doorbell, Ringer
bell, back = Doorbell.listen(Path(sys.argv[1]), "there"), Ringer(Path(sys.argv[1]), "here")
print("listens", flush=True)
while True:
    if bell.wait(60):
        back.ring()
"""


def run(*, quick: bool = False) -> list[Row]:
    return [_ring_row(50 if quick else 400), _stop_row(3 if quick else 10), _login_row(3 if quick else 10)]


def _ring_row(rounds: int) -> Row:
    """Ring another process that rings back: half of that is one way. The reference writes a file that is looked at."""
    with tempfile.TemporaryDirectory() as folder:
        run_dir = Path(folder)
        bell, ringer = Doorbell.listen(run_dir, "here"), Ringer(run_dir, "there")
        echo = subprocess.Popen([sys.executable, "-c", ECHO, folder], stdout=subprocess.PIPE)
        try:
            assert echo.stdout is not None
            assert echo.stdout.readline() == b"listens\n"
            ways = sorted(_there_and_back(bell, ringer) / 2 for _ in range(rounds))
        finally:
            echo.kill()
            echo.communicate()
            ringer.close()
            bell.close()
        looking = median(_seen_by_looking(run_dir / "news") for _ in range(min(rounds, 40)))
    heard, slowest = median(ways), ways[int(len(ways) * 0.99)] * 1000
    return Row(
        f"a doorbell's ring, heard by another process, median (99 %: {slowest:.2f} ms)",
        heard * 1e6,
        "us",
        target=f"99 % under {RING_MILLIS_MAX:.0f} ms",
        reference=f"looking every {LOOK_SECONDS * 1000:.0f} ms: {looking * 1000:.1f} ms",
        ratio=looking / heard,
        holds=slowest < RING_MILLIS_MAX,
    )


def _there_and_back(bell: Doorbell, ringer: Ringer) -> float:
    began = time.perf_counter()
    ringer.ring()
    assert bell.wait(10)
    return time.perf_counter() - began


def _seen_by_looking(news: Path) -> float:
    """Return the seconds from a file's writing by another process until a look finds it."""
    news.unlink(missing_ok=True)
    # Written at a moment that has nothing to do with the looks.
    delay = int.from_bytes(os.urandom(2)) / 65_536 * LOOK_SECONDS
    code = f"import time, pathlib; time.sleep({delay}); pathlib.Path({str(news)!r}).write_text(str(time.monotonic()))"
    writer = subprocess.Popen([sys.executable, "-c", code])
    while not (news.exists() and (written := news.read_text())):
        time.sleep(LOOK_SECONDS)
    seen = time.monotonic()
    writer.wait()
    return seen - float(written)


def _stop_row(rounds: int) -> Row:
    """Stop a runner whose tasks wait for their turn."""
    seconds = max(_stop_seconds() for _ in range(rounds))
    return Row(
        f"a process' tasks stopped, slowest of {rounds}",
        seconds * 1000,
        "ms",
        target=f"under {STOP_SECONDS_MAX * 1000:.0f} ms",
        holds=seconds < STOP_SECONDS_MAX,
    )


def _stop_seconds() -> float:
    done: list[float] = []
    task = Task("bench", "worker", 3600, lambda _: done.append(time.monotonic()))
    manifest = Manifest("bench", Path(), tasks=(task,))
    runner = TaskRunner(cast("Runtime", SimpleNamespace(manifests=[manifest])), "worker")
    runner.start()
    _until(lambda: bool(done), FIRST_SECONDS + 10)
    began = time.perf_counter()
    runner.stop()
    return time.perf_counter() - began


def _login_row(rounds: int) -> Row:
    """Let an anonymous visitor log in: from the answer until every query over history counts both as one person."""
    with tempfile.TemporaryDirectory() as folder:
        installation = Installation(Path(folder) / "data")
        installation.start()
        try:
            key, token = installation.source(), installation.token()
            history = open_history(Settings(data=installation.data))
            seconds = []
            for number in range(rounds):
                for event in (_visit(number), _login(number, "known")):
                    _send(installation, key, event)
                installation.wait_until_processed(token)
                _send(installation, key, _visit(number) | _login(number, "login"))
                began = time.perf_counter()
                people = f"SELECT uniqExact(profile_of(anchor)), count() FROM events WHERE name = 'Round {number}'"
                _until(partial(_tells, history, people, (1, 3)), 60)
                seconds.append(time.perf_counter() - began)
            history.close()
        finally:
            installation.stop()
    return Row(
        f"a login that makes two one, accepted -> in every analysis, slowest of {rounds} (median {median(seconds):.2f} s)",
        max(seconds),
        "s",
        target=f"under {ANALYSIS_SECONDS_MAX:.0f} s: the dictionary is loaded anew once a second at most",
        holds=max(seconds) < ANALYSIS_SECONDS_MAX,
    )


def _tells(history: HistoryClient, query: str, row: tuple[int, ...]) -> bool:
    return history.query(query) == [row]


def _visit(number: int) -> dict[str, str]:
    return {
        "type": "track",
        "event": f"Round {number}",
        "anonymousId": f"device-{number}",
        "messageId": f"visit-{number}",
    }


def _login(number: int, message: str) -> dict[str, str]:
    return {"type": "track", "event": f"Round {number}", "userId": f"user-{number}", "messageId": f"{message}-{number}"}


def _send(installation: Installation, key: str, event: dict[str, str]) -> None:
    status, answer = installation.ask("/v1/track", body={"writeKey": key, **event})
    assert status == 200, answer


def _until(is_so: Callable[[], bool], patience: float) -> None:
    deadline = time.perf_counter() + patience
    while not is_so():
        assert time.perf_counter() < deadline, "it never became so"
        time.sleep(0.005)
