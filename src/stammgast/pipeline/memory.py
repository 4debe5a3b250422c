"""What the worker keeps in memory between batches: anchors seen lately, with their feature states.

Two generations: what is used moves to the young one; when that is full, the old one is forgotten. No entry is ever the
only copy: a batch that fails to commit is followed by `forget`, and everything is read again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stammgast.identity.resolution import RawSet

ANCHORS_YOUNG = 6_000
DAYS_KEPT = 4


class KnownAnchor:
    """An anchor and what is known of it. Shaped as `identity.Known`.

    state: feature -> state, encoded until an event touches it; None while not loaded. days: day -> smallest (time,
    message id), only of days looked at.
    """

    __slots__ = ("anchor", "days", "is_dirty", "profile", "state")

    def __init__(self, anchor: int, profile: int) -> None:
        """Nothing is loaded yet."""
        self.anchor = anchor
        self.profile = profile
        self.state: dict[str, Any] | None = None
        self.days: dict[int, tuple[int, str]] = {}
        self.is_dirty = False


class Memory:
    """Anchors by their set of raw identifiers."""

    def __init__(self, young_max: int = ANCHORS_YOUNG) -> None:
        """Nothing remembered; at most twice `young_max` anchors will be."""
        self._young_max = young_max
        self._young: dict[RawSet, KnownAnchor] = {}
        self._old: dict[RawSet, KnownAnchor] = {}
        self._moved_young: dict[int, int] = {}
        self._moved_old: dict[int, int] = {}

    def get(self, raw: RawSet) -> KnownAnchor | None:
        """Return the anchor of a set, None when it is not remembered (it may still exist)."""
        known = self._young.get(raw)
        if known is None:
            known = self._old.get(raw)
            if known is not None:
                known.profile = self.profile(known.profile)
                self._young[raw] = known
        return known

    def put(self, raw: RawSet, known: KnownAnchor) -> None:
        """Remember an anchor."""
        self._young[raw] = known

    def move(self, moved: dict[int, int]) -> None:
        """Note that profiles were merged into others."""
        self._moved_young.update(moved)

    def profile(self, number: int) -> int:
        """Return what a remembered profile number stands for now."""
        while True:
            following = self._moved_young.get(number)
            if following is None:
                following = self._moved_old.get(number)
            if following is None:
                return number
            number = following

    def place(self, profiles: Mapping[RawSet, int]) -> None:
        """Note whose sets of a closure are now, each named one by one; a number that was merged away may live again."""
        if not profiles:
            return
        for known in (*self._old.values(), *self._young.values()):
            known.profile = self.profile(known.profile)
        self._moved_young, self._moved_old = {}, {}
        for raw, profile in profiles.items():
            one = self._young.get(raw) or self._old.get(raw)
            if one is not None:
                one.profile = profile

    def drop_states(self, first: int, last: int) -> None:
        """Let the states of anchors `first` to `last` be read again: another stage has written them."""
        for kept in (self._young, self._old):
            for known in kept.values():
                if first <= known.anchor <= last:
                    known.state = None

    def turn(self) -> None:
        """Forget the old generation when the young one is full; called between batches."""
        if len(self._young) <= self._young_max:
            return
        for known in self._young.values():
            known.profile = self.profile(known.profile)
        self._old, self._young = self._young, {}
        self._moved_old, self._moved_young = {}, {}

    def forget(self) -> None:
        """Forget everything, after a batch that was not committed."""
        for one in (self._young, self._old, self._moved_young, self._moved_old):
            one.clear()
