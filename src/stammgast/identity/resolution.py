"""Who an event belongs to: identifiers seen together are one person's. Pure over what was loaded.

Evidence is one row for each distinct identifier set (an anchor) and UTC day of event time, with the smallest
(event time, message id). A known anchor can join nothing new, so for most events resolution is one look-up.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from stammgast.identity.graph.canonical import Refusal
from stammgast.identity.graph.evidence import Decision
from stammgast.identity.graph.numbering import Numbers
from stammgast.identity.graph.placing import NOBODY, Turn
from stammgast.kernel.clock import MILLIS_PER_DAY

Pair = tuple[str, str]
"""(namespace, value) of an identifier."""
RawSet = tuple[Pair, ...]
"""Distinct raw identifiers of an event, sorted."""


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
    first_seen: Mapping[int, tuple[int, str]] = field(default_factory=dict)
    """The oldest key of profiles that may meet; the older of two keeps its number (without keys: the smaller)."""


class Held(msgspec.Struct, frozen=True):
    """An identifier that met too many stronger ones on a UTC day."""

    identifier: Pair
    day: int


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
    placed: dict[int, int] = field(default_factory=dict)
    """Anchors that were there before and belong to a profile named one by one, after a closure was resolved anew."""
    reowned: dict[Pair, int] = field(default_factory=dict)
    """Identifiers that were there before, likewise; profile 0 owns what was only ever left out."""
    gone: dict[int, int] = field(default_factory=dict)
    """Numbers that are no more because of that -> where they lead."""
    bearers: dict[int, int] = field(default_factory=dict)
    """Numbers of profiles that other anchors bear from now on."""
    numbers: Numbers = field(default_factory=Numbers)
    """Who bears which number now, those changes included."""
    turns: list[Turn] = field(default_factory=list)
    refusals: dict[int, list[Refusal]] = field(default_factory=dict)
    """Anchor -> what was left out on it; an anchor without any had some before."""
    held: list[Held] = field(default_factory=list)
    released: set[Pair] = field(default_factory=set)
    decisions: list[tuple[Decision, str]] = field(default_factory=list)
    """As they were given, with who decided."""
    normal_decisions: dict[int, Decision] = field(default_factory=dict)
    """Those of them that say anything under the present rules, by their numbers, about normal identifiers."""

    def root(self, profile: int) -> int:
        """Return what a profile number stands for after this resolution."""
        while profile in self.moved:
            profile = self.moved[profile]
        return profile

    def current(self, anchor: int, stored: int) -> int:
        """Return the profile of an anchor that the stores know as `stored`'s."""
        return self.placed[anchor] if anchor in self.placed else self.root(stored)

    def reopen(self, profiles: Container[int]) -> set[int]:
        """Take back the moves into profiles that are resolved anew; return the numbers that had moved."""
        moved = {old for old in self.moved if self.root(old) in profiles}
        for old in moved:
            del self.moved[old]
        return moved

    @property
    def led(self) -> dict[int, int]:
        """The numbers that placed anchors bear -> the profile they lead to."""
        return self.numbers.led_by(self.placed)

    def lost(self) -> set[int]:
        """Return the numbers of profiles that are no more."""
        return {*self.moved, *self.gone}

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
        self._add_placements(later)

    def _leads_to(self, old: int, new: int) -> int:
        """Return where a number leads that led to `new`: to the profile of who bears it, which may have moved on since."""
        bearer = self.numbers.bearer(old)
        for current in (self.placed, self.profiles):
            if bearer in current:
                return current[bearer]
        return self.root(new)

    def _add_placements(self, later: Resolution) -> None:
        self.bearers.update(later.bearers)
        for pair, owner in later.reowned.items():
            # What this batch itself brought is not in the stores yet.
            (self.owners if pair in self.owners else self.reowned)[pair] = owner
        for anchor, profile in later.placed.items():
            (self.profiles if anchor in self.profiles else self.placed)[anchor] = profile
        self.placed = {anchor: self.root(one) for anchor, one in self.placed.items()}
        self.reowned = {pair: self.root(one) for pair, one in self.reowned.items()}
        alive = {*later.placed.values(), *later.profiles.values()}
        gone = {old: new for old, new in {**self.gone, **later.gone}.items() if old not in alive}
        self.gone = {old: self._leads_to(old, new) for old, new in gone.items()}
        self.turns += later.turns
        self.refusals.update(later.refusals)
        self.held += later.held
        self.released |= later.released
        self.decisions += later.decisions
        self.normal_decisions.update(later.normal_decisions)


def resolve(sightings: Sequence[Sighting], loaded: Loaded, normalise: Callable[[str, str], Pair | None]) -> Resolution:
    """Return where each sighting belongs and what it changes, when nothing forbids any link.

    >>> anna = Sighting((("anonymous_id", "a"),), 0, "1")
    >>> login = Sighting((("anonymous_id", "a"), ("user_id", "7")), 5, "2")
    >>> found = resolve([anna, login], Loaded({}, {}, {}, 1), lambda namespace, value: (namespace, value))
    >>> found.anchors, found.profiles, found.owners
    ([1, 2], {1: 1, 2: 1}, {('anonymous_id', 'a'): 1, ('user_id', '7'): 1})
    """
    found = intern(sightings, loaded, normalise)
    unite(found, loaded, lambda links: links)
    return found


def intern(sightings: Sequence[Sighting], loaded: Loaded, normalise: Callable[[str, str], Pair | None]) -> Resolution:
    """Return the anchors of sightings, new ones with the next numbers, and the evidence that is new or smaller."""
    found = Resolution(next_anchor=loaded.next_anchor)
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
            anchor = fresh[raw] = found.next_anchor
            found.next_anchor += 1
            found.new.append(NewAnchor(anchor, raw, linkable(raw, normalise)))
        anchors.append(anchor)
        _note_evidence(found, loaded, anchor, one)
    return found


def unite(
    found: Resolution,
    loaded: Loaded,
    able: Callable[[tuple[Pair, ...]], Sequence[Pair]],
    apart: Container[int] = frozenset(),
    strongest: Callable[[tuple[Pair, ...]], Pair] = min,
) -> None:
    """Join what new anchors connect, in the order of their evidence; those `apart` have their profiles already.

    `able` returns the identifiers of a set that take part in linking, strongest first. An anchor without any belongs
    to the own profile of its `strongest` identifier.
    """
    keys: dict[int, tuple[int, str]] = {}
    for (anchor, _), evidence in found.evidence.items():
        keys[anchor] = min(keys.get(anchor, evidence[:2]), evidence[:2])
    graph = _Graph(found, loaded, strongest)
    for one in sorted((one for one in found.new if one.anchor not in apart), key=lambda one: keys[one.anchor]):
        found.profiles[one.anchor] = graph.join(one, able(one.links), keys[one.anchor]) if one.links else NOBODY
    graph.settle()


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

    def __init__(self, found: Resolution, loaded: Loaded, strongest: Callable[[tuple[Pair, ...]], Pair]) -> None:
        self.found = found
        self._strongest = strongest
        self._loaded = loaded
        self._first_seen = dict(loaded.first_seen)

    def settle(self) -> None:
        """Point everything at the profiles that are left when the batch is over."""
        found = self.found
        if not found.unions:
            return
        found.moved = {old: found.root(old) for old in found.moved}
        found.profiles = {anchor: found.root(profile) for anchor, profile in found.profiles.items()}
        found.owners = {pair: found.root(profile) for pair, profile in found.owners.items()}
        found.reowned = {pair: found.root(profile) for pair, profile in found.reowned.items()}

    def join(self, new: NewAnchor, links: Sequence[Pair], key: tuple[int, str]) -> int:
        """Return the profile of a new anchor, after joining all that its links belong to."""
        if not links:
            return self._alone(new, key)
        owners = {pair: self._owner(pair) for pair in links}
        roots = sorted({owner for owner in owners.values() if owner}, key=self._age)
        kept = roots[0] if roots else self._begin(new.anchor, key)
        for merged in roots[1:]:
            shared = tuple(sorted(pair for pair in links if owners[pair] in (kept, merged)))
            self.found.unions.append(Union(kept, merged, *key, shared))
            self.found.moved[merged] = kept
        for pair, owner in owners.items():
            self._own(pair, owner, kept)
        for pair in new.links:
            if pair not in owners:
                self._own(pair, self._owner(pair), NOBODY)
        return kept

    def _alone(self, new: NewAnchor, key: tuple[int, str]) -> int:
        """Return the own profile of an identifier that links nowhere: nothing stronger is on the event."""
        first = self._strongest(new.links)
        profile = self._owner(first)
        if not profile:
            profile = self._begin(new.anchor, key)
            self._own(first, self._owner(first), profile)
        for pair in new.links:
            if pair != first:
                self._own(pair, self._owner(pair), NOBODY)
        return profile

    def _own(self, pair: Pair, owner: int | None, profile: int) -> None:
        found = self.found
        if owner is None:
            found.owners[pair] = profile
        elif owner == NOBODY and profile != NOBODY:
            (found.owners if pair in found.owners else found.reowned)[pair] = profile

    def _begin(self, anchor: int, key: tuple[int, str]) -> int:
        self._first_seen[anchor] = key
        return anchor

    def _age(self, profile: int) -> tuple[tuple[int, str], int]:
        return self._first_seen.get(profile, (0, "")), profile

    def _owner(self, pair: Pair) -> int | None:
        found = self.found
        owner = found.owners.get(pair)
        if owner is None:
            owner = found.reowned.get(pair)
        if owner is None:
            owner = self._loaded.owners.get(pair)
        return None if owner is None else found.root(owner)


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
