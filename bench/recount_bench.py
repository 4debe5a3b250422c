"""Figures counted anew from history while events arrive: how long it takes, and how far the worker falls behind."""

from __future__ import annotations

import json
import tempfile
import threading
import time
from pathlib import Path

from bench.pipeline_bench import Watch, batches, fill_log
from bench.steady import Load
from bench.table import Row
from stammgast.kernel.worker_status import read_status
from tools.installation import Installation

ARRIVING = 500
"""Events a second that arrive meanwhile."""
SECONDS_MAX, LAG_SECONDS_MAX = 60, 1.0
"""For a million events."""
ONE_FIGURE = "orders"


def run(*, quick: bool = False) -> list[Row]:
    events = 20_000 if quick else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        fill_log(data / "log", events)
        installation = Installation(data)
        watch = Watch(installation, events)
        installation.start()
        try:
            watch.join()
            return _measure(installation, events, watch.events_per_second())
        finally:
            installation.stop()


def _measure(installation: Installation, events: int, taken_in: float) -> list[Row]:
    token = installation.token()
    load = Load(installation.port, batches(installation.source(), size=10), rate=ARRIVING / 10)
    time.sleep(3.0)
    lag = LagWatch(installation)
    seconds = _count_anew(installation, token, [])
    worst = lag.stop()
    one = _count_anew(installation, token, [ONE_FIGURE])
    refused = load.stop().refused
    assert refused == 0, f"{refused} requests were not answered 200"
    rate = events / seconds
    return [
        Row(
            f"every figure of {events:,} events counted anew while {ARRIVING} events/s arrive",
            seconds,
            "s",
            target=f"under {SECONDS_MAX} s for 1,000,000",
            reference=f"the same events taken in from the log: {taken_in:.0f} events/s",
            ratio=rate / taken_in,
            holds=seconds * 1_000_000 / events < SECONDS_MAX,
        ),
        Row(
            "the worker's lag meanwhile, at its most",
            worst,
            "s",
            target=f"under {LAG_SECONDS_MAX:.0f} s",
            holds=worst < LAG_SECONDS_MAX,
        ),
        Row(f"one figure ({ONE_FIGURE}) of the same events", one, "s"),
    ]


def _count_anew(installation: Installation, token: str, features: list[str]) -> float:
    """Order it; return the seconds until it is done, lists included."""
    body = {"action": "start", "features": features}
    begun = time.perf_counter()
    before = installation.ask("/api/recount", token)[1]["number"]
    status, answer = installation.ask("/api/recount", token, body)
    assert status == 202, answer
    while True:
        found = installation.ask("/api/recount", token)[1]
        if found["number"] > before and found["state"] == "done":
            assert not found["setAside"], found
            return time.perf_counter() - begun
        assert found["state"] != "blocked", json.dumps(found)
        time.sleep(0.1)


class LagWatch(threading.Thread):
    """Looks ten times a second how old the oldest event is that waits for the worker."""

    def __init__(self, installation: Installation) -> None:
        super().__init__(daemon=True)
        self._run_dir = installation.data / "run"
        self._stopping = threading.Event()
        self._worst = 0.0
        self.start()

    def run(self) -> None:
        """Look until told to stop."""
        while not self._stopping.wait(0.1):
            if (status := read_status(self._run_dir)) is not None:
                self._worst = max(self._worst, status.lag_seconds)

    def stop(self) -> float:
        """Return the longest lag, in seconds."""
        self._stopping.set()
        self.join()
        return self._worst
