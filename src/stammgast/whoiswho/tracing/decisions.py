"""What people decided, as they did it: a split is one decision, though it says something about many pairs. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from stammgast.identity.deciding import DECISIONS_MAX
from stammgast.identity.graph.evidence import Decision, Kind
from stammgast.identity.resolution import Pair
from stammgast.whoiswho.store.tracing import DecidedRow
from stammgast.whoiswho.tracing.contracts import Decided

NAMED_MAX = 5
"""Identifiers named of each side."""
_TELLING: tuple[Kind, ...] = ("never", "unmerge", "allow", "hold", "release", "merge")
"""What tells what an order was for: a split also keeps together what was split off."""


def order_of(decision: int) -> int:
    """Return the log position of the order that a decision was in.

    >>> order_of(7 * DECISIONS_MAX + 3)
    7
    """
    return decision // DECISIONS_MAX


def standing(rows: Iterable[DecidedRow]) -> set[int]:
    """Return the numbers of the decisions that are the latest word about their pair, and were not taken back."""
    latest: dict[frozenset[Pair], DecidedRow] = {}
    for row in sorted(rows, key=lambda one: (one.decided_at, one.number)):
        latest[frozenset((row.one, row.other))] = row
    return {row.number for row in latest.values() if row.kind != "allow"}


def gather(rows: Iterable[DecidedRow], standing_numbers: set[int]) -> tuple[Decided, ...]:
    """Return one line for each order, newest first.

    >>> anna, bob, tablet = ("user_id", "anna"), ("user_id", "bob"), ("anonymous_id", "t")
    >>> rows = [DecidedRow(10_000, 5, "merge", bob, tablet, "Alice"), DecidedRow(10_001, 5, "never", bob, anna, "Alice")]
    >>> [(one.kind, one.one_side, one.other_side, one.pairs) for one in gather(rows, standing(rows))]
    [('never', (('user_id', 'bob'),), (('user_id', 'anna'),), 1)]
    """
    orders: dict[int, list[DecidedRow]] = defaultdict(list)
    for row in rows:
        orders[order_of(row.number)].append(row)
    return tuple(_line(number, orders[number], standing_numbers) for number in sorted(orders, reverse=True))


def _line(number: int, rows: list[DecidedRow], standing_numbers: set[int]) -> Decided:
    kinds = {row.kind for row in rows}
    kind = next(one for one in _TELLING if one in kinds)
    telling = [row for row in rows if row.kind == kind]
    return Decided(
        number,
        rows[0].decided_at,
        rows[0].person,
        kind,
        len(telling),
        tuple(dict.fromkeys(row.one for row in telling))[:NAMED_MAX],
        tuple(dict.fromkeys(row.other for row in telling))[:NAMED_MAX],
        any(row.number in standing_numbers for row in telling),
    )


def as_decisions(rows: Iterable[DecidedRow]) -> list[Decision]:
    """Return rows as the graph takes them."""
    return [Decision(row.number, row.decided_at, row.kind, row.one, row.other) for row in rows]  # type: ignore[arg-type]
