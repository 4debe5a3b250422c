"""The whole graph laid out in arrays: who is held, what is connected, and which parts don't stand as they should.

The law is the same as everywhere (`canonical.py`). Where a connected part breaks no limit and nobody decided anything
about it, its profile is the union; only parts that are contested, or that stand otherwise in the stores, are handed out
to be resolved canonically and placed. So most of a graph costs no more than a union-find on integers.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from stammgast.identity.graph.evidence import Decision, latest_decisions, too_many
from stammgast.identity.graph.numbering import Numbers
from stammgast.identity.graph.rules import Identifier
from stammgast.identity.graph.whole import NONE, WholeGraph

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
DaysOf = Callable[[Iterable[int]], Iterable[tuple[int, int]]]


class Part(NamedTuple):
    """A connected part that has to be resolved. `label` names it for `Layout.label_of`.

    anchors: whose events are a profile's of this part. guests: others that hold one of its identifiers, which does not
    link there; they tell when it was first seen.
    """

    label: int
    anchors: list[int]
    guests: list[int]


class Stands(NamedTuple):
    """What the stores say now. Rows in any order.

    profiles: (anchor, profile) exceptions. owners: (number, namespace, value, profile) of every stored identifier.
    bearers: profile number -> the anchor that bears it, exceptions.
    """

    profiles: Iterable[tuple[int, int]]
    owners: Iterable[tuple[int, str, str, int]]
    bearers: Mapping[int, int] = MappingProxyType({})


class _Meetings(NamedTuple):
    """Pairs that stood on one anchor: places of identifiers and of the anchor. Arrays of one length."""

    one: Ints
    other: Ints
    holder: Ints


class Layout:
    """The graph under its rules beside how it stands. Arrays go by place: of an anchor, of an identifier."""

    def __init__(self, graph: WholeGraph, stands: Stands) -> None:
        """Copy the graph into arrays and read how it stands."""
        self.graph = graph
        self.anchors: Ints = np.array(graph.anchors, dtype=np.int64)
        starts: Ints = np.array(graph.starts, dtype=np.int64)
        self.members: Ints = np.array(graph.members, dtype=np.int64)
        self.holders: Ints = np.repeat(np.arange(len(self.anchors)), np.diff(starts))
        self._is_purposeful = np.array(graph.purposeful, dtype=np.bool_)
        self._namespace_of: Ints = np.array(graph.namespace_of, dtype=np.int64)
        rules = [graph.ranking.rule(name) for name in graph.namespaces]
        self._priority: Ints = np.array([one.priority for one in rules], dtype=np.int64)
        self._may_link = np.array([one.may_link for one in rules], dtype=np.bool_)
        # Strongest first, as `Ranking.rank` orders namespaces; values decide only among equals.
        order = sorted(range(len(rules)), key=lambda place: (rules[place].priority, rules[place].namespace))
        self._strength = np.empty(len(rules), dtype=np.int64)
        self._strength[order] = np.arange(len(rules))
        self.held: dict[int, int] = {}
        """Place of each held identifier -> the first day on which it met too many; 0 when a person holds it."""
        self.profiles = self.anchors.copy()
        self.numbers: Ints = np.full(len(self._namespace_of), NONE, dtype=np.int64)
        self.owners: Ints = np.full(len(self._namespace_of), NONE, dtype=np.int64)
        self.orphans: dict[int, int] = {}
        """Numbers of stored identifiers that no anchor holds under these rules -> whose they were."""
        self.numbered = Numbers(stands.bearers)
        self._read(stands)

    def _read(self, stands: Stands) -> None:
        flat: Ints = np.fromiter((each for row in stands.profiles for each in row), dtype=np.int64)
        self.profiles[self.places(flat[::2])] = flat[1::2]
        for number, namespace, value, profile in stands.owners:
            place = self.graph.index((namespace, value))
            if place is None:
                self.orphans[number] = profile
            else:
                self.numbers[place], self.owners[place] = number, profile

    def places(self, anchors: Ints) -> Ints:
        """Return the places of anchors that are in the graph."""
        found: Ints = np.searchsorted(self.anchors, anchors)
        return found

    def hold(self, days_of: DaysOf, said: Mapping[int, bool]) -> None:
        """Find who met more on one day than is allowed; what people said about one counts instead."""
        met = self._frequent(self._meetings())
        suspects = self._suspects(np.unique(met.one << 32 | met.other))
        if len(suspects):
            chosen = np.isin(met.one, suspects)
            self._count_days(_Meetings(*(one[chosen] for one in met)), days_of)
        for place, is_held in said.items():
            if is_held:
                self.held.setdefault(place, 0)
            else:
                self.held.pop(place, None)

    def _frequent(self, met: _Meetings) -> _Meetings:
        """Leave out who meets so rarely that it can't be too often: nearly everybody, so the rest costs nothing."""
        rules = self.graph.ranking
        least = min([rules.rules.held_above, *rules.most_met.values()])
        chosen = (np.bincount(met.one) > least)[met.one]
        return _Meetings(*(one[chosen] for one in met))

    def _suspects(self, met: Ints) -> Ints:
        """Return the places of those that met too many on all days together; `met` are distinct pairs of places."""
        one, other = met >> 32, met & 0xFFFFFFFF
        namespace = self._namespace_of[other]
        is_stronger = self._priority[namespace] < self._priority[self._namespace_of[one]]
        rules = self.graph.ranking
        watched = [(is_stronger, rules.rules.held_above)]
        watched += [
            (namespace == code, rules.most_met[name])
            for name, code in self.graph.namespaces.items()
            if name in rules.most_met
        ]
        found = [np.flatnonzero(np.bincount(one[some]) > most) for some, most in watched]
        return np.unique(np.concatenate(found))

    def _meetings(self) -> _Meetings:
        """Return all that met on anchors, each pair from both sides, but those of an alias."""
        namespace = self._namespace_of[self.members]
        able = self._may_link[namespace] & ~self._is_purposeful[self.holders]
        members, holder = self.members[able], self.holders[able]
        nothing = np.empty(0, dtype=np.int64)
        found = [_Meetings(nothing, nothing, nothing)]
        for distance in range(1, len(members)):
            beside = holder[:-distance] == holder[distance:]
            if not beside.any():
                break
            one, other, at = members[:-distance][beside], members[distance:][beside], holder[:-distance][beside]
            found += [_Meetings(one, other, at), _Meetings(other, one, at)]
        return _Meetings(*(np.concatenate(arrays) for arrays in zip(*found, strict=True)))

    def _count_days(self, met: _Meetings, days_of: DaysOf) -> None:
        days: dict[int, list[int]] = defaultdict(list)
        for anchor, day in days_of(self.anchors[np.unique(met.holder)].tolist()):
            days[anchor].append(day)
        others: dict[tuple[int, int], set[int]] = defaultdict(set)
        anchors = self.anchors[met.holder].tolist()
        for one, other, anchor in zip(met.one.tolist(), met.other.tolist(), anchors, strict=True):
            for day in days[anchor]:
                others[one, day].add(other)
        names = list(self.graph.namespaces)
        for (one, day), met_then in others.items():
            counts = Counter(names[self._namespace_of[other]] for other in met_then)
            if too_many(names[self._namespace_of[one]], counts, self.graph.ranking):
                self.held[one] = min(day, self.held.get(one, day))

    def connect(self, decided: Sequence[tuple[int, int]]) -> None:
        """Find the connected parts, whose anchors they are, which are contested and which stand otherwise."""
        namespace = self._namespace_of[self.members]
        is_held = np.zeros(len(self._namespace_of), dtype=np.bool_)
        is_held[list(self.held)] = True
        links = self._may_link[namespace] & ~is_held[self.members]
        self._leaders(namespace, links)
        rows = self._leader[self.holders][links]
        edges = np.array(decided, dtype=np.int64).reshape(-1, 2)
        one, other = np.concatenate([rows, edges[:, 0]]), np.concatenate([self.members[links], edges[:, 1]])
        count = len(self._namespace_of)
        matrix = coo_array((np.ones(len(one), dtype=np.int8), (one, other)), shape=(max(count, 1), max(count, 1)))
        self._count, labels = connected_components(matrix, directed=False)
        self.labels: Ints = labels.astype(np.int64)
        """The part of each identifier."""
        self.home: Ints = np.where(self._leader == NONE, NONE, self.labels[self._leader])
        """The part that each anchor's events belong to; -1 for nobody's."""
        self._judge(np.unique(edges))

    def _leaders(self, namespace: Ints, links: Bools) -> None:
        """Find the identifier that leads each anchor: its strongest that links, else its strongest; -1 without any."""
        self._leader: Ints = np.full(len(self.anchors), NONE, dtype=np.int64)
        self.undecided: list[int] = []
        """Anchors whose leader only the names can tell; see `lead`."""
        if not len(self.members):
            return
        strength = np.where(links, 0, len(self._strength)) + self._strength[namespace]
        order = np.lexsort((strength, self.holders))
        first = np.ones(len(order), dtype=np.bool_)
        first[1:] = self.holders[order][1:] != self.holders[order][:-1]
        best = order[first]
        self._leader[self.holders[best]] = self.members[best]
        # Among several of one namespace that don't link the value decides; of those that link, any names the part.
        strongest = np.zeros(len(self.anchors), dtype=np.int64)
        strongest[self.holders[best]] = strength[best]
        equal = (strength == strongest[self.holders]) & ~links
        self.undecided = self.anchors[np.bincount(self.holders[equal], minlength=len(self.anchors)) > 1].tolist()

    def label_of(self, identifier: Identifier) -> int | None:
        """Return the part of an identifier, None when it is not in the graph."""
        place = self.graph.index(identifier)
        return None if place is None else int(self.labels[place])

    def anchors_holding(self, places: Iterable[int]) -> list[int]:
        """Return one anchor for each of these identifiers that any anchor holds."""
        wanted = np.flatnonzero(np.isin(self.members, np.fromiter(places, dtype=np.int64)))
        _, first = np.unique(self.members[wanted], return_index=True)
        anchors: Ints = np.unique(self.anchors[self.holders[wanted[first]]])
        return [int(one) for one in anchors]

    def lead(self, anchor: int, leader: Identifier) -> None:
        """Say who leads an undecided anchor."""
        place = int(self.places(np.array([anchor]))[0])
        self._leader[place] = self.graph.make_index(leader)
        self.home[place] = self.labels[self._leader[place]]

    def _judge(self, decided: Ints) -> None:
        """Find the parts that a decision concerns, or that are beyond a limit or the cap."""
        ranking = self.graph.ranking
        self.is_contested = np.zeros(self._count, dtype=np.bool_)
        self.is_contested[self.labels[decided]] = True
        present = np.unique(self.members)
        sizes = np.bincount(self.labels[present], minlength=self._count)
        self.is_contested |= sizes > ranking.rules.profile_cap
        for name, code in self.graph.namespaces.items():
            limit = ranking.rule(name).limit
            if limit is not None:
                counts = np.bincount(self.labels[present[self._namespace_of[present] == code]], minlength=self._count)
                self.is_contested |= counts > limit

    def compare(self) -> None:
        """Find which parts stand otherwise in the stores; after every undecided anchor has its leader."""
        self.is_other: Bools = self.is_contested.copy()
        """Parts that have to be resolved: contested, or not standing in the stores as they should."""
        at_home = self.home != NONE
        home, profiles = self.home[at_home], self.profiles[at_home]
        least = np.full(self._count, np.iinfo(np.int64).max, dtype=np.int64)
        most = np.full(self._count, NONE, dtype=np.int64)
        np.minimum.at(least, home, profiles)
        np.maximum.at(most, home, profiles)
        has_anchors = most != NONE
        number = np.where(has_anchors, most, 0)
        if len(self.anchors):
            bearer = self._bearers(number)
            own = self.places(bearer).clip(max=len(self.anchors) - 1)
            is_own = (self.anchors[own] == bearer) & (self.home[own] == np.arange(self._count))
            self.is_other |= has_anchors & ((least != most) | ~is_own)
        present = np.unique(self.members)
        strays = present[self.owners[present] != number[self.labels[present]]]
        self.is_other[self.labels[strays]] = True

    def _bearers(self, numbers: Ints) -> Ints:
        """Return the anchor that bears each number."""
        found = numbers.copy()
        given = self.numbered.bearers
        if given:
            known: Ints = np.array(sorted(given), dtype=np.int64)
            at = np.searchsorted(known, numbers).clip(max=len(known) - 1)
            is_given = known[at] == numbers
            found[is_given] = np.array([given[one] for one in sorted(given)], dtype=np.int64)[at[is_given]]
        return found

    def parts(self) -> Iterator[Part]:
        """Yield the parts to be resolved."""
        chosen = self.is_other[self.labels[self.members]]
        pairs = np.unique(self.labels[self.members][chosen] << 32 | self.holders[chosen])
        label, holder = pairs >> 32, pairs & 0xFFFFFFFF
        anchors, is_home = self.anchors[holder], self.home[holder] == label
        edges = (np.flatnonzero(np.diff(label)) + 1).tolist()
        for start, end in zip([0, *edges], [*edges, len(label)], strict=True):
            if end > start:
                at_home, some = is_home[start:end], anchors[start:end]
                one = int(label[start])
                guests = some[~at_home]
                # Where nothing is contested one guest is enough: it brings the name of what nobody owns.
                yield Part(one, some[at_home].tolist(), guests[: None if self.is_contested[one] else 1].tolist())

    def count_parts(self) -> int:
        """Return how many parts have to be resolved."""
        return int(self.is_other.sum())

    def nobodys(self) -> Ints:
        """Return the anchors without any identifier that counts."""
        found: Ints = self.anchors[self.home == NONE]
        return found


def lay_out(graph: WholeGraph, stands: Stands, decisions: Sequence[Decision], days_of: DaysOf) -> Layout:
    """Return the graph as arrays, with who is held and what is connected. `days_of` gives (anchor, day) rows."""
    make = graph.make_index
    decided = [(make(one.one), make(one.other)) for one in decisions if one.one != one.other]
    about = latest_decisions(one for one in decisions if one.one == one.other)
    said = {make(one.one): one.kind == "hold" for one in about}
    layout = Layout(graph, stands)
    layout.hold(days_of, said)
    layout.connect(decided)
    return layout
