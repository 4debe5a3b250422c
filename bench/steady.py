"""A load generator at a steady rate: requests leave at their time whether earlier ones were answered or not."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

_HEAD_END = b"\r\n\r\n"


@dataclass
class Steady:
    """What came of it. Latencies in seconds, from the moment a request should have left to the end of its answer."""

    answered: int = 0
    refused: int = 0
    latencies: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """Return the latency that `share` of all requests stayed under; infinite without any answer."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("inf")


class Load:
    """Sends `requests` over and over to a port of this machine, `rate` a second, on a thread of its own, until stopped."""

    def __init__(self, port: int, requests: Sequence[bytes], *, rate: float, connections: int = 16) -> None:
        """Begin at once."""
        self.result = Steady()
        self._port = port
        self._requests = itertools.cycle(requests)
        self._rate = rate
        self._stopping = threading.Event()
        self._queue: asyncio.Queue[float | None] = asyncio.Queue()
        self._connections = connections
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()

    def stop(self) -> Steady:
        """End and return what came of it."""
        self._stopping.set()
        self._thread.join()
        return self.result

    async def _run(self) -> None:
        self._queue = asyncio.Queue()
        senders = [asyncio.create_task(self._send()) for _ in range(self._connections)]
        begun = time.perf_counter()
        for number in itertools.count():
            due = begun + number / self._rate
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            if self._stopping.is_set():
                break
            self._queue.put_nowait(due)
        for _ in senders:
            self._queue.put_nowait(None)
        await asyncio.gather(*senders)

    async def _send(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        while (due := await self._queue.get()) is not None:
            writer.write(next(self._requests))
            status = await _read_answer(reader)
            self.result.latencies.append(time.perf_counter() - due)
            if status == b"200":
                self.result.answered += 1
            else:
                self.result.refused += 1
        writer.close()


async def _read_answer(reader: asyncio.StreamReader) -> bytes:
    """Read one answer to its end; return its status."""
    head = await reader.readuntil(_HEAD_END)
    lower = head.lower()
    if b"transfer-encoding: chunked" in lower:
        while (size := int(await reader.readline(), 16)) > 0:
            await reader.readexactly(size + 2)
        await reader.readexactly(2)
    else:
        await reader.readexactly(int(lower.split(b"content-length:")[1].split(b"\r\n")[0]))
    return head[9:12]


def get(path: str, headers: Sequence[str] = ()) -> bytes:
    """Return the bytes of a GET."""
    return ("\r\n".join([f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *headers]) + "\r\n\r\n").encode()
