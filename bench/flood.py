"""A load generator that costs little itself: kept-alive connections, each sending its next request after an answer."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Flood:
    """What came of it. `seconds` from the first request to the last answer; latencies in seconds."""

    seconds: float
    answered: int = 0
    refused: int = 0
    latencies: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Requests answered 200, a second."""
        return self.answered / self.seconds


class _Connection(asyncio.Protocol):
    def __init__(self, requests: itertools.cycle[bytes], until: float, flood: Flood) -> None:
        self._requests = requests
        self._until = until
        self._flood = flood
        self._sent_at = 0.0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        # Answers are small and come whole: one segment over loopback.
        now = time.perf_counter()
        self._flood.latencies.append(now - self._sent_at)
        if data.startswith(b"HTTP/1.1 200"):
            self._flood.answered += 1
        else:
            self._flood.refused += 1
        if now < self._until:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


def flood(port: int, requests: Sequence[bytes], *, connections: int, seconds: float) -> Flood:
    """Send `requests` over and over to a port of this machine; return what came of it."""
    return asyncio.run(_flood(port, requests, connections, seconds))


async def _flood(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Flood:
    loop = asyncio.get_running_loop()
    result = Flood(seconds)
    each = itertools.cycle(requests)
    begun = time.perf_counter()
    open_ones = []
    for _ in range(connections):
        _, connection = await loop.create_connection(
            lambda: _Connection(each, begun + seconds, result), "127.0.0.1", port
        )
        open_ones.append(connection.done)
    await asyncio.gather(*open_ones)
    result.seconds = time.perf_counter() - begun
    return result


def post(path: str, body: bytes, headers: Sequence[str] = ()) -> bytes:
    """Return the bytes of a POST as an SDK would send it."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "User-Agent: analytics-python/2.3.5",
        "Accept-Encoding: gzip, deflate",
        "Accept: */*",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
