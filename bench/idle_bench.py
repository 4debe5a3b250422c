"""All processes idle: memory and processor time over a minute, after a minute of quiet; and how long starting takes."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from bench.table import Row
from stammgast.operations.machine import MEGABYTE, PROCESSES, memory_megabytes
from tools.installation import Installation

READY_SECONDS_MAX = 8.0
MEMORY_MB_MAX = 700.0
CORE_PERCENT_MAX = 2.0
EVENTS_BEFORE = 500
"""Sent first, so that every process has done its work once and holds what it holds afterwards."""


def run(*, quick: bool = False) -> list[Row]:
    seconds = 5 if quick else 60
    with tempfile.TemporaryDirectory() as folder:
        installation = Installation(Path(folder) / "data")
        first_start = installation.start()
        try:
            _send_some(installation)
        finally:
            installation.stop()
        again = installation.start()
        try:
            _send_some(installation)
            time.sleep(seconds)
            rows = _idle_rows(installation, seconds)
        finally:
            installation.stop()
    start = Row("ready after (first start)", first_start, "s", target="< 8 s", holds=first_start < READY_SECONDS_MAX)
    second = Row("ready after (again)", again, "s", target="< 8 s", holds=again < READY_SECONDS_MAX)
    return [start, second, *rows]


def _send_some(installation: Installation) -> None:
    key, token = installation.source(f"Bench {time.monotonic_ns()}"), installation.token()
    event = {"type": "track", "event": "Order Completed", "properties": {"total": 10, "currency": "EUR"}}
    batch = [{**event, "userId": f"customer-{number}"} for number in range(EVENTS_BEFORE)]
    status, answer = installation.ask("/v1/batch", body={"writeKey": key, "batch": batch})
    assert status == 200, answer
    installation.wait_until_processed(token)


def _idle_rows(installation: Installation, seconds: float) -> list[Row]:
    pids = {name: installation.pid(name) for name in PROCESSES}
    assert all(pids.values()), pids
    before = sum(_processor_seconds(pid) for pid in pids.values() if pid)
    time.sleep(seconds)
    used = sum(_processor_seconds(pid) for pid in pids.values() if pid) - before
    resident = {name: _resident_megabytes(pid) for name, pid in pids.items() if pid}
    shares = sum(memory_megabytes(pid) or 0 for pid in pids.values() if pid)
    each = ", ".join(f"{name} {megabytes:.0f}" for name, megabytes in resident.items())
    total = sum(resident.values())
    percent = 100 * used / seconds
    return [
        Row(f"idle, resident ({each})", total, "MB", target="< 700 MB", holds=total < MEMORY_MB_MAX),
        Row("idle, resident, shared pages counted once", shares, "MB"),
        Row("idle, of a core", percent, "%", target="< 2 %", holds=percent < CORE_PERCENT_MAX),
    ]


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident_megabytes(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MEGABYTE
