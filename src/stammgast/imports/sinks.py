"""Where made events go: over HTTP to a running Stammgast, or straight into the log of our own process."""

from __future__ import annotations

import base64
import http.client
import json
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import local
from typing import Protocol
from urllib.parse import urlsplit

from stammgast.events.api import KIND_IMPORT, encode_meta, scrub_body
from stammgast.events.contracts import EntryMeta
from stammgast.imports.contracts import ImportStopped, MadeEvent, NotRunning
from stammgast.kernel import clock
from stammgast.kernel.ids import SourceId
from stammgast.kernel.log import LogEntry, LogWriter

BATCH_BYTES = 1_000_000
"""Aimed at: far below what the API takes, large enough that a batch's cost is its content's."""
BATCH_EVENTS = 500
IN_FLIGHT = 2
"""The next batch travels while the one before is being synced; more would only wait in memory."""
TRIES = 6
RETRIED = frozenset((401, 408, 425, 429, 460, 500, 502, 503, 504))
"""401 too: a key that was just made is known to the web process a second later."""
SECONDS_MAX = 60.0
BACKLOG_PAUSE_SECONDS = 0.5


class Sink(Protocol):
    """Takes batches in order. `durable` counts the events of which it is certain that they are kept, in that order."""

    @property
    def durable(self) -> int:
        """Events kept so far."""
        ...

    def send(self, batch: Sequence[MadeEvent]) -> None:
        """Hand over a batch; may return before it is kept. Raises ImportStopped, NotRunning."""
        ...

    def flush(self) -> None:
        """Wait until everything handed over is kept. Raises ImportStopped, NotRunning."""
        ...


class _InOrder:
    """Batches on their way, finished in the order in which they were handed over."""

    def __init__(self) -> None:
        self.durable = 0
        self._waiting: deque[tuple[Future[object], int]] = deque()

    def add(self, future: Future[object], count: int) -> None:
        self._waiting.append((future, count))
        while len(self._waiting) > IN_FLIGHT:
            self._finish_oldest()

    def flush(self) -> None:
        while self._waiting:
            self._finish_oldest()

    def _finish_oldest(self) -> None:
        future, count = self._waiting.popleft()
        future.result()
        self.durable += count


class HttpSink:
    """Sends to `POST /v1/import` of a running Stammgast."""

    def __init__(self, address: str, write_key: str) -> None:
        """`address` as in http://127.0.0.1:8400."""
        self._address = address
        self._parts = urlsplit(address)
        self._headers = {
            "Authorization": "Basic " + base64.b64encode(f"{write_key}:".encode()).decode(),
            "Content-Type": "application/json",
            "User-Agent": "stammgast-import",
        }
        self._pool = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="import")
        self._mine = local()
        self._order = _InOrder()

    @property
    def durable(self) -> int:
        """Events answered with 200 so far, in order."""
        return self._order.durable

    def send(self, batch: Sequence[MadeEvent]) -> None:
        """Post a batch."""
        self._order.add(self._pool.submit(self._post, batch_body(batch)), len(batch))

    def flush(self) -> None:
        """Wait for all answers."""
        self._order.flush()

    def close(self) -> None:
        """End the threads; what is not yet answered may or may not arrive, and does no harm twice."""
        self._pool.shutdown(cancel_futures=True)

    def _post(self, body: bytes) -> None:
        for attempt in range(1, TRIES + 1):
            try:
                status, wait, answer = self._try(body)
            except (OSError, http.client.HTTPException) as problem:
                self._mine.connection = None
                if attempt == TRIES:
                    raise NotRunning(address=self._address) from problem
                time.sleep(min(8.0, 0.25 * 2**attempt))
                continue
            if status == http.HTTPStatus.OK:
                return
            if status not in RETRIED or attempt == TRIES:
                raise ImportStopped(problem=_told(status, answer))
            time.sleep(min(SECONDS_MAX, max(wait, 0.25 * 2**attempt)))

    def _try(self, body: bytes) -> tuple[int, float, bytes]:
        connection = getattr(self._mine, "connection", None) or self._connect()
        self._mine.connection = connection
        connection.request("POST", f"{self._parts.path.rstrip('/')}/v1/import", body, self._headers)
        response = connection.getresponse()
        answer = response.read()
        wait = response.getheader("Retry-After", "0")
        return response.status, float(wait) if wait.isdigit() else 0.0, answer

    def _connect(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        return kind(self._parts.hostname or "127.0.0.1", self._parts.port, timeout=SECONDS_MAX)


class LogSink:
    """Appends to the log of the process that writes it (web), as one that sends to itself."""

    def __init__(self, log: LogWriter, source: SourceId, is_stopped: Callable[[], bool], backlog_limit: int) -> None:
        """`backlog_limit`: events waiting for the worker at which sending pauses."""
        self._log = log
        self._source = source
        self._is_stopped = is_stopped
        self._backlog_limit = backlog_limit
        self._order = _InOrder()

    @property
    def durable(self) -> int:
        """Events on disk so far, in order."""
        return self._order.durable

    def send(self, batch: Sequence[MadeEvent]) -> None:
        """Append a batch; waits while too much is waiting for the worker."""
        while self._log.backlog() >= self._backlog_limit and not self._is_stopped():
            time.sleep(BACKLOG_PAUSE_SECONDS)
        body = scrub_body(batch_body(batch))
        entry = LogEntry(clock.now_millis(), self._source, len(batch), KIND_IMPORT, encode_meta(EntryMeta()), body)
        self._order.add(self._log.append(entry), len(batch))  # type: ignore[arg-type]

    def flush(self) -> None:
        """Wait until all is on disk."""
        self._order.flush()


def batch_body(batch: Sequence[MadeEvent]) -> bytes:
    """Return the request of a batch.

    >>> batch_body([MadeEvent("a", b"{}", 2), MadeEvent("b", b"{}", 3)])
    b'{"batch":[{},{}]}'
    """
    return b'{"batch":[' + b",".join([event.body for event in batch]) + b"]}"


def _told(status: int, answer: bytes) -> str:
    try:
        message = json.loads(answer).get("message", "")
    except (ValueError, AttributeError):
        message = ""
    return f"the server answered {status}. {message}".strip()
