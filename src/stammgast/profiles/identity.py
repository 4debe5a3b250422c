"""Who an event belongs to: identifiers seen together are one person's. Pure over what was loaded.

Evidence is one row for each distinct identifier set (an anchor) and UTC day of event time, with the smallest
(event time, message id). A known anchor can join nothing new, so for most events resolution is one look-up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from stammgast.kernel.clock import MILLIS_PER_DAY

Pair = tuple[str, str]
"""(namespace, value) of an identifier."""
RawSet = tuple[Pair, ...]
"""Distinct raw identifiers of an event, sorted."""

SEEN_TOGETHER = "seen_together"
"""The rule of a merge: identifiers stood on one event."""

NOBODY = 0


class Sighting(msgspec.Struct, frozen=True, gc=False):
    """What resolution looks at of one event."""

    identifiers: RawSet
    time: int
    message_id: str
    source: int = 0


class Known(Protocol):
    """An anchor as it stands: its number and its profile (0: nobody's, all its identifiers are placeholders)."""

    anchor: int
    profile: int


class NewAnchor(msgspec.Struct, frozen=True):
    """An anchor seen for the first time; `links` are its normalised identifiers that may link."""

    anchor: int
    raw: RawSet
    links: tuple[Pair, ...]


class Union(msgspec.Struct, frozen=True):
    """Profile `merged` became part of `kept` because of one event."""

    kept: int
    merged: int
    time: int
    message_id: str
    identifiers: tuple[Pair, ...]


@dataclass
class Loaded:
    """What the stores know about the identifiers of a batch. `evidence` maps (anchor, day) to its smallest key."""

    anchors: Mapping[RawSet, Known]
    owners: Mapping[Pair, int]
    evidence: Mapping[tuple[int, int], tuple[int, str]]
    next_anchor: int


@dataclass
class Resolution:
    """What a batch brings to the identity graph, and the anchor of each sighting.

    anchors: one a sighting, 0 for nobody. new: anchors to add. profiles: of each new anchor. owners: profile of each
    identifier that is new. unions: in the order they happened. moved: profile that is no more -> the one it is now.
    evidence: (anchor, day) -> (time, message id, source), only where new or smaller.
    """

    anchors: list[int] = field(default_factory=list)
    new: list[NewAnchor] = field(default_factory=list)
    profiles: dict[int, int] = field(default_factory=dict)
    owners: dict[Pair, int] = field(default_factory=dict)
    unions: list[Union] = field(default_factory=list)
    moved: dict[int, int] = field(default_factory=dict)
    evidence: dict[tuple[int, int], tuple[int, str, int]] = field(default_factory=dict)
    next_anchor: int = 0

    def root(self, profile: int) -> int:
        """Return what a profile number stands for after this resolution."""
        while profile in self.moved:
            profile = self.moved[profile]
        return profile

    def add(self, later: Resolution) -> None:
        """Take in what a further round of the same batch found; it was resolved on top of this one."""
        self.moved.update(later.moved)
        self.moved = {old: self.root(new) for old, new in self.moved.items()}
        self.new += later.new
        self.unions += later.unions
        self.profiles = {anchor: self.root(one) for anchor, one in {**self.profiles, **later.profiles}.items()}
        self.owners = {pair: self.root(one) for pair, one in {**self.owners, **later.owners}.items()}
        self.evidence.update(later.evidence)
        self.next_anchor = later.next_anchor


def resolve(sightings: Sequence[Sighting], loaded: Loaded, normalise: Callable[[str, str], Pair | None]) -> Resolution:
    """Return where each sighting belongs and what it changes. A merge keeps the smaller profile number.

    >>> anna = Sighting((("anonymous_id", "a"),), 0, "1")
    >>> login = Sighting((("anonymous_id", "a"), ("user_id", "7")), 5, "2")
    >>> found = resolve([anna, login], Loaded({}, {}, {}, 1), lambda namespace, value: (namespace, value))
    >>> found.anchors, found.profiles, found.owners
    ([1, 2], {1: 1, 2: 1}, {('anonymous_id', 'a'): 1, ('user_id', '7'): 1})
    """
    graph = _Graph(loaded, normalise)
    found = graph.found
    known = loaded.anchors
    anchors = found.anchors
    fresh: dict[RawSet, int] = {}
    for one in sightings:
        raw = one.identifiers
        if not raw:
            anchors.append(NOBODY)
            continue
        hit = known.get(raw)
        if hit is not None:
            anchor = hit.anchor
        elif raw in fresh:
            anchor = fresh[raw]
        else:
            anchor = fresh[raw] = graph.add(one)
        anchors.append(anchor)
        _note_evidence(found, loaded, anchor, one)
    graph.settle()
    return found


def linkable(raw: Iterable[Pair], normalise: Callable[[str, str], Pair | None]) -> tuple[Pair, ...]:
    """Return the normalised identifiers of a raw set that may link, distinct and sorted."""
    return tuple(sorted({normal for namespace, value in raw if (normal := normalise(namespace, value)) is not None}))


def _note_evidence(found: Resolution, loaded: Loaded, anchor: int, one: Sighting) -> None:
    place = (anchor, one.time // MILLIS_PER_DAY)
    before = found.evidence.get(place) or loaded.evidence.get(place)
    if before is None or (one.time, one.message_id) < before[:2]:
        found.evidence[place] = (one.time, one.message_id, one.source)


class _Graph:
    """Profiles joined by identifiers while one batch is resolved."""

    def __init__(self, loaded: Loaded, normalise: Callable[[str, str], Pair | None]) -> None:
        self.found = Resolution(next_anchor=loaded.next_anchor)
        self._loaded = loaded
        self._normalise = normalise

    def add(self, one: Sighting) -> int:
        """Take in an anchor that nobody knows yet; return its number."""
        found = self.found
        anchor = found.next_anchor
        found.next_anchor += 1
        links = linkable(one.identifiers, self._normalise)
        found.new.append(NewAnchor(anchor, one.identifiers, links))
        found.profiles[anchor] = self._join(links, one, anchor) if links else NOBODY
        return anchor

    def settle(self) -> None:
        """Point everything at the profiles that are left when the batch is over."""
        found = self.found
        if not found.unions:
            return
        found.moved = {old: found.root(old) for old in found.moved}
        found.profiles = {anchor: found.root(profile) for anchor, profile in found.profiles.items()}
        found.owners = {pair: found.root(profile) for pair, profile in found.owners.items()}

    def _join(self, links: tuple[Pair, ...], one: Sighting, anchor: int) -> int:
        owners = {pair: self._owner(pair) for pair in links}
        roots = sorted({owner for owner in owners.values() if owner is not None})
        kept = roots[0] if roots else anchor
        for merged in roots[1:]:
            shared = tuple(pair for pair in links if owners[pair] in (kept, merged))
            self.found.unions.append(Union(kept, merged, one.time, one.message_id, shared))
            self.found.moved[merged] = kept
        for pair, owner in owners.items():
            if owner is None:
                self.found.owners[pair] = kept
        return kept

    def _owner(self, pair: Pair) -> int | None:
        owner = self.found.owners.get(pair)
        if owner is None:
            owner = self._loaded.owners.get(pair)
        return None if owner is None else self.found.root(owner)


def needed_pairs(
    sightings: Iterable[Sighting], anchors: Mapping[RawSet, Known], normalise: Callable[[str, str], Pair | None]
) -> Iterator[Pair]:
    """Yield the normalised identifiers whose owners must be loaded before `resolve`: those of unknown anchors."""
    seen: set[RawSet] = set()
    for one in sightings:
        raw = one.identifiers
        if raw and raw not in anchors and raw not in seen:
            seen.add(raw)
            yield from linkable(raw, normalise)
