"""A collector in a process of its own, and what it wrote."""

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from stammgast.events.contracts import Event, Rules
from stammgast.events.reading import read_entry
from stammgast.kernel.log import LogReader
from stammgast.kernel.processes.ports import free_port

PROGRAM = Path(__file__).parent / "serve_collector.py"


@dataclass
class CollectorProcess:
    """The collector under test. `url` without a trailing slash."""

    process: subprocess.Popen
    url: str
    folder: Path

    def __post_init__(self):
        self.reader = LogReader(self.folder / "log", "worker")
        self.position = 0

    def entries(self):
        """Return what was appended since the last asking."""
        entries = []
        while read := self.reader.read(self.position, 10_000):
            entries += read
            self.position = read[-1].position
        return entries

    def events(self):
        """Return the events and refusals appended since the last asking, as the worker reads them."""
        return [one for entry in self.entries() for one in read_entry(entry, Rules())]

    def wait_for_events(self, count, seconds=15):
        """Return `count` events or more once they have come."""
        events = []
        deadline = time.monotonic() + seconds
        while len(events) < count and time.monotonic() < deadline:
            events += self.events()
            time.sleep(0.02)
        assert all(isinstance(one, Event) for one in events), events
        return events


def start_collector(folder, backlog_limit=1_000_000):
    port = free_port()
    process = subprocess.Popen([sys.executable, str(PROGRAM), str(folder), str(port), str(backlog_limit)])
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        assert process.poll() is None, "the collector did not start"
        try:
            httpx.options(f"{url}/v1/track")
            break
        except httpx.TransportError:
            time.sleep(0.05)
    return CollectorProcess(process, url, folder)


def stop_collector(collector):
    collector.process.terminate()
    collector.process.wait(20)


@pytest.fixture(scope="session")
def collector_process(tmp_path_factory):
    collector = start_collector(tmp_path_factory.mktemp("collector"))
    yield collector
    stop_collector(collector)


@pytest.fixture
def collector(collector_process):
    """The shared collector, with nothing unread."""
    collector_process.entries()
    return collector_process
