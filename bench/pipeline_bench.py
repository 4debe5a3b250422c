"""From accepted to profile and history: how fast, how soon visible, and how fast profiles answer beside it."""

from __future__ import annotations

import base64
import json
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from bench.flood import post
from bench.steady import Load, get
from bench.table import Row
from stammgast.app import open_history
from stammgast.events.contracts import EntryMeta
from stammgast.events.wire import encode_meta
from stammgast.kernel.log import LogEntry, LogWriter
from stammgast.kernel.log.positions import published_position
from stammgast.kernel.settings import Settings
from stammgast.kernel.worker_status import read_status
from stammgast.operations.machine import memory_megabytes
from tools.installation import Installation

AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
BATCH = 50
EVENTS_PER_SECOND_MIN = 8_000
ARRIVING = 2_000
"""Events a second that arrive at web while the worker catches up."""
VISIBLE_MS = (100, 1_000)
PROFILE_MS, TIMELINE_MS = 20, 150
STEADY = 1_000
VISIT, AT_ONCE = 8, 400
"""Events of a visit, and visitors in a shop at once."""


def run(*, quick: bool = False) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        if quick:
            return _catching_up(Path(folder), events=20_000, then=partial(_answering, quick=True))
        rows = _catching_up(Path(folder), events=1_000_000)
    with tempfile.TemporaryDirectory() as folder:
        rows += _catching_up(Path(folder), events=200_000, visit=1)
    with tempfile.TemporaryDirectory() as folder:
        installation = Installation(Path(folder) / "data")
        installation.start()
        try:
            return rows + _answering(installation, quick=False)
        finally:
            installation.stop()


def _answering(installation: Installation, *, quick: bool) -> list[Row]:
    # A busy machine works off for minutes what arrived in seconds: to see that it runs, a tenth is enough.
    share, seconds, history = (0.1, 3, 100_000) if quick else (1, 30, 10_000_000)
    visible = _visible(installation, seconds=seconds, steady=round(STEADY * share))
    return [visible, *_reading(installation, seconds=seconds, history=history, share=share)]


def make_events(count: int, seed: int = 7, *, visit: int = VISIT) -> Iterator[dict[str, object]]:
    """Yield a shop's events: visitors who return, some of whom log in, look at products and buy.

    `visit` is the mean number of events of one visit; visits of AT_ONCE visitors overlap. With visits of one event each
    comes from somebody else, which is the most that a worker can be asked to look up.
    """
    draw = random.Random(seed)
    visitors = max(100, count // 20)
    there = [draw.randrange(visitors) for _ in range(AT_ONCE)]
    for number in range(count):
        place = draw.randrange(AT_ONCE)
        yield _event(draw, there[place], f"{seed}-{number}-{draw.getrandbits(64):x}")
        if draw.random() * visit < 1:
            there[place] = draw.randrange(visitors)


def _event(draw: random.Random, visitor: int, message_id: str) -> dict[str, object]:
    event: dict[str, object] = {
        "type": "track",
        "messageId": message_id,
        "anonymousId": f"visitor-{visitor:07d}",
        "context": {
            "library": {"name": "analytics.js", "version": "2.1"},
            "userAgent": AGENT,
            "locale": "de-DE",
            "page": {"path": f"/p/{draw.randrange(50)}", "title": "Shop", "url": "https://shop.example.com/p"},
        },
    }
    kind = draw.random()
    if kind < 0.05:
        event |= {
            "type": "identify",
            "traits": {"email": f"customer{visitor}@example.com", "name": f"Customer {visitor}"},
        }
    elif kind < 0.4:
        event |= {"type": "page", "name": "Product"}
    else:
        product = {"product_id": f"p{draw.randrange(500)}", "price": draw.randrange(9999) / 100, "category": "tea"}
        event |= {"event": "Product Viewed", "properties": product}
    if kind > 0.95:
        order = {"order_id": message_id, "total": draw.randrange(9999) / 100, "currency": "EUR"}
        event |= {"event": "Order Completed", "properties": order}
    if kind < 0.3:
        event["userId"] = f"user-{visitor}"
    return event


Further = Callable[[Installation], list[Row]]
"""What else is measured on an installation that has caught up."""


def _catching_up(folder: Path, *, events: int, visit: int = VISIT, then: Further = lambda _: []) -> list[Row]:
    data = folder / "data"
    fill_log(data / "log", events, visit)
    installation = Installation(data)
    watch = Watch(installation, events)
    installation.start()
    try:
        load = Load(installation.port, batches(installation.source()), rate=ARRIVING / BATCH)
        watch.join()
        refused = load.stop().refused
        further = then(installation)
    finally:
        installation.stop()
    rate, growth = watch.events_per_second(), watch.megabytes_grown()
    assert refused == 0, f"{refused} requests were not answered 200"
    reference = _raw_reference(folder / "raw", min(events, 200_000))
    if visit == 1:
        what = f"the same, {events:,} events, each of another visitor than the one before"
        return [
            Row(what, rate, "events/s", reference=f"inserted raw: {reference:.0f} events/s", ratio=rate / reference)
        ]
    return [
        Row(
            f"accepted -> in profile and history, {events:,} events in visits of {visit}",
            rate,
            "events/s",
            target=f">= {EVENTS_PER_SECOND_MIN} events/s while {ARRIVING} a second arrive",
            reference=f"the same events inserted raw into SQLite and chDB: {reference:.0f} events/s",
            ratio=rate / reference,
            holds=rate >= EVENTS_PER_SECOND_MIN,
        ),
        Row(
            "memory of worker and warehouse, growth over the last half",
            growth,
            "MB",
            target="flat: < 100 MB",
            holds=growth < 100,
        ),
        *further,
    ]


def fill_log(folder: Path, events: int, visit: int = VISIT) -> None:
    folder.mkdir(parents=True)
    meta = encode_meta(EntryMeta(user_agent=AGENT, is_browser=True))
    writer = LogWriter(folder)
    made = make_events(events, visit=visit)
    waiting = None
    for _ in range(events // BATCH):
        body = json.dumps({"batch": [next(made) for _ in range(BATCH)]}).encode()
        waiting = writer.append(LogEntry(time.time_ns() // 1_000_000, 1, BATCH, "batch", meta, body))
    if waiting is not None:
        waiting.result()
    writer.close()


class Watch(threading.Thread):
    """Looks from the start on how far the worker is, until profiles and history have so many events.

    Memory is looked at once a second only: counting the shared pages of a process holds it up.
    """

    def __init__(self, installation: Installation, events: int) -> None:
        super().__init__(daemon=True)
        self._installation = installation
        self._events = events
        self._seen: list[tuple[float, int, float]] = []
        """(seconds, position, megabytes)"""
        self.start()

    def run(self) -> None:
        """Look ten times a second."""
        measured_at = memory = 0.0
        while True:
            position = published_position(self._installation.data / "log", "worker")
            now = time.perf_counter()
            if now - measured_at >= 1.0:
                measured_at, memory = now, self._memory()
            self._seen.append((now, position, memory))
            if position >= self._events and not self._is_waiting():
                break
            time.sleep(0.1)

    def events_per_second(self) -> float:
        """Return the rate from the last moment at which nothing was done yet."""
        begun = [one for one in self._seen if one[1] == 0][-1]
        ended = self._seen[-1]
        return (ended[1] - begun[1]) / (ended[0] - begun[0])

    def megabytes_grown(self) -> float:
        """Return by how much worker and warehouse grew from half of the events to all of them."""
        half = next(one for one in self._seen if one[1] >= self._events // 2)
        return self._seen[-1][2] - half[2]

    def _is_waiting(self) -> bool:
        """Say whether history lacks more than what two seconds of arriving bring."""
        status = read_status(self._installation.data / "run")
        return status is None or status.outbox_events > 2 * ARRIVING

    def _memory(self) -> float:
        pids = [self._installation.pid(name) for name in ("worker", "warehouse")]
        return sum(memory_megabytes(pid) or 0.0 for pid in pids if pid)


def batches(key: str, *, size: int = BATCH, count: int = 200) -> list[bytes]:
    """Return POSTs of batches whose events have no messageId, so that sending one again counts again."""
    authorization = "Authorization: Basic " + base64.b64encode(f"{key}:".encode()).decode()
    made = make_events(size * count, seed=11)
    bodies = []
    for _ in range(count):
        batch = [next(made) for _ in range(size)]
        for event in batch:
            del event["messageId"]
        bodies.append(json.dumps({"batch": batch}).encode())
    return [post("/v1/batch", body, [authorization]) for body in bodies]


def _raw_reference(folder: Path, events: int) -> float:
    """Return events a second that one script inserts raw, in a process of its own: chDB allows one a process."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.raw_inserts", str(folder), str(events)],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def _visible(installation: Installation, *, seconds: float, steady: int) -> Row:
    """Send probes while events arrive steadily; ask for each until its profile is there."""
    key, token = installation.source("Visible"), installation.token()
    load = Load(installation.port, batches(key, size=10), rate=steady / 10)
    time.sleep(1.0)
    latencies = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        user = f"probe-{uuid.uuid4()}"
        begun = time.perf_counter()
        status, answer = installation.ask("/v1/track", body={"writeKey": key, "userId": user, "event": "Probe"})
        assert status == 200, answer
        while installation.ask(f"/api/profiles/user_id:{user}", token)[0] != 200:
            time.sleep(0.005)
        latencies.append((time.perf_counter() - begun) * 1000)
        time.sleep(0.05)
    assert load.stop().refused == 0
    p50, p99 = statistics.median(latencies), sorted(latencies)[int(len(latencies) * 0.99)]
    return Row(
        f"event -> visible in profile at {steady} events/s, p50 (p99 {p99:.0f} ms, n = {len(latencies)})",
        p50,
        "ms",
        target=f"p50 < {VISIBLE_MS[0]} ms, p99 < {VISIBLE_MS[1]} ms",
        holds=p50 < VISIBLE_MS[0] and p99 < VISIBLE_MS[1],
    )


def _reading(installation: Installation, *, seconds: float, history: int, share: float) -> list[Row]:
    """Read profiles and timelines while events arrive, with a long history; `share` of what a busy company does."""
    key, token = installation.source("Reading"), installation.token()
    references = _customers(installation, key, token)
    anchors = _lengthen_history(installation, history)
    bearer = [f"Authorization: Bearer {token}"]
    steady, reading = round(STEADY * share), round(200 * share)
    arriving = Load(installation.port, batches(key, size=10), rate=steady / 10)
    time.sleep(1.0)
    profiles = Load(installation.port, [get(f"/api/profiles/{one}", bearer) for one in references], rate=reading)
    timelines = Load(
        installation.port, [get(f"/api/profiles/{one}/events?limit=50", bearer) for one in references], rate=10 * share
    )
    time.sleep(seconds)
    seen, read, taken = profiles.stop(), timelines.stop(), arriving.stop()
    assert seen.refused + read.refused + taken.refused == 0, (seen.refused, read.refused, taken.refused)
    beside = f"at {reading} requests/s while {steady} events/s arrive, history of {history:,} rows"
    return [
        Row(
            f"profile by API, p99 {beside} (p50 {seen.percentile(0.5) * 1000:.1f} ms, n = {len(seen.latencies)})",
            seen.percentile(0.99) * 1000,
            "ms",
            target=f"p99 < {PROFILE_MS} ms",
            holds=seen.percentile(0.99) * 1000 < PROFILE_MS,
        ),
        Row(
            f"timeline page, p99 ({anchors:,} anchors, p50 {read.percentile(0.5) * 1000:.0f} ms, n = {len(read.latencies)})",
            read.percentile(0.99) * 1000,
            "ms",
            target=f"p99 < {TIMELINE_MS} ms",
            holds=read.percentile(0.99) * 1000 < TIMELINE_MS,
        ),
    ]


def _customers(installation: Installation, key: str, token: str, count: int = 2_000) -> list[str]:
    """Make customers with some events each; return references to them."""
    for start in range(0, count, 500):
        batch = [
            {"type": "track", "event": "Login", "userId": f"reader-{number}", "messageId": f"reader-{number}"}
            for number in range(start, start + 500)
        ]
        status, answer = installation.ask("/v1/batch", body={"writeKey": key, "batch": batch})
        assert status == 200, answer
    installation.wait_until_processed(token)
    return [f"user_id:reader-{number}" for number in range(0, count, 7)]


def _lengthen_history(installation: Installation, rows: int) -> int:
    """Add rows to the history of all anchors there are; return how many anchors that is."""
    history = open_history(Settings(data=installation.data))
    time.sleep(2.0)
    ((anchors,),) = history.query("SELECT max(anchor) FROM events")
    for start in range(0, rows, 500_000):
        history.command(
            "INSERT INTO events (anchor, time, received_at, message_id, digest, type, name, channel, page_path, raw, batch,"
            f" row) SELECT 1 + cityHash64(number) % {anchors}, now64(3) - toIntervalSecond(cityHash64(number, 1) %"
            " 31536000), now64(3), toString(number), generateUUIDv4(number), 'track',"
            " arrayElement(['Product Viewed', 'Product Added', 'Order Completed'], 1 + number % 3), 'web', '/p',"
            """ '{"type":"track","event":"Product Viewed","properties":{"product_id":"p1","price":9.99}}', 0, number"""
            f" FROM numbers({start}, {min(500_000, rows - start)})"
        )
    while history.query("SELECT count() FROM system.merges")[0][0]:
        time.sleep(0.5)  # A long history was not written a moment ago: its parts are merged.
    history.close()
    return int(anchors)
