"""Identifiers that link nowhere, with what they met; and those that a person let link again."""

from __future__ import annotations

from stammgast.identity.graph.evidence import STRONGER, met_by, met_too_many
from stammgast.identity.graph.rules import Ranking
from stammgast.identity.resolution import Pair, linkable
from stammgast.identity.store import contests, graph
from stammgast.identity.store.contests import HeldRow
from stammgast.kernel.clock import MILLIS_PER_DAY
from stammgast.kernel.runtime import Runtime
from stammgast.whoiswho.store import tracing as stored
from stammgast.whoiswho.store.tracing import DecidedRow
from stammgast.whoiswho.tracing.contracts import Held, Released
from stammgast.whoiswho.tracing.rules import normaliser, ranking_of

EXAMPLES = 12


def held_identifiers(runtime: Runtime, *, limit: int = 50, offset: int = 0) -> tuple[tuple[Held, ...], int]:
    """Return a page of what is held, newest first, and how many there are in all."""
    with runtime.customers.read() as connection:
        rows = contests.load_held(connection)
        shown = rows[offset : offset + limit]
        pairs = [(one.namespace, one.value) for one in shown]
        owners = graph.load_owners(connection, pairs)
        counts = stored.count_sets(connection, pairs)
        latest = _latest(stored.single_decisions(connection))
        normalise, ranking = normaliser(runtime), ranking_of(runtime)
        found = []
        for one, pair in zip(shown, pairs, strict=True):
            others: set[Pair] = set()
            for raw in contests.anchors_on_day(connection, pair, _day(one)):
                others.update(met_by(linkable(raw, normalise), ranking).get(pair, ()))
            many = met_too_many(pair, others, ranking) or ""
            met = _of(many, pair, others, ranking)
            word = latest.get(pair)
            by = word.person if word and word.kind == "hold" else ""
            examples = tuple(sorted(met, key=ranking.rank)[:EXAMPLES])
            found.append(
                Held(pair, one.day, one.held_at, by, owners.get(pair, 0), many, len(met), examples, counts.get(pair, 0))
            )
    return tuple(found), len(rows)


def released_identifiers(runtime: Runtime) -> tuple[Released, ...]:
    """Return the identifiers that a person released and nobody held again, newest first."""
    with runtime.customers.read() as connection:
        latest = _latest(stored.single_decisions(connection))
        released = [one for one in latest.values() if one.kind == "release"]
        owners = graph.load_owners(connection, [one.one for one in released])
    released.sort(key=lambda one: -one.number)
    return tuple(Released(one.one, one.decided_at, one.person, owners.get(one.one, 0)) for one in released)


def _of(many: str, pair: Pair, others: set[Pair], ranking: Ranking) -> set[Pair]:
    """Return those of which there were too many; where a person holds it, all."""
    if many == STRONGER:
        priority = ranking.rule(pair[0]).priority
        return {one for one in others if ranking.rule(one[0]).priority < priority}
    return {one for one in others if one[0] == many or not many}


def _latest(rows: list[DecidedRow]) -> dict[Pair, DecidedRow]:
    return {row.one: row for row in rows}


def _day(one: HeldRow) -> int:
    """Return the day whose meetings are told: that on which it met too many, else that on which a person held it."""
    return one.day or one.held_at // MILLIS_PER_DAY
