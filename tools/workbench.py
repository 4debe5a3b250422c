"""An installation without processes: events go into its log, its worker is turned by hand. For tests and benches."""

from __future__ import annotations

from typing import Any

import msgspec

from stammgast.app import open_runtime
from stammgast.kernel import clock
from stammgast.kernel.log import LogEntry, LogWriter
from stammgast.kernel.settings import Settings
from stammgast.pipeline.runner import Worker
from stammgast.profiles import api
from stammgast.profiles.contracts import Profile


class Workbench:
    """A log, its writer and its worker in one process. Its stores are migrated already."""

    def __init__(self, settings: Settings) -> None:
        """Open everything; the worker takes nothing in before `work`."""
        self.settings = settings
        self.runtime = open_runtime(settings, "worker")
        self.log = LogWriter(settings.log_dir)
        self.worker = Worker(self.runtime)
        self.runtime.services[LogWriter] = self.log

    def send(self, *events: dict[str, Any], kind: str = "batch", received_at: int | None = None) -> None:
        """Append one batch; events are dicts as SDKs send them."""
        body = msgspec.json.encode({"batch": list(events)})
        self.log.append_sync(LogEntry(received_at or clock.now_millis(), 1, max(1, len(events)), kind, b"", body))

    def work(self, patience: float = 60.0) -> None:
        """Turn the worker until the log is read, delivered to history and listed."""
        deadline = clock.monotonic() + patience
        while self.worker.position < self.log.head() or not self.worker.is_settled():
            self.worker.turn()
            assert clock.monotonic() < deadline, "the worker does not settle"

    def take(self, *events: dict[str, Any], **how: Any) -> None:
        """Send and work."""
        self.send(*events, **how)
        self.work()

    def profile(self, reference: str) -> Profile:
        """Return the profile that a reference names."""
        return api.get_profile(self.runtime, reference)

    def rows(self, columns: str, where: str = "1") -> list[tuple[Any, ...]]:
        """Return columns of history's events, oldest first."""
        return self.runtime.history.query(f"SELECT {columns} FROM events WHERE {where} ORDER BY time, message_id")

    def restart(self) -> None:
        """End the worker and begin another, as after a stop."""
        self.worker.close()
        self.worker = Worker(self.runtime)

    def close(self) -> None:
        """Give everything back."""
        self.worker.close()
        self.log.close()
        self.runtime.close()


def track(user: str, name: str, message_id: str, *, time: str | None = None, **properties: Any) -> dict[str, Any]:
    """Return a track event; `time` is ISO 8601."""
    event = {"type": "track", "userId": user, "event": name, "messageId": message_id, "properties": properties}
    return event if time is None else {**event, "timestamp": time, "originalTimestamp": time}
