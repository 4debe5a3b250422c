"""What is known of everybody's name, address and the like, read once through for matching."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import msgspec
from sqlalchemy import Connection

from stammgast.identity.resolution import Pair
from stammgast.kernel.sql import rows_in, rows_of
from stammgast.profiles.api.pages import Counting

ROWS_AT_ONCE = 5_000
TRAITS = "traits"
CORRECTIONS = "corrections"


class Said(msgspec.Struct, gc=False):
    """The parts of an anchor's state that are wanted; the rest is skipped undecoded."""

    traits: dict[str, Any] = {}
    corrections: dict[str, Any] = {}


_decode = msgspec.msgpack.Decoder(Said).decode


def everybodys_traits(connection: Connection, counting: Counting) -> Iterator[tuple[int, Said]]:
    """Yield (profile, what is said of them) for every anchor that says anything about a person."""
    last = -1
    while True:
        rows = rows_of(
            connection,
            "SELECT s.anchor, s.state, p.profile FROM anchor_states s"
            " LEFT JOIN anchor_profiles p ON p.anchor = s.anchor WHERE s.anchor > ? ORDER BY s.anchor LIMIT ?",
            (last, ROWS_AT_ONCE),
        )
        for anchor, state, profile in rows:
            said = _reliable(_decode(bytes(state)), counting, anchor)
            number = anchor if profile is None else profile
            if number and (said.traits or said.corrections):
                yield number, said
        if len(rows) < ROWS_AT_ONCE:
            return
        last = rows[-1][0]


def traits_of_anchors(
    connection: Connection, counting: Counting, anchors: Collection[int]
) -> Iterator[tuple[int, Said]]:
    """Yield (anchor, what is said of them) for some anchors; what waits to be counted anew is left out."""
    for anchor, state in rows_in(
        connection, "SELECT anchor, state FROM anchor_states WHERE anchor IN ({keys})", anchors
    ):
        yield anchor, _reliable(_decode(bytes(state)), counting, anchor)


def _reliable(said: Said, counting: Counting, anchor: int) -> Said:
    outdated = counting.outdated_at(anchor)
    return (
        Said({} if TRAITS in outdated else said.traits, {} if CORRECTIONS in outdated else said.corrections)
        if outdated
        else said
    )


def everybodys_identifiers(connection: Connection, namespaces: Collection[str]) -> Iterator[tuple[int, Pair]]:
    """Yield (profile, identifier) for the identifiers of some namespaces."""
    for namespace in sorted(namespaces):
        for value, profile in rows_of(
            connection, "SELECT value, profile FROM identifiers WHERE namespace = ? AND profile > 0", (namespace,)
        ):
            yield profile, (namespace, value)


def current_numbers(connection: Connection, numbers: Collection[int]) -> dict[int, int]:
    """Return for each profile number the profile it leads to now: itself, or what it was merged into."""
    found = {number: number for number in numbers}
    found |= dict(rows_in(connection, "SELECT alias, profile FROM aliases WHERE alias IN ({keys})", found))
    return found


def last_merge(connection: Connection) -> int:
    """Return the number of the newest merge, 0 when there was none."""
    return int(rows_of(connection, "SELECT max(merge) FROM merges")[0][0] or 0)


def names_of(connection: Connection, profiles: Collection[int]) -> dict[int, str]:
    """Return what profiles are called in the list of customers; those that aren't listed yet are left out."""
    rows = rows_in(connection, "SELECT profile, name, email FROM customers WHERE profile IN ({keys})", profiles)
    return {profile: name or email for profile, name, email in rows if name or email}
