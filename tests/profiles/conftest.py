"""A worker turned by hand over a real log, real state and a real history."""

import msgspec
import pytest

from stammgast.app import migrate, open_runtime
from stammgast.kernel import clock
from stammgast.kernel.log import LogEntry, LogWriter
from stammgast.profiles import api
from stammgast.profiles.pipeline.runner import Worker


class Workbench:
    """An installation without processes: events go into its log, `work` takes them in."""

    def __init__(self, settings):
        self.settings = settings
        self.runtime = open_runtime(settings, "worker")
        self.log = LogWriter(settings.log_dir)
        self.worker = Worker(self.runtime)
        self.runtime.services[LogWriter] = self.log

    def send(self, *events, kind="batch", received_at=None):
        """Append one batch; events are dicts as SDKs send them."""
        body = msgspec.json.encode({"batch": list(events)})
        self.log.append_sync(LogEntry(received_at or clock.now_millis(), 1, max(1, len(events)), kind, b"", body))

    def work(self, patience=20.0):
        """Turn the worker until the log is read, delivered to history and listed."""
        deadline = clock.monotonic() + patience
        while self.worker._progress.position < self.log.head() or not self.worker.is_settled():
            self.worker.turn()
            assert clock.monotonic() < deadline, "the worker does not settle"

    def take(self, *events, **how):
        """Send and work."""
        self.send(*events, **how)
        self.work()

    def profile(self, reference):
        return api.get_profile(self.runtime, reference)

    def rows(self, columns, where="1"):
        return self.runtime.history.query(f"SELECT {columns} FROM events WHERE {where} ORDER BY time, message_id")

    def restart(self):
        """End the worker and begin another, as after a stop."""
        self.worker.close()
        self.worker = Worker(self.runtime)

    def close(self):
        self.worker.close()
        self.log.close()
        self.runtime.close()


@pytest.fixture
def make_workbench(settings):
    """Return a function that opens a workbench on `settings` (migrated once)."""
    made = []

    def make(given=settings):
        migrate(given)
        made.append(Workbench(given))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def workbench(make_workbench):
    return make_workbench()


def track(user, name, message_id, *, time=None, **properties):
    """Return a track event."""
    event = {"type": "track", "userId": user, "event": name, "messageId": message_id, "properties": properties}
    if time is not None:
        event["timestamp"] = event["originalTimestamp"] = time
    return event
