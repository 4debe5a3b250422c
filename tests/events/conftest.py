"""A collector in a process of its own, and what it wrote."""

import pytest

from tools.collector import start_collector


@pytest.fixture(scope="session")
def collector_process(tmp_path_factory):
    collector = start_collector(tmp_path_factory.mktemp("collector"))
    yield collector
    collector.stop()


@pytest.fixture
def collector(collector_process):
    """The shared collector, with nothing unread."""
    collector_process.entries()
    return collector_process
