"""Filling an empty installation with the demo company, through the same door as any import."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import msgspec

from stammgast.demo.company import DAYS, PEOPLE, SOURCES, DemoEvent, make_company
from stammgast.demo.source import NAME, make_demo_source
from stammgast.imports.api import HttpSink, Sink, batches
from stammgast.imports.contracts import MadeEvent
from stammgast.kernel import clock
from stammgast.kernel.runtime import Runtime
from stammgast.workspace import api as workspace
from stammgast.workspace.contracts import Actor


def load_demo(
    runtime: Runtime,
    by: Actor,
    address: str,
    *,
    people: int = PEOPLE,
    days: int = DAYS,
    make_sink: Callable[[str, str], Sink] = HttpSink,
) -> int:
    """Make the demo company's sources and send its months to `address`; return the number of events sent.

    0 when the demo shop's source is there already: the demo is loaded once. `make_sink(address, write_key)`.
    """
    if any(one.name == NAME for one in workspace.list_sources(runtime)):
        return 0
    make_demo_source(runtime, by)
    by_source: dict[str, list[DemoEvent]] = defaultdict(list)
    for event in make_company(clock.now_millis(), people, days):
        by_source[event.source].append(event)
    return sum(_send(runtime, by, name, by_source[name], address, make_sink) for name in SOURCES)


def _send(
    runtime: Runtime,
    by: Actor,
    name: str,
    events: Sequence[DemoEvent],
    address: str,
    make_sink: Callable[[str, str], Sink],
) -> int:
    kind = SOURCES[name]
    key = workspace.create_source(runtime, by, name, kind=kind).write_key  # type: ignore[arg-type]
    sink = make_sink(address, key)
    for batch in batches(_encoded(events)):
        sink.send(batch)
    sink.flush()
    if isinstance(sink, HttpSink):
        sink.close()
    return sink.durable


def _encoded(events: Sequence[DemoEvent]) -> Iterator[MadeEvent]:
    for row, event in enumerate(sorted(events, key=lambda one: one.time), 1):
        yield MadeEvent(event.wire["messageId"], msgspec.json.encode(event.wire), row)
