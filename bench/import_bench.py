"""How fast files come in: the engine alone, a whole import of the retailer's file, and enrichment of one event."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import stammgast.imports
from bench.table import Row
from stammgast.events.contracts import Event
from stammgast.events.enrichment.api import EnrichmentRules, enrich
from stammgast.imports.mapping import load_map
from stammgast.imports.run import Run
from stammgast.kernel.ids import SourceId
from tools.installation import Installation

SHARED = Path(os.environ.get("STAMMGAST_SHARED_DATA") or Path(__file__).parents[2] / "shared" / "data")
RETAILER = SHARED / "online_retail" / "online_retail_all.csv.gz"
MAP = Path(stammgast.imports.__file__).parent / "maps" / "online_retail.yaml"
ENGINE_SECONDS, IMPORT_SECONDS, ENRICH_MICROS = 6.0, 20.0, 12.0
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36"
)


def run(*, quick: bool) -> list[Row]:
    """Measure; the retailer's file is test data that may be absent, then only enrichment is measured."""
    rows = [_enrichment(20_000 if quick else 100_000)]
    if RETAILER.exists():
        pandas_seconds = _pandas()
        rows.append(_engine(pandas_seconds))
        if not quick:
            rows += _whole(pandas_seconds)
    return rows


def _pandas() -> float:
    import pandas as pd

    begun = time.perf_counter()
    pd.read_csv(RETAILER)
    return time.perf_counter() - begun


def _engine(pandas_seconds: float) -> Row:
    begun = time.perf_counter()
    summary = Run(RETAILER, load_map(MAP)).dry()
    seconds = time.perf_counter() - begun
    return Row(
        f"online_retail: {summary.rows:,} lines to {summary.events:,} events, nothing sent",
        seconds,
        "s",
        f"under {ENGINE_SECONDS:.0f} s",
        f"pandas.read_csv {pandas_seconds:.2f} s",
        pandas_seconds / seconds,
        seconds < ENGINE_SECONDS,
    )


def _whole(pandas_seconds: float) -> list[Row]:
    """Import with the command into a running installation, until all of it is in profiles; and once more."""
    with tempfile.TemporaryDirectory(prefix="stammgast-bench-") as folder:
        installation = Installation(Path(folder) / "data")
        installation.start()
        try:
            first, second = _import(installation, folder), _import(installation, folder)
        finally:
            installation.stop()
    reference = f"pandas.read_csv {pandas_seconds:.2f} s"
    what = "online_retail by `stammgast import`, into all profiles"
    target = f"under {IMPORT_SECONDS:.0f} s"
    return [
        Row(what, first, "s", target, reference, pandas_seconds / first, first < IMPORT_SECONDS),
        Row("the same again, adding nothing", second, "s", "", reference, pandas_seconds / second),
    ]


def _import(installation: Installation, folder: str) -> float:
    begun = time.perf_counter()
    installation.run("import", str(RETAILER), "--map", "online_retail", "--refused", f"{folder}/refused.csv")
    return time.perf_counter() - begun


def _enrichment(count: int) -> Row:
    rules = EnrichmentRules(source_kinds={SourceId(1): "browser"})
    events = [_page_view(number) for number in range(count)]
    addresses = [f"91.{60 + number % 10}.{number % 200}.0" for number in range(count)]
    seconds = 0.0
    for _warm_then_measured in range(2):
        begun = time.perf_counter()
        for event, address in zip(events, addresses, strict=True):
            enrich(event, address, "", rules)
        seconds = time.perf_counter() - begun
    micros = seconds / count * 1e6
    target = f"at most {ENRICH_MICROS:.0f} µs"
    return Row("enrich one browser event, caches warm", micros, "µs", target, holds=micros <= ENRICH_MICROS)


def _page_view(number: int) -> Event:
    url = f"https://shop.example.com/p/{number % 300}?utm_source=news&utm_medium=email"
    page = {"path": f"/p/{number % 300}", "url": url, "title": "X", "referrer": "https://www.google.com/"}
    context = {"page": page, "userAgent": CHROME.format(100 + number % 200), "locale": "de-DE"}
    return Event(
        message_id="m",
        digest=b"",
        content=0,
        type="track",
        name="Product Viewed",
        time=0,
        received_at=0,
        source=SourceId(1),
        context={**context, "library": {"name": "analytics.js"}},
    )
