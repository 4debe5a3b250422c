"""What a change of rules does to the whole graph: parts resolved anew, and everything that has to be written for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from stammgast.identity.graph.canonical import Refusal, resolve_canonically
from stammgast.identity.graph.closure import Closure
from stammgast.identity.graph.evidence import Decision, Evidence, latest_decisions
from stammgast.identity.graph.layout import Ints, Layout, Part
from stammgast.identity.graph.placing import NOBODY, OTHER_RULES, Placement, Turn, place
from stammgast.identity.graph.rules import Identifier, Ranking
from stammgast.identity.graph.standing import Standing
from stammgast.identity.graph.whole import RawSet, WholeGraph

EXAMPLES_MAX = 20
ANCHORS_AT_ONCE = 4_000
"""How many sets are in memory with their names at a time; a part that is larger is taken whole."""


class KnownSet(Protocol):
    """An anchor as the stores know it, with its smallest key."""

    @property
    def anchor(self) -> int:
        """Its number."""
        ...

    @property
    def raw(self) -> RawSet:
        """Its raw identifiers."""
        ...

    @property
    def profile(self) -> int:
        """Whose it is."""
        ...

    @property
    def time(self) -> int:
        """Of its smallest key."""
        ...

    @property
    def message_id(self) -> str:
        """Of its smallest key."""
        ...


Load = Callable[[Iterable[int]], Iterable[KnownSet]]
Told = Callable[[int, int], object]
"""(done, total): how far it is."""


@dataclass
class Resettled:
    """The graph as it has to stand. profiles: of each anchor by place; owners: of each identifier by place."""

    layout: Layout
    profiles: Ints
    owners: Ints
    fresh: dict[Identifier, int] = field(default_factory=dict)
    """Identifiers that are not stored yet -> their profile."""
    held: dict[Identifier, int] = field(default_factory=dict)
    """Who links nowhere, with the day; 0 when a person holds it."""
    refusals: list[tuple[int, Refusal]] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    members: dict[int, tuple[Identifier, ...]] = field(default_factory=dict)
    """Identifiers of some profiles that parted from others: examples."""

    def placed(self) -> list[tuple[int, int]]:
        """Return (anchor, profile) of every anchor that is another's than before."""
        changed = self.profiles != self.layout.profiles
        return list(zip(self.layout.anchors[changed].tolist(), self.profiles[changed].tolist(), strict=True))

    def reowned(self) -> list[tuple[int, int]]:
        """Return (number, profile) of every stored identifier that is another's than before."""
        changed = (self.owners != self.layout.owners) & (self.layout.numbers > 0)
        return list(zip(self.layout.numbers[changed].tolist(), self.owners[changed].tolist(), strict=True))

    def gone(self) -> dict[int, int]:
        """Return the numbers of profiles that are no more -> where they lead; 0 when all they had counts no longer."""
        return {old: new for old, new in self._own(self.layout.profiles) if new != old}

    def led(self) -> dict[int, int]:
        """Return the numbers that anchors bear which are another's than before -> the profile they lead to."""
        return self.layout.numbered.led_by(dict(self.placed()))

    def arisen(self) -> set[int]:
        """Return the numbers of profiles that were none before."""
        before = set(self.layout.profiles.tolist())
        return set(self.profiles.tolist()) - before - {NOBODY}

    def touched(self) -> set[int]:
        """Return the numbers of all profiles that have won or lost an anchor or an identifier."""
        layout = self.layout
        moved, owned = self.profiles != layout.profiles, self.owners != layout.owners
        arrays = (self.profiles[moved], layout.profiles[moved], self.owners[owned], layout.owners[owned])
        numbers = {number for one in arrays for number in one.tolist() if number > NOBODY}
        return numbers | (set(layout.orphans.values()) - {NOBODY})

    def _own(self, numbers: Ints) -> Iterator[tuple[int, int]]:
        alive = sorted(set(numbers.tolist()) - {NOBODY})
        if alive:
            import numpy as np

            bearers = np.array([self.layout.numbered.bearer(one) for one in alive])
            yield from zip(alive, self.profiles[self.layout.places(bearers)].tolist(), strict=True)


def resettle(
    layout: Layout, load: Load, decisions: Sequence[Decision], held_before: Collection[Identifier], told: Told
) -> Resettled:
    """Return how the graph has to stand; `load` gives sets by their anchors. Loads only what has to be resolved."""
    graph = layout.graph
    for one in load(layout.undecided):
        layout.lead(one.anchor, min(graph.links(one.raw), key=graph.ranking.rank))
    layout.compare()
    found = Resettled(layout, layout.profiles.copy(), layout.owners.copy())
    found.profiles[layout.places(layout.nobodys())] = NOBODY
    said = latest_decisions(one for one in decisions if one.one == one.other)
    # What a person holds need not have been seen yet.
    found.held = {one.one: 0 for one in said if one.kind == "hold"} | dict(_names(layout, load))
    settler = _Settler(layout, decisions, set(found.held), set(found.held).difference(held_before))
    total, done = layout.count_parts(), 0
    told(0, total)
    for parts in _together(layout.parts()):
        sets = {one.anchor: one for one in load({anchor for part in parts for anchor in (*part.anchors, *part.guests)})}
        for part in parts:
            _take_over(found, settler.settle(part, sets))
        done += len(parts)
        told(done, total)
    return found


def _names(layout: Layout, load: Load) -> Iterator[tuple[Identifier, int]]:
    """Yield the names of held identifiers with their days."""
    anchors = layout.anchors_holding(layout.held)
    for one in load(anchors):
        for each in layout.graph.links(one.raw):
            place = layout.graph.index(each)
            if place in layout.held:
                yield each, layout.held[place]


def _together(parts: Iterable[Part]) -> Iterator[list[Part]]:
    some: list[Part] = []
    count = 0
    for one in parts:
        some.append(one)
        count += len(one.anchors) + len(one.guests)
        if count >= ANCHORS_AT_ONCE:
            yield some
            some, count = [], 0
    if some:
        yield some


class _Settler:
    """Resolves parts canonically, and numbers what comes of them."""

    def __init__(
        self, layout: Layout, decisions: Sequence[Decision], held: set[Identifier], newly_held: set[Identifier]
    ) -> None:
        self._layout = layout
        self._graph: WholeGraph = layout.graph
        self._ranking: Ranking = layout.graph.ranking
        self._held = held
        self._newly_held = newly_held
        self._decisions: dict[int, list[Decision]] = defaultdict(list)
        for one in decisions:
            for label in {layout.label_of(one.one), layout.label_of(one.other)} - {None}:
                assert label is not None
                self._decisions[label].append(one)

    def settle(self, part: Part, sets: Mapping[int, KnownSet]) -> Placement:
        """Return whose everything in a part is."""
        closure = Closure(decisions=self._decisions.get(part.label, []))
        label_of = self._layout.label_of
        standings = []
        smallest: dict[tuple[Identifier, ...], tuple[int, str]] = {}
        for anchor in part.anchors:
            one = sets[anchor]
            links = self._graph.links(one.raw)
            key = (one.time, one.message_id)
            standings.append(Standing(anchor, links, key, one.profile))
            smallest[links] = min(smallest.get(links, key), key)
            closure.complete.update(each for each in links if label_of(each) == part.label)
        for anchor in part.guests:
            one = sets[anchor]
            links = tuple(each for each in self._graph.links(one.raw) if label_of(each) == part.label)
            closure.complete.update(links)
            key = (one.time, one.message_id)
            smallest[links] = min(smallest.get(links, key), key)
        closure.evidence = [Evidence(*key, links) for links, key in smallest.items()]
        resolved = resolve_canonically(closure.evidence, self._ranking, closure.decisions, self._held)
        newly_held = self._newly_held & closure.complete if self._newly_held else self._newly_held
        return place(
            standings,
            closure,
            resolved,
            self._ranking,
            self._held,
            self._layout.numbered,
            newly_held,
            cause=OTHER_RULES,
        )


def _take_over(found: Resettled, placement: Placement) -> None:
    import numpy as np

    layout = found.layout
    anchors = np.array(list(placement.anchors), dtype=np.int64)
    found.profiles[layout.places(anchors)] = list(placement.anchors.values())
    for pair, owner in placement.owners.items():
        index = layout.graph.index(pair)
        assert index is not None
        found.owners[index] = owner
        if layout.numbers[index] < 0:
            found.fresh[pair] = owner
    found.refusals += placement.refusals
    found.turns += placement.turns
    for one in placement.turns:
        if one.kind == "split" and len(found.members) < EXAMPLES_MAX:
            found.members[one.merged] = tuple(pair for pair, owner in placement.owners.items() if owner == one.merged)
