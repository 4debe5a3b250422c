"""All that counting anew asks the history: how much there is, cut into parts, and the rows themselves, page by page."""

# ruff: noqa: S608 - only names of our own columns and fixed conditions are pasted into statements; values are parameters

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from stammgast.kernel.features import Feature
from stammgast.kernel.history import HistoryClient
from stammgast.profiles.recounts.restoring import COLUMNS, PAGE, Fact, Place

_THREADS = "SETTINGS max_threads = 2"


class Wanted(msgspec.Struct, frozen=True):
    """Which rows some folds look at: `keys` as `Feature.wants`, None for all."""

    keys: frozenset[str] | None
    with_robots: bool
    with_accounts: bool
    own: frozenset[str] = frozenset()
    """Names of own events that are folded; all others that Stammgast made itself are in no figure."""

    @classmethod
    def by(cls, features: Iterable[Feature[Any]], *, with_accounts: bool) -> Wanted:
        """Return what these features, and those of accounts, look at."""
        looked_at: frozenset[str] | None = frozenset()
        with_robots, own = False, frozenset[str]()
        for one in features:
            looked_at = None if looked_at is None or one.wants is None else looked_at | one.wants
            with_robots = with_robots or one.with_robots
            own |= one.own
        return cls(looked_at, with_robots, with_accounts, own)

    def condition(self) -> tuple[str, dict[str, Any]]:
        """Return the SQL condition and its parameters."""
        conditions = []
        parameters: dict[str, Any] = {}
        if self.keys is not None:
            conditions.append("if(type = 'track', name, type) IN {keys:Array(String)}")
            parameters["keys"] = sorted(self.keys)
        if not self.with_robots:
            conditions.append("NOT is_bot AND NOT is_staff")
        looked_at = " AND ".join(conditions) or "1"
        if self.with_accounts:
            looked_at = f"(({looked_at}) OR group_id != '')"
        condition = f"origin = '' AND {looked_at}"
        if self.own:
            condition = f"(({condition}) OR (origin != '' AND name IN {{own:Array(String)}}))"
            parameters["own"] = sorted(self.own)
        return condition, parameters


def parts_of_customers(
    history: HistoryClient, wanted: Wanted, after: int, until: int, size: int
) -> list[tuple[int, int]]:
    """Return (last anchor, rows) of parts that together hold anchors beyond `after` and below `until`, ascending.

    A part holds about `size` rows, or one anchor that has more.
    """
    condition, parameters = wanted.condition()
    return history.query(
        "SELECT max(anchor), sum(rows) FROM (SELECT anchor, rows, intDiv(sum(rows) OVER (ORDER BY anchor) - rows, {size:UInt64})"
        f" AS part FROM (SELECT anchor, count() AS rows FROM events WHERE {condition}"
        " AND anchor > {after:UInt32} AND anchor < {until:UInt32} GROUP BY anchor)) GROUP BY part ORDER BY part",
        {**parameters, "after": after, "until": until, "size": size},
        row=tuple[int, int],
    )


def rows_of_accounts(history: HistoryClient) -> dict[str, int]:
    """Return group id -> rows that name it."""
    rows = history.query("SELECT group_id, count() FROM events WHERE origin = '' AND group_id != '' GROUP BY group_id")
    return {str(group_id): int(count) for group_id, count in rows}


def count_looked_at(history: HistoryClient, wanted: Wanted) -> int:
    """Return how many events some folds look at."""
    condition, parameters = wanted.condition()
    ((count,),) = history.query(
        f"SELECT count() FROM events WHERE {condition} AND (anchor > 0 OR group_id != '')", parameters
    )
    return int(count)


def count_rows(history: HistoryClient, through: int = 2**62) -> int:
    """Return how many events of batches up to `through` history has."""
    ((count,),) = history.query("SELECT count() FROM events WHERE batch <= {through:UInt64}", {"through": through})
    return int(count)


def page_of_customers(
    history: HistoryClient, wanted: Wanted, anchors: tuple[int, int], through: int, place: Place | None
) -> list[Fact]:
    """Return the next rows of anchors (first, last) behind `place`, ordered as places are; fewer than PAGE at the end."""
    condition, parameters = wanted.condition()
    return _page(
        history,
        f"{condition} AND anchor >= {{first:UInt32}} AND anchor <= {{last:UInt32}}",
        {**parameters, "first": max(anchors[0], place.anchor) if place else anchors[0], "last": anchors[1]},
        through,
        place,
    )


def page_of_accounts(history: HistoryClient, group_ids: Sequence[str], through: int, place: Place | None) -> list[Fact]:
    """Return the next rows that name one of these accounts, also those of nobody."""
    parameters = {"groups": list(group_ids), "first": place.anchor if place else 0}
    return _page(
        history,
        "origin = '' AND group_id IN {groups:Array(String)} AND anchor >= {first:UInt32}",
        parameters,
        through,
        place,
    )


def _page(
    history: HistoryClient, condition: str, parameters: dict[str, Any], through: int, place: Place | None
) -> list[Fact]:
    parameters |= {"through": through, "most": PAGE}
    if place is not None:
        # Said twice: the first can be answered by the index, the second is exact.
        condition += (
            " AND (anchor > {anchor:UInt32} OR time >= fromUnixTimestamp64Milli({time:Int64}))"
            " AND (anchor > {anchor:UInt32} OR (toUnixTimestamp64Milli(time), batch, row)"
            " > ({time:Int64}, {batch:UInt64}, {row:UInt32}))"
        )
        parameters |= {"anchor": place.anchor, "time": place.time, "batch": place.batch, "row": place.row}
    return history.query(
        f"SELECT {COLUMNS} FROM events WHERE {condition} AND batch <= {{through:UInt64}}"
        f" ORDER BY anchor, events.time, batch, row LIMIT {{most:UInt32}} {_THREADS}",
        parameters,
        row=Fact,
    )


def place_of(fact: Fact) -> Place:
    """Return where a page that ends with this row ended."""
    return Place(fact.anchor, fact.time, fact.batch, fact.row)
