"""Who was split off a customer lately: an old link may mean either of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from stammgast.identity.store import graph
from stammgast.kernel import clock
from stammgast.kernel.ids import ProfileId
from stammgast.profiles.contracts import Parted
from stammgast.profiles.naming import listed_visitor
from stammgast.profiles.store import reading
from stammgast.profiles.store.accounts import names_of_profiles

TOLD_DAYS = 30
TOLD_MAX = 20
"""Most that are told of one customer."""


def parted(
    connection: Connection, number: ProfileId, merged: Sequence[ProfileId]
) -> tuple[tuple[Parted, ...], tuple[Parted, ...]]:
    """Return (who was split off, from whom it was split off) of a profile in the last TOLD_DAYS days, newest first.

    `merged` are the numbers that lead to it. Whoever is one customer with it again is left out.
    """
    own = {int(number), *merged}
    since = clock.now_millis() - TOLD_DAYS * clock.MILLIS_PER_DAY
    rows = reading.splits_since(connection, sorted(own), since)
    off = ((gone, at) for kept, gone, at in rows if kept in own and gone not in own)
    come = ((kept, at) for kept, gone, at in rows if gone in own and kept not in own)
    return _told(connection, number, off), _told(connection, number, come)


def _told(connection: Connection, number: ProfileId, rows: Iterable[tuple[int, int]]) -> tuple[Parted, ...]:
    newest: dict[int, int] = {}
    for other, at in rows:
        current = graph.current_profile(connection, other)
        if current and current != number:
            newest[current] = max(at, newest.get(current, 0))
    shown = sorted(newest.items(), key=lambda one: (-one[1], one[0]))[:TOLD_MAX]
    names = names_of_profiles(connection, [other for other, _ in shown]) if shown else {}
    return tuple(
        Parted(
            ProfileId(other),
            at,
            names[other][0] if other in names else "",
            listed_visitor(names[other][1]) if other in names else "",
        )
        for other, at in shown
    )
