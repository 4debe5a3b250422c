"""One HTTP call to an address that was checked and pinned: no redirects, no proxy, bounded in time and size."""

from __future__ import annotations

import http.client
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from socket import SHUT_RDWR, create_connection, socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

ANSWER_BYTES_MAX = 2_000
"""What is read of an answer, to show it to people."""
CONNECT_SECONDS_MAX = 10.0


@dataclass(frozen=True)
class Answered:
    """Status, Retry-After as written (empty: none) and the beginning of the body as text."""

    status: int
    retry_after: str
    text: str


class CallFailed(Exception):
    """No whole answer came. `was_sent`: the other side may have the request."""

    def __init__(self, problem: str, *, was_sent: bool) -> None:
        """Say what went wrong."""
        super().__init__(problem)
        self.was_sent = was_sent


class _Pinned(http.client.HTTPConnection):
    """Connects to `address` whatever the host's name leads to by now; with `context`, by TLS in the host's name."""

    def __init__(self, host: str, port: int, address: str, seconds: float, context: ssl.SSLContext | None) -> None:
        super().__init__(host, port, timeout=seconds)
        if context is not None:
            # The port that a Host header leaves out; on the instance, as http.client's own TLS class has it on the class.
            self.default_port = http.client.HTTPS_PORT
        self._address = address
        self._context = context

    def connect(self) -> None:
        connected: socket = create_connection((self._address, self.port), min(self.timeout or 0, CONNECT_SECONDS_MAX))
        connected.settimeout(self.timeout)
        if self._context is not None:
            connected = self._context.wrap_socket(connected, server_hostname=self.host, do_handshake_on_connect=False)
        self.sock = connected


def post(
    url: str, address: str, headers: Mapping[str, str], body: bytes, seconds: float, context: ssl.SSLContext
) -> Answered:
    """Send one POST and return what was answered, whatever the status. Raises CallFailed.

    `address` is where the url's host leads to. After `seconds` it ends, however slowly the other side goes on talking.
    """
    parts = urlsplit(url)
    is_safe = parts.scheme == "https"
    port = parts.port or (443 if is_safe else 80)
    assert parts.hostname is not None
    connection = _Pinned(parts.hostname, port, address, seconds, context if is_safe else None)
    was_sent = False
    with _ended_after(connection, seconds) as is_late:
        try:
            connection.connect()
            if isinstance(connection.sock, ssl.SSLSocket):
                connection.sock.do_handshake()
            was_sent = True
            connection.request("POST", _target(url), body, dict(headers))
            answer = connection.getresponse()
            text = answer.read(ANSWER_BYTES_MAX).decode("utf-8", "replace")
            return Answered(answer.status, answer.headers.get("retry-after", ""), text)
        except (OSError, http.client.HTTPException) as problem:
            said = f"no answer within {seconds:g} s" if is_late() else str(problem) or type(problem).__name__
            raise CallFailed(said, was_sent=was_sent) from None
        finally:
            connection.close()


def _target(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


@contextmanager
def _ended_after(connection: http.client.HTTPConnection, seconds: float) -> Iterator[Callable[[], bool]]:
    """Cut the connection after `seconds`: its own timeout begins anew with each byte that comes."""
    late = threading.Event()

    def cut() -> None:
        late.set()
        if connection.sock is not None:
            with suppress(OSError):
                connection.sock.shutdown(SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield late.is_set
    finally:
        timer.cancel()
