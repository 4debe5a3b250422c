"""A round over everybody: when a watcher is new or changed, or other rules or policies hold. It goes on where a worker before stopped."""

from __future__ import annotations

from sqlalchemy import Connection

from stammgast.identity.store import graph
from stammgast.kernel.ports.watching import Cause
from stammgast.pipeline.watching.store import anchors_after
from stammgast.profiles.api.worker import marks

_MARK = "watched"
_PLACE = 8
"""Bytes of an anchor: the one behind which the round goes on, and the last one of the round, before the digest in the mark."""


class Round:
    """How far everybody who was there when it began was looked at under what holds now (a digest)."""

    def __init__(self, connection: Connection) -> None:
        """Read where a worker before stopped."""
        kept = marks.read_mark(connection, _MARK) or bytes(2 * _PLACE)
        self._after = int.from_bytes(kept[:_PLACE], "big")
        self._until = int.from_bytes(kept[_PLACE : 2 * _PLACE], "big")
        self._digest = kept[2 * _PLACE :]

    @property
    def is_going_on(self) -> bool:
        """Say whether somebody is left."""
        return self._after < self._until

    def is_before(self, profile: int) -> bool:
        """Say whether a profile may not have been looked at in this round, though it was there when it began."""
        return self.is_going_on and profile <= self._until

    def notice(self, digest: bytes, next_anchor: int) -> bool:
        """Begin anew when something else holds now, with all anchors below `next_anchor`; say whether it does."""
        if digest == self._digest:
            return False
        self._digest, self._after, self._until = digest, 0, next_anchor - 1
        return True

    def take(self, connection: Connection, causes: dict[int, Cause], most: int) -> int | None:
        """Add the next profiles to `causes`; return where the round goes on after them, None when it does not move."""
        if not self.is_going_on or most <= 0:
            return None
        anchors = [one for one in anchors_after(connection, self._after, most) if one <= self._until]
        current = graph.profiles_of_anchors(connection, anchors)
        for anchor in anchors:
            profile = current.get(anchor, anchor)
            if profile:
                causes[profile] = causes.get(profile, Cause(0)) | Cause.ANEW
        return anchors[-1] if len(anchors) == most else self._until

    def keep(self, connection: Connection, after: int) -> None:
        """Write where the round goes on, in the transaction of its step."""
        places = after.to_bytes(_PLACE, "big") + self._until.to_bytes(_PLACE, "big")
        marks.set_mark(connection, _MARK, places + self._digest)

    def went_on(self, after: int) -> None:
        """Note that the step is kept."""
        self._after = after
