"""By which anchor to speak of a customer, so that what is said stays with the person when a profile is split."""

from __future__ import annotations

from sqlalchemy import Connection

from stammgast.identity.graph.rules import Ranking
from stammgast.identity.rulebook.force import rules_now
from stammgast.identity.store import graph
from stammgast.kernel.ids import Anchor
from stammgast.kernel.runtime import Runtime
from stammgast.kernel.sql import rows_of
from stammgast.profiles.contracts import Profile

LOOKED_AT_MAX = 200


def steady_anchor(runtime: Runtime, profile: Profile) -> Anchor:
    """Return the profile's anchor that holds its strongest identifier and the least beside it.

    A browser that turns out to be somebody else's takes its own anchors along, and not what was said about the person.
    """
    ranking = Ranking(rules_now(runtime))
    strongest = min(((one.namespace, one.value) for one in profile.identifiers), key=ranking.rank, default=None)
    if strongest is None:
        return profile.anchors[0]
    with runtime.customers.read() as connection:
        holders = _holders(connection, *strongest)
        sets = graph.read_anchor_sets(connection, set(holders) & set(profile.anchors))
    return min((Anchor(one) for one in sets), key=lambda one: (len(sets[one]), one), default=profile.anchors[0])


def _holders(connection: Connection, namespace: str, value: str) -> list[int]:
    sql = (
        "SELECT a.anchor FROM identifiers i JOIN identifier_anchors a ON a.identifier = i.identifier"
        " WHERE i.value = ? AND i.namespace = ? ORDER BY a.anchor LIMIT ?"
    )
    return [anchor for (anchor,) in rows_of(connection, sql, (value, namespace, LOOKED_AT_MAX))]
