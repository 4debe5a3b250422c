"""Accepting events durably: the web process against the least that could do it, in turns, on the same cores and disk."""

from __future__ import annotations

import base64
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.flood import Flood, flood, post
from bench.table import Row
from stammgast.kernel.processes.ports import free_port

BATCH = 50
EVENTS_PER_SECOND_MIN = 30_000
BATCH_RATIO_MIN = 0.5
SINGLE_RATIO_MIN = 0.6
BATCH_CONNECTIONS = 16
SINGLE_CONNECTIONS = 64

_Server = Callable[[Path, int], tuple[list[str], dict[str, str]]]


def run(*, quick: bool = False) -> list[Row]:
    seconds, turns = (1.0, 1) if quick else (5.0, 3)
    with tempfile.TemporaryDirectory() as folder:
        key = _make_installation(Path(folder) / "web")
        authorization = "Authorization: Basic " + base64.b64encode(f"{key}:".encode()).decode()
        batches = [post("/v1/batch", _batch(number), [authorization]) for number in range(64)]
        singles = [post("/v1/track", _event(number), [authorization]) for number in range(512)]
        ours, bare = {}, {}
        with _serving(_web, Path(folder) / "web") as web, _serving(_bare, Path(folder) / "bare") as reference:
            for name, requests, connections in (
                ("batch", batches, BATCH_CONNECTIONS),
                ("single", singles, SINGLE_CONNECTIONS),
            ):
                ours[name], bare[name] = _in_turns(web, reference, requests, connections, seconds, turns)
    return [*_batch_rows(ours["batch"], bare["batch"]), *_single_rows(ours["single"], bare["single"])]


def _in_turns(
    web: int, reference: int, requests: list[bytes], connections: int, seconds: float, turns: int
) -> tuple[list[Flood], list[Flood]]:
    """Flood one and the other in turns, so that a slow moment of the machine hits both."""
    for port in (web, reference):
        flood(port, requests, connections=connections, seconds=0.5)
    ours, bare = [], []
    for _ in range(turns):
        ours.append(flood(web, requests, connections=connections, seconds=seconds))
        bare.append(flood(reference, requests, connections=connections, seconds=seconds))
    refused = sum(one.refused for one in (*ours, *bare))
    assert refused == 0, f"{refused} requests were not answered 200"
    return ours, bare


def _median(floods: list[Flood]) -> float:
    return statistics.median(one.per_second for one in floods)


def _batch_rows(ours: list[Flood], bare: list[Flood]) -> list[Row]:
    rate, reference = _median(ours) * BATCH, _median(bare) * BATCH
    ratio = rate / reference
    return [
        Row(
            f"accept, batches of {BATCH}, durable",
            rate,
            "events/s",
            target=f">= {EVENTS_PER_SECOND_MIN} events/s and {BATCH_RATIO_MIN} of the reference",
            reference=f"bare ASGI handler, same group commit: {reference:.0f} events/s",
            ratio=ratio,
            holds=rate >= EVENTS_PER_SECOND_MIN and ratio >= BATCH_RATIO_MIN,
        ),
        _latency_row(f"accept, batches of {BATCH}, p99 at {BATCH_CONNECTIONS} connections", ours),
    ]


def _single_rows(ours: list[Flood], bare: list[Flood]) -> list[Row]:
    rate, reference = _median(ours), _median(bare)
    ratio = rate / reference
    return [
        Row(
            "accept, single events, durable",
            rate,
            "events/s",
            target=f">= {SINGLE_RATIO_MIN} of the reference",
            reference=f"bare ASGI handler, same group commit: {reference:.0f} events/s",
            ratio=ratio,
            holds=ratio >= SINGLE_RATIO_MIN,
        ),
        _latency_row(f"accept, single events, p99 at {SINGLE_CONNECTIONS} connections", ours),
    ]


def _latency_row(what: str, floods: list[Flood]) -> Row:
    latencies = sorted(latency for one in floods for latency in one.latencies)
    return Row(what, latencies[len(latencies) * 99 // 100] * 1000, "ms")


def _event(number: int) -> bytes:
    """Return a track event as the browser SDK sends it, 740 bytes."""
    event = {
        "type": "track",
        "event": "Product Viewed",
        "messageId": f"ajs-next-1700000000000-aabbccdd-0000-4000-8000-{number:012d}",
        "anonymousId": f"0b1c2d3e-0000-4000-8000-{number % 1000:012d}",
        "timestamp": "2023-11-14T22:13:19.123Z",
        "sentAt": "2023-11-14T22:13:20.123Z",
        "context": {
            "page": {"path": "/p", "referrer": "", "search": "", "title": "Shop", "url": "https://shop.example/p"},
            "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120 Safari/537.36",
            "locale": "de-DE",
            "library": {"name": "analytics.js", "version": "npm:next-1.84.3"},
            "timezone": "Europe/Berlin",
        },
        "properties": {"product_id": str(number % 97), "name": "Cup", "price": 19.99, "currency": "EUR", "quantity": 1},
        "integrations": {},
    }
    return json.dumps(event).encode()


def _batch(number: int) -> bytes:
    events = b",".join(_event(number * BATCH + place) for place in range(BATCH))
    return b'{"batch":[' + events + b'],"sentAt":"2023-11-14T22:13:20.123Z"}'


def _make_installation(data: Path) -> str:
    """Make an installation with one source, state only; return its write key."""
    subprocess.run([sys.executable, "-m", "stammgast", "init", "--data", str(data)], check=True, capture_output=True)
    command = [sys.executable, "-m", "stammgast", "source", "create", "Bench", "--json", "--data", str(data)]
    made = subprocess.run(command, capture_output=True, check=True, text=True)
    return str(json.loads(made.stdout)["writeKey"])


def _web(data: Path, port: int) -> tuple[list[str], dict[str, str]]:
    command = [sys.executable, "-m", "stammgast", "web", "--data", str(data), "--port", str(port)]
    return command, {"STAMMGAST_LOG_BACKLOG_LIMIT": str(10**12)}


def _bare(data: Path, port: int) -> tuple[list[str], dict[str, str]]:
    return [sys.executable, "-m", "bench.bare_collector", str(data), str(port)], {}


@contextmanager
def _serving(server: _Server, data: Path) -> Iterator[int]:
    """Run a server over a data folder; give its port."""
    port = free_port()
    command, environ = server(data, port)
    process = subprocess.Popen(command, env={**os.environ, **environ}, cwd=Path(__file__).parents[1])
    try:
        deadline = time.monotonic() + 30
        while not _is_up(port):
            assert process.poll() is None, f"{command[2]} did not start"
            assert time.monotonic() < deadline, f"{command[2]} does not answer"
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _is_up(port: int) -> bool:
    try:
        return flood(port, [post("/v1/batch", b'{"batch":[]}')], connections=1, seconds=0.0).seconds >= 0
    except OSError:
        return False
