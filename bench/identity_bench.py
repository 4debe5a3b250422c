"""What identity costs: its share of the worker's work, contested closures, merges by people, and the list of customers."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from random import Random
from time import perf_counter

from bench.contested_worker import late_event_seconds
from bench.customer_list import list_rows
from bench.merging import merging_rows
from bench.pipeline_bench import VISIT, fill_log
from bench.reruling import reruling_rows
from bench.resolution_share import worker_seconds
from bench.table import Row
from stammgast.identity.graph.canonical import resolve_canonically
from stammgast.identity.graph.evidence import Evidence
from stammgast.identity.graph.rules import GraphRules, Ranking
from tools.installation import Installation

SETS = 10_000
NAMESPACES = ("user_id", "email", "anonymous_id")
SHARE_MAX = 0.25


def run(*, quick: bool = False) -> list[Row]:
    # Where only the worker's own work is measured, history does not run, and its client would say so again and again.
    logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)
    rows = [
        _contested(3),
        _late(SETS // 10 if quick else SETS),
        *_share("visits", VISIT, 10_000 if quick else 60_000, 1 if quick else 4),
        *([] if quick else _share("each event from somebody else", 1, 60_000, 3)),
    ]
    with tempfile.TemporaryDirectory() as folder:
        installation = Installation(Path(folder) / "data")
        installation.start()
        try:
            rows += merging_rows(installation, 1_000 if quick else 10_000)
            rows += list_rows(installation, 1_000 if quick else 10_000, 1 if quick else 10)
        finally:
            installation.stop()
    return rows + reruling_rows(20_000 if quick else 1_000_000)


def _contested(rounds: int) -> Row:
    seconds = min(_contested_seconds(seed) for seed in range(rounds))
    what = f"one contested closure of {SETS:,} identifier sets, resolved"
    return Row(what, seconds, "s", target="under 1 s", holds=seconds < 1)


def _contested_seconds(seed: int) -> float:
    chance = Random(seed)
    evidence = [
        Evidence(number, str(number), tuple(sorted((name, str(chance.randrange(3_000))) for name in NAMESPACES)))
        for number in range(SETS)
    ]
    began = perf_counter()
    resolve_canonically(evidence, Ranking(GraphRules()))
    return perf_counter() - began


def _late(sets: int) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        seconds, refusals = late_event_seconds(Path(folder), sets)
    return Row(
        f"a late event into a contested closure of {sets:,} sets ({refusals:,} refusals): read, resolved, committed, in CPU time",
        seconds,
        "s",
        target="under 1 s",
        holds=seconds < 1,
    )


def _share(what: str, visit: int, events: int, rounds: int) -> list[Row]:
    """Take turns with and without, and keep the quickest of each: on a shared machine the others only add noise."""
    found: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    with tempfile.TemporaryDirectory() as folder:
        fill_log(Path(folder) / "log", events, visit)
        for number in range(rounds):
            for resolves in (True, False):
                each = Path(folder) / f"{number}-{resolves}"
                found[resolves].append(worker_seconds(each, Path(folder) / "log", events, resolves=resolves))
    first, second = (
        tuple(min(one[half] for one in found[resolves]) * 2e6 / events for resolves in (True, False)) for half in (0, 1)
    )
    whole = tuple(map(sum, zip(first, second, strict=True)))
    return [
        _share_row(f"{what}, {events:,} events from an empty graph on", (whole[0] / 2, whole[1] / 2), SHARE_MAX),
        _share_row(f"{what}, first half: a third of the sets are new", first, None),
        _share_row(f"{what}, second half: most sets are known", second, None),
    ]


def _share_row(what: str, micros: tuple[float, ...], most: float | None) -> Row:
    share = 1 - micros[1] / micros[0]
    return Row(
        f"share of the worker's CPU time that resolving takes: {what} ({micros[0]:.0f} µs an event)",
        share * 100,
        "%",
        target="" if most is None else f"<= {most:.0%}",
        reference=f"each set its own profile: {micros[1]:.0f} µs",
        holds=None if most is None else share <= most,
    )
