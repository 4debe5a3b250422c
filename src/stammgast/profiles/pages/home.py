"""What the home page shows of customers: what came in, who is new, how far the worker is."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec
from litestar import Response, get

from stammgast.kernel import clock
from stammgast.kernel.history import HistoryUnavailable
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.ids import BrandId
from stammgast.kernel.runtime import Runtime
from stammgast.profiles import api, words
from stammgast.profiles.contracts import ChannelCount
from stammgast.profiles.words import CHANNEL_LABELS
from stammgast.web.guards import person_of, requires
from stammgast.web.pages import render, runtime_of, shell_of, translate
from stammgast.web.shell import AnyRequest

VIEWER = [requires("viewer", bound="own")]
HOUR = 3_600_000
SPANS = {
    "hour": (60_000, 60, "minute", _("last hour"), _("events a minute")),
    "day": (HOUR, 24, "hour", _("last 24 hours"), _("events an hour")),
    "month": (clock.MILLIS_PER_DAY, 30, "day", _("last 30 days"), _("events a day")),
}
"""Span -> (bucket in ms, buckets, kind of axis, its words, its unit)."""
NEWEST_SHOWN = 8
SILENT_MILLIS = 15_000
"""The worker tells of itself every second."""
LAG_ATTENTION_SECONDS = 5


@get("/home/came-in", guards=VIEWER, sync_to_thread=True)
def came_in(request: AnyRequest) -> Response[Any]:
    """Show what came in by channel (a fragment); 204 when nothing is other than what the page shows already (`known`)."""
    asked = request.query_params
    span = asked["span"] if asked.get("span") in SPANS else "day"
    bucket, count, kind, period, unit = SPANS[span]
    end = (clock.now_millis() // bucket + 1) * bucket
    start = end - bucket * count
    brand = shell_of(request).brand or BrandId(0)
    counts = _counts(runtime_of(request), start, end, bucket, brand)
    state = format(zlib.crc32(msgspec.json.encode((start, counts))), "x")
    if asked.get("known") == state:
        return Response(b"", status_code=204)
    chart = channel_chart(counts or (), range(start, end, bucket), kind, lambda text: translate(request, text))
    return render(
        request,
        "profiles/_came_in.html",
        chart=chart,
        total=sum(one.events for one in counts or ()),
        is_unavailable=counts is None,
        state=state,
        span=span,
        spans=[(name, one[3]) for name, one in SPANS.items()],
        period=period,
        unit=unit,
    )


@get("/home/newest-customers", guards=VIEWER, sync_to_thread=True)
def newest(request: AnyRequest) -> Response[str]:
    """Show who was seen for the first time most lately (a fragment)."""
    brand = shell_of(request).brand or BrandId(0)
    rows = api.newest_customers(runtime_of(request), NEWEST_SHOWN, brand)
    return render(request, "profiles/_newest.html", rows=rows, words=words)


@get("/home/worker", guards=[requires("viewer", bound="same")], sync_to_thread=True)
def worker(request: AnyRequest) -> Response[str]:
    """Show how far profiles and history are behind what was collected (a fragment)."""
    runtime = runtime_of(request)
    status = api.worker_status(runtime)
    is_silent = status is not None and clock.now_millis() - status.at > SILENT_MILLIS
    person = person_of(request)
    return render(
        request,
        "profiles/_worker.html",
        told=status,
        is_silent=is_silent,
        lag_attention=LAG_ATTENTION_SECONDS,
        counting=api.recount(runtime),
        may_see_recount=person.may("analyst") and not person.brands,
    )


def _counts(runtime: Runtime, start: int, end: int, bucket: int, brand: BrandId) -> tuple[ChannelCount, ...] | None:
    """Return what came in, None while the history does not answer."""
    try:
        return api.events_by_channel(runtime, start=start, end=end, bucket_seconds=bucket // 1000, brand=brand)
    except HistoryUnavailable:
        return None


def channel_chart(counts: Iterable[ChannelCount], buckets: Iterable[int], kind: str, say: Any) -> dict[str, Any]:
    """Return stacked bars of events by channel for `ui.chart`; an empty bucket counts 0."""
    by_channel: dict[str, dict[int, int]] = defaultdict(dict)
    for one in counts:
        by_channel[one.channel][one.time] = one.events
    x = list(buckets)
    order = [*CHANNEL_LABELS, *sorted(set(by_channel) - set(CHANNEL_LABELS))]
    return {
        "kind": "stacked",
        "calm": True,
        "x": x,
        "x_kind": kind,
        "series": [
            {
                "key": channel,
                "label": say(CHANNEL_LABELS[channel]) if channel in CHANNEL_LABELS else channel,
                "values": [by_channel[channel].get(time, 0) for time in x],
            }
            for channel in order
            if channel in by_channel
        ],
    }
