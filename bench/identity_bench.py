"""How fast contested identities are resolved: one closure, all of it anew."""

from __future__ import annotations

from random import Random
from time import perf_counter

from bench.table import Row
from stammgast.profiles.graph.canonical import resolve_canonically
from stammgast.profiles.graph.evidence import Evidence
from stammgast.profiles.graph.rules import GraphRules, Ranking

SETS = 10_000
NAMESPACES = ("user_id", "email", "anonymous_id")


def run(*, quick: bool = False) -> list[Row]:
    seconds = min(_contested_seconds(seed) for seed in range(1 if quick else 3))
    return [
        Row(
            what=f"one contested closure of {SETS:,} identifier sets",
            measured=seconds,
            unit="s",
            target="under 1 s",
            holds=seconds < 1,
        )
    ]


def _contested_seconds(seed: int) -> float:
    chance = Random(seed)
    evidence = [
        Evidence(number, str(number), tuple(sorted((name, str(chance.randrange(3_000))) for name in NAMESPACES)))
        for number in range(SETS)
    ]
    began = perf_counter()
    resolve_canonically(evidence, Ranking(GraphRules()))
    return perf_counter() - began
