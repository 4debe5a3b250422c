"""The collection API alone, in a process of its own, over fixed write keys and staff rules; and what it wrote, read as the worker reads it.

Run as a program (`python -m tools.collector DATA PORT BACKLOG_LIMIT`) it serves; imported it starts such a process.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from stammgast.events.contracts import Event, Rejected, Rules
from stammgast.events.http import Collector
from stammgast.events.reading import read_entry
from stammgast.kernel.ids import BrandId, SourceId
from stammgast.kernel.log import LogEntry, LogReader, LogWriter
from stammgast.kernel.processes.ports import free_port
from stammgast.kernel.processes.serving import serve
from stammgast.kernel.settings import Settings
from stammgast.workspace.contracts import Source, StaffRules

PATIENCE_SECONDS = 20


def make_source(number: int, **changes: Any) -> Source:
    """Return a source of any page, without a rate limit unless `changes` say so."""
    facts: dict[str, Any] = {"name": str(number), "kind": "browser", "allowed_origins": (), "rate_limit": 0}
    return Source(id=SourceId(number), brand=BrandId(1), created_at=0, revoked_at=None, **(facts | changes))


class FixedKeys(dict[str, Source]):
    """A key ring that never changes."""

    def source(self, write_key: str) -> Source | None:
        """Return the source that the key opens."""
        return self.get(write_key)


KEYS = FixedKeys(
    key=make_source(7),
    picky=make_source(8, allowed_origins=("https://shop.example",)),
    slow=make_source(9, rate_limit=5),
)


STAFF = StaffRules(networks=("127.0.0.1/32", "203.0.113.77/32", "2001:db8:7::5/128", "198.51.100.0/24"))


@dataclass
class CollectorProcess:
    """A collector under test. `url` without a trailing slash."""

    folder: Path
    process: subprocess.Popen[bytes]
    url: str
    position: int = 0
    reader: LogReader = field(init=False)

    def __post_init__(self) -> None:
        """Read along from the beginning."""
        self.reader = LogReader(self.folder / "log", "worker")

    def entries(self) -> list[LogEntry]:
        """Return what was appended since the last asking."""
        entries: list[LogEntry] = []
        while read := self.reader.read(self.position, 10_000):
            entries += read
            self.position = read[-1].position
        return entries

    def events(self) -> list[Event | Rejected]:
        """Return the events and refusals appended since the last asking."""
        return [one for entry in self.entries() for one in read_entry(entry, Rules())]

    def wait_for_events(self, count: int) -> list[Event]:
        """Return `count` valid events or more once they have come; an assertion fails when they don't."""
        events: list[Event | Rejected] = []
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(events) < count and time.monotonic() < deadline:
            events += self.events()
            time.sleep(0.02)
        valid = [one for one in events if isinstance(one, Event)]
        assert len(valid) == len(events) >= count, events
        return valid

    def stop(self) -> None:
        """End the process; what it accepted is on disk."""
        self.process.terminate()
        self.process.wait(PATIENCE_SECONDS)
        self.reader.close()


def start_collector(folder: Path, backlog_limit: int = 1_000_000) -> CollectorProcess:
    """Start a collector that writes below `folder`; it answers when this returns."""
    port = free_port()
    command = [sys.executable, "-m", "tools.collector", str(folder), str(port), str(backlog_limit)]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[1])
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "the collector did not start"
        try:
            httpx.options(f"{url}/v1/track")
            break
        except httpx.TransportError:
            time.sleep(0.05)
    return CollectorProcess(folder, process, url)


if __name__ == "__main__":
    data, port, backlog_limit = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    settings = Settings(data=data, port=port, log_backlog_limit=backlog_limit)
    log = LogWriter(settings.log_dir)
    serve(lambda: Collector(settings, KEYS, log, lambda: STAFF), settings)
    log.close()
