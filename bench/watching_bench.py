"""Time alone changes many profiles at once: how long until all are looked at, and how soon events get through meanwhile."""

from __future__ import annotations

import gc
import statistics
import subprocess
import tempfile
import threading
import time
from collections import deque
from pathlib import Path

import msgspec

from bench.pipeline_bench import make_events
from bench.table import Row
from stammgast.app import migrate
from stammgast.events.contracts import OwnEvent
from stammgast.identity.store.graph import anchor_digest
from stammgast.kernel import clock
from stammgast.kernel.effects import Derive
from stammgast.kernel.log import LogEntry
from stammgast.kernel.ports.watching import Before, Looked, ProfileView, Watcher, observed_message_id
from stammgast.kernel.position import keep_progress
from stammgast.kernel.processes.ports import answers_http, free_port
from stammgast.kernel.processes.run_dir import warehouse_password
from stammgast.kernel.runtime import Manifest
from stammgast.kernel.settings import Settings
from stammgast.kernel.sql import rows_of, run_many
from stammgast.pipeline.runner import Worker
from tools.installation import COMMAND, clean_environ
from tools.workbench import Workbench, track

SECONDS_MAX, LAG_MAX = 120.0, 1.0
STEADY = 100
"""Events a second meanwhile."""
PATTERNS = 200
"""Different customers of whom the others are copies."""


def run(*, quick: bool = False) -> list[Row]:
    """Measure with half a million profiles, a hundredth of them when it is only to be seen that it runs."""
    profiles = 5_000 if quick else 500_000
    with tempfile.TemporaryDirectory() as folder:
        data, port = Path(folder) / "data", free_port()
        environ = {**clean_environ(), "STAMMGAST_WAREHOUSE_PORT": str(port)}
        warehouse = subprocess.Popen([*COMMAND, "warehouse", "--data", str(data)], env=environ)
        try:
            while not answers_http("127.0.0.1", port, "/ping"):
                time.sleep(0.1)
            password = warehouse_password(Settings(data=data).run_dir)
            settings = Settings(data=data, history_url=f"http://stammgast:{password}@127.0.0.1:{port}/midnight")
            migrate(settings)
            return [row for changes in (True, False) for row in _midnight(settings, profiles, changes=changes)]
        finally:
            warehouse.terminate()
            warehouse.wait(30)


def _midnight(settings: Settings, profiles: int, *, changes: bool) -> list[Row]:
    """Let one moment come for everybody: each changes and says so by an own event, or is only found to be the same."""
    bench = Workbench(settings)
    try:
        if changes:
            _fill(bench, profiles)
        _watch(bench, changes=changes)
        seconds, lags = _until_all_are_looked_at(bench)
    finally:
        bench.close()
    what = f"{profiles:,} profiles {'change, each with an own event,' if changes else 'are looked at and stay the same'} at one moment"
    lag = statistics.quantiles(lags, n=100)[98] if len(lags) > 1 else 0.0
    return [
        Row(what, seconds, "s", target=f"under {SECONDS_MAX:.0f} s for 500,000", holds=seconds < SECONDS_MAX),
        Row("profiles a second", profiles / seconds, ""),
        Row(
            f"of {STEADY} events a second meanwhile, p99 until committed",
            lag,
            "s",
            target="under 1 s",
            holds=lag < LAG_MAX,
        ),
    ]


def _fill(bench: Workbench, profiles: int) -> None:
    """Let some customers live through a shop's events, and write all others as copies of them."""
    bench.send(*make_events(PATTERNS * 30))
    bench.work()
    with bench.runtime.customers.read() as connection:
        patterns = [bytes(one) for (one,) in rows_of(connection, "SELECT state FROM anchor_states ORDER BY anchor")]
    first = bench.worker._progress.next_anchor  # noqa: SLF001 - what nobody else may do: make customers out of nothing
    after = msgspec.structs.replace(
        bench.worker._progress,  # noqa: SLF001
        next_anchor=first + profiles,
        next_identifier=bench.worker._progress.next_identifier + profiles,  # noqa: SLF001
    )
    numbers = range(first, first + profiles)
    raws = {one: (("user_id", f"copy-{one}"),) for one in numbers}
    with bench.runtime.customers.write() as connection:
        run_many(
            connection,
            "INSERT INTO anchors (anchor, digest, identifiers) VALUES (?, ?, ?)",
            [(one, anchor_digest(raw), msgspec.msgpack.encode(raw)) for one, raw in raws.items()],
        )
        run_many(
            connection,
            "INSERT INTO anchor_states (anchor, state) VALUES (?, ?)",
            [(one, patterns[one % len(patterns)]) for one in numbers],
        )
        run_many(
            connection,
            "INSERT INTO identifiers (identifier, namespace, value, profile) VALUES (?, ?, ?, ?)",
            [
                (number, "user_id", f"copy-{one}", one)
                for number, one in enumerate(numbers, bench.worker._progress.next_identifier)  # noqa: SLF001
            ],
        )
        keep_progress(connection, bench.worker._epoch, after)  # noqa: SLF001


def _watch(bench: Workbench, *, changes: bool) -> None:
    def look(view: ProfileView, before: Before) -> Looked:
        kept = before.kept
        result = b"in" if kept is None or not changes else b"out"
        if kept is None or kept.result == result:
            return Looked(result)
        message_id = observed_message_id(view, "midnight", 1, before.next_transition)
        left = OwnEvent(
            origin="bench", profile=0, name="Segment Exited", message_id=message_id, properties={"segment": "new"}
        )
        return Looked(result, (Derive(left),))

    bench.worker.close()
    name = "changing" if changes else "staying"
    manifest = Manifest(name, bench.settings.data, watchers=(Watcher(name, 1, look),))
    bench.runtime.manifests = (*bench.runtime.manifests, manifest)
    bench.worker = Worker(bench.runtime)
    bench.work(patience=1200)
    with bench.runtime.customers.write() as connection:
        run_many(connection, "UPDATE watched SET wake_at = ?", [(clock.now_millis() - 1,)])


def _until_all_are_looked_at(bench: Workbench) -> tuple[float, list[float]]:
    sent: deque[tuple[int, float]] = deque()
    stop = threading.Event()

    def arrive() -> None:
        number = 0
        while not stop.wait(1 / STEADY):
            number += 1
            body = msgspec.json.encode({"batch": [track(f"copy-{number * 7919}", "Login", f"s{time.time_ns()}")]})
            position = bench.log.append_sync(LogEntry(clock.now_millis(), 1, 1, "batch", b"", body))
            sent.append((position, time.perf_counter()))

    arriving = threading.Thread(target=arrive)
    arriving.start()
    # As the worker's process does (`pipeline.runner.run`).
    gc.freeze()
    gc.set_threshold(1_000_000, 10, 10)
    lags: list[float] = []
    began = time.perf_counter()
    try:
        while _waits(bench):
            bench.worker.turn()
            while sent and sent[0][0] <= bench.worker.position:
                lags.append(time.perf_counter() - sent.popleft()[1])
        return time.perf_counter() - began, lags
    finally:
        stop.set()
        arriving.join()


def _waits(bench: Workbench) -> bool:
    with bench.runtime.customers.read() as connection:
        sql = "SELECT EXISTS (SELECT 1 FROM watched WHERE wake_at <= ?) OR EXISTS (SELECT 1 FROM own_queue)"
        return bool(rows_of(connection, sql, (clock.now_millis(),))[0][0])
