"""Resolving a batch's events to anchors and profiles, with everything loaded that this needs and no more."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from sqlalchemy import Connection

from stammgast.events.contracts import Taken
from stammgast.identity.graph.evidence import Decision, normal_decision
from stammgast.identity.graph.placing import NOBODY
from stammgast.identity.graph.rules import Ranking
from stammgast.identity.resolution import Loaded, Pair, RawSet, Resolution, Sighting, intern, linkable, needed_pairs
from stammgast.identity.store import graph
from stammgast.kernel.clock import MILLIS_PER_DAY
from stammgast.pipeline.contests import Contests, Overlay
from stammgast.pipeline.graph_view import GraphView
from stammgast.pipeline.memory import DAYS_KEPT, KnownAnchor, Memory
from stammgast.pipeline.uniting import Uniting
from stammgast.profiles.api.worker import states, unpack_state


class Resolver:
    """Resolves the rounds of one batch, each on top of the one before. `found` is all of it together."""

    def __init__(
        self,
        connection: Connection,
        memory: Memory,
        contests: Contests,
        ranking: Ranking,
        normalise: Callable[[str, str], Pair | None],
        next_anchor: int,
    ) -> None:
        """Begin with the number that the next new anchor gets."""
        self._connection = connection
        self._memory = memory
        self._contests = contests
        self._ranking = ranking
        self._normalise = normalise
        self._overlay = Overlay()
        contests.read(connection, ranking)
        self.found = Resolution(next_anchor=next_anchor, numbers=contests.numbers)

    def decide(self, decisions: Sequence[tuple[Decision, str]]) -> None:
        """Let what people decided take effect; with the names of who did."""
        if not decisions:
            return
        found = Resolution(next_anchor=self.found.next_anchor, decisions=list(decisions))
        normal = [one for given, _ in decisions if (one := normal_decision(given, self._normalise)) is not None]
        found.normal_decisions = {one.id: one for one in normal}
        uniting = self._uniting(found)
        uniting.decide(normal)
        self._memory.place(uniting.placed_sets)
        self.found.add(found)

    def resolve(self, fresh: Sequence[Taken]) -> list[KnownAnchor | None]:
        """Return the anchor of each event with its state loaded; None for nobody's."""
        remembered = self._memory.get
        anchors: list[KnownAnchor | None] = []
        unsure: list[int] = []
        for place, taken in enumerate(fresh):
            event = taken.event
            one = remembered(event.identifiers) if event.identifiers else None
            anchors.append(one)
            if one is None:
                if event.identifiers:
                    unsure.append(place)
                continue
            # For most events this is all: a known anchor, and no smaller evidence for a day already looked at.
            smallest = one.days.get(event.time // MILLIS_PER_DAY)
            if smallest is None or (event.time, event.message_id) < smallest:
                unsure.append(place)
        if unsure:
            found = self._resolve([fresh[place] for place in unsure])
            for place, one in zip(unsure, found, strict=True):
                anchors[place] = one
        self._load_states({one.anchor: one for one in anchors if one is not None and one.state is None})
        return anchors

    def by_number(self, anchors: Collection[int]) -> dict[int, KnownAnchor]:
        """Return anchors by their numbers, with their states; what does not exist is left out."""
        sets = graph.read_anchor_sets(self._connection, anchors)
        sets.update((one.anchor, one.raw) for one in self.found.new if one.anchor in anchors)
        known = self._known(set(sets.values()))
        found = {anchor: known[raw] for anchor, raw in sets.items()}
        self._load_states({one.anchor: one for one in found.values() if one.state is None})
        return found

    def _resolve(self, unsure: Sequence[Taken]) -> list[KnownAnchor]:
        sightings = [
            Sighting(one.event.identifiers, one.event.time, one.event.message_id, one.event.source) for one in unsure
        ]
        known = self._known({one.identifiers for one in sightings})
        evidence = self._evidence(sightings, known)
        loaded = Loaded(known, {}, evidence, self.found.next_anchor)
        found = intern(sightings, loaded, self._normalise)
        uniting = self._uniting(found)
        loaded.owners = uniting.view.owners(set(needed_pairs(sightings, known, self._normalise)))
        uniting.take(loaded, self._links_of_known(found, known))
        self._remember(found, known)
        self._memory.place(uniting.placed_sets)
        self.found.add(found)
        return [known[one.identifiers] for one in sightings]

    def _uniting(self, found: Resolution) -> Uniting:
        view = GraphView(self._connection, self._contests, self._normalise, self.found, self._overlay)
        return Uniting(view, self._contests, self._overlay, self._ranking, self.found, found)

    def _links_of_known(
        self, found: Resolution, known: Mapping[RawSet, KnownAnchor]
    ) -> dict[int, tuple[int, tuple[Pair, ...]]]:
        """Return (profile, identifiers) of the known anchors that have new evidence."""
        with_news = {anchor for anchor, _ in found.evidence}
        return {
            one.anchor: (self._memory.profile(one.profile), linkable(raw, self._normalise))
            for raw, one in known.items()
            if one.anchor in with_news
        }

    def _known(self, wanted: set[RawSet]) -> dict[RawSet, KnownAnchor]:
        memory = self._memory
        known = {}
        missing = []
        for raw in wanted:
            one = memory.get(raw)
            if one is None:
                missing.append(raw)
            else:
                known[raw] = one
        for raw, (anchor, profile) in graph.load_anchors(self._connection, missing).items():
            known[raw] = KnownAnchor(anchor, self.found.current(anchor, profile))
            memory.put(raw, known[raw])
        return known

    def _evidence(
        self, sightings: Sequence[Sighting], known: Mapping[RawSet, KnownAnchor]
    ) -> dict[tuple[int, int], tuple[int, str]]:
        evidence = {}
        unknown: set[tuple[int, int]] = set()
        for one in sightings:
            anchor = known.get(one.identifiers)
            if anchor is None:
                continue
            day = one.time // MILLIS_PER_DAY
            key = anchor.days.get(day)
            if key is None:
                unknown.add((anchor.anchor, day))
            else:
                evidence[anchor.anchor, day] = key
        if unknown:
            days = [day for _, day in unknown]
            stored = graph.load_evidence(self._connection, {anchor for anchor, _ in unknown}, min(days), max(days))
            evidence.update((place, key) for place, key in stored.items() if place in unknown)
            # What earlier rounds of this batch have noted is newer than what is stored.
            evidence.update((place, self.found.evidence[place][:2]) for place in unknown & self.found.evidence.keys())
        return evidence

    def _remember(self, found: Resolution, known: dict[RawSet, KnownAnchor]) -> None:
        memory = self._memory
        memory.move(found.moved)
        for one in found.new:
            known[one.raw] = fresh = KnownAnchor(one.anchor, found.profiles.get(one.anchor, NOBODY))
            fresh.state = {}
            memory.put(one.raw, fresh)
        if not found.evidence:
            return
        by_number = {one.anchor: one for one in known.values()}
        for (anchor, day), key in found.evidence.items():
            days = by_number[anchor].days
            if len(days) >= DAYS_KEPT and day not in days:
                days.clear()
            days[day] = key[:2]

    def _load_states(self, missing: Mapping[int, KnownAnchor]) -> None:
        for anchor, encoded in states.load_states(self._connection, missing):
            missing[anchor].state = unpack_state(encoded)
        for one in missing.values():
            if one.state is None:
                one.state = {}
