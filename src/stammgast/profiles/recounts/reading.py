"""States of anchors as far as they may be relied on, for everybody who shows figures."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection

from stammgast.profiles.folding import Folding, decode_state
from stammgast.profiles.recounts.contracts import Counting
from stammgast.profiles.recounts.keeping import read_counting, versions_of
from stammgast.profiles.store import states


@lru_cache(maxsize=8)
def _versions(folding: Folding) -> dict[str, int]:
    return versions_of(folding.features)


def counting_now(connection: Connection, folding: Folding) -> Counting:
    """Return what may be relied on."""
    return read_counting(connection, _versions(folding))


def reliable_states(
    connection: Connection, folding: Folding, anchors: Iterable[int]
) -> tuple[dict[int, dict[str, Any]], Counting]:
    """Return anchor -> state of those that have one, without what can't be relied on, and what that was decided by."""
    # Asked first: what is counted in between is then left out for a moment, and never shown wrongly.
    counting = counting_now(connection, folding)
    stored = states.load_states(connection, anchors)
    return {anchor: counting.reliable(anchor, decode_state(encoded)) for anchor, encoded in stored}, counting
