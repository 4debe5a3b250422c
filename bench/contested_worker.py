"""A contested closure as the worker meets it: stored, reached by one late event, resolved anew and committed."""

from __future__ import annotations

import json
import time
from pathlib import Path
from random import Random
from unittest.mock import patch

from stammgast.app import migrate_state, open_runtime
from stammgast.kernel.log import LogEntry, LogWriter
from stammgast.kernel.settings import Settings
from stammgast.kernel.sql import rows_of
from stammgast.pipeline.runner import Worker

BATCH = 500
DAY = 86_400_000


def late_event_seconds(folder: Path, sets: int) -> tuple[float, int]:
    """Return the CPU seconds of the turn that takes the late event in, and how many refusals the closure has then."""
    settings = Settings(data=folder)
    migrate_state(settings)
    runtime = open_runtime(settings, "worker")
    log = LogWriter(settings.log_dir)
    now = time.time_ns() // 1_000_000
    # History does not run, and the list of customers waits: neither is part of the turn.
    with patch("stammgast.pipeline.projection.Projection.is_due", lambda *_, **__: False):
        worker = Worker(runtime)
        try:
            chance = Random(7)
            for start in range(0, sets, BATCH):
                _append(log, [_event(chance, now, number) for number in range(start, start + BATCH)], now)
            _take(worker, log)
            late = {"userId": "u1", "anonymousId": "a1", "messageId": "late", "originalTimestamp": _iso(now - 90 * DAY)}
            _append(log, [{"type": "track", "event": "Seen", **late}], now)
            began = time.thread_time()
            _take(worker, log)
            seconds = time.thread_time() - began
            with runtime.customers.read() as connection:
                ((refusals,),) = rows_of(connection, "SELECT count(*) FROM refusals")
            return seconds, int(refusals)
        finally:
            worker.close()
            log.close()
            runtime.close()


def _event(chance: Random, now: int, number: int) -> dict[str, object]:
    """People share devices and mails at random, so that all of them hang together through what was refused."""
    return {
        "type": "track",
        "event": "Seen",
        "messageId": str(number),
        "userId": f"u{chance.randrange(3_000)}",
        "anonymousId": f"a{chance.randrange(3_000)}",
        # In order of time and over days, so that nobody is held.
        "originalTimestamp": _iso(now - 80 * DAY + number * DAY // 150),
        "context": {"traits": {"email": f"m{chance.randrange(3_000)}@laden.de"}},
    }


def _append(log: LogWriter, events: list[dict[str, object]], now: int) -> None:
    body = json.dumps({"batch": events}).encode()
    log.append_sync(LogEntry(now, 1, len(events), "batch", b"", body))


def _take(worker: Worker, log: LogWriter) -> None:
    while worker.position < log.head():
        worker.turn()


def _iso(millis: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(millis / 1000)) + f".{millis % 1000:03d}Z"
