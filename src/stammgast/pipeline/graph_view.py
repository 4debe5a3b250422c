"""The graph as a batch sees it: what is stored, and on top of it what the batch itself has brought so far."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from sqlalchemy import Connection

from stammgast.identity.graph.evidence import Decision, Evidence
from stammgast.identity.graph.numbering import is_fresh
from stammgast.identity.graph.placing import NOBODY
from stammgast.identity.graph.standing import Standing
from stammgast.identity.resolution import Pair, RawSet, Resolution, linkable
from stammgast.identity.store import contests as stored
from stammgast.identity.store import graph, numbers
from stammgast.pipeline.contests import Contests, Overlay

_YOUNGEST = (2**62, "")


class GraphView:
    """Shaped as `closure.View`, with profiles as numbers. `earlier`: what earlier rounds of the batch came to."""

    def __init__(
        self,
        connection: Connection,
        contests: Contests,
        normalise: Callable[[str, str], Pair | None],
        earlier: Resolution,
        overlay: Overlay,
    ) -> None:
        """Nothing is loaded yet."""
        self._connection = connection
        self._contests = contests
        self._normalise = normalise
        self._earlier = earlier
        self._overlay = overlay
        self.standings: dict[int, Standing] = {}
        """Every anchor that was asked for through `sets_of`."""
        self.raws: dict[int, RawSet] = {}
        self.stored_profiles: dict[int, int] = {}
        """Profiles of those anchors as the stores know them; new ones are not in it."""
        self._owners: dict[Pair, int | None] = {}

    def owners(self, identifiers: Collection[Pair]) -> Mapping[Pair, int]:
        """Return the profiles of identifiers as earlier rounds left them; 0 for what was only ever left out."""
        missing = [one for one in identifiers if one not in self._owners]
        if missing:
            self._owners.update(dict.fromkeys(missing))
            self._owners.update(graph.load_owners(self._connection, missing))
        earlier = self._earlier
        found = {}
        for one in identifiers:
            owner = earlier.owners.get(one)
            if owner is None:
                owner = earlier.reowned.get(one)
            if owner is None and (stored_owner := self._owners[one]) is not None:
                owner = earlier.root(stored_owner)
            if owner is not None:
                found[one] = owner
        return found

    def stored_owner(self, identifier: Pair) -> int | None:
        """Return the owner that the stores know, None for an identifier that is not stored."""
        if identifier not in self._owners:
            self.owners([identifier])
        return self._owners[identifier]

    def members(self, profiles: Collection[int]) -> Mapping[int, Collection[Pair]]:
        """Return the identifiers of profiles."""
        found: dict[int, set[Pair]] = {profile: set() for profile in profiles}
        if not found:
            return found
        earlier = self._earlier
        for pair, owner in stored.members_of(self._connection, self._stored_numbers(found)):
            owner_now = earlier.reowned.get(pair, earlier.root(owner))
            if owner_now in found:
                found[owner_now].add(pair)
        for changed in (earlier.owners, earlier.reowned):
            for pair, owner in changed.items():
                if owner in found:
                    found[owner].add(pair)
        return found

    def first_seen(self, profiles: Collection[int]) -> dict[int, tuple[int, str]]:
        """Return the smallest key of any anchor of each profile; numbers given at a split are younger than all."""
        earlier = self._earlier
        of = {
            anchor: earlier.current(anchor, number)
            for number, anchors in graph.anchors_of(self._connection, self._stored_numbers(profiles)).items()
            for anchor in anchors
        }
        keys = stored.first_keys(self._connection, of)
        of.update(earlier.placed)
        of.update(earlier.profiles)
        found: dict[int, tuple[int, str]] = {}
        for anchor, profile in of.items():
            for key in (keys.get(anchor), self._overlay.keys.get(anchor)):
                if profile in profiles and key is not None:
                    found[profile] = min(found.get(profile, key), key)
        return {profile: _YOUNGEST if is_fresh(profile) else key for profile, key in found.items()}

    def is_contested(self, profile: int) -> bool:
        """Say whether a refusal or a decision concerns this profile, or it is nobody's."""
        return profile == NOBODY or profile in self._contests.contested

    def is_decided(self, identifier: Pair) -> bool:
        """Say whether any decision names this identifier."""
        return self._contests.is_decided(identifier)

    def held(self) -> Collection[Pair]:
        """Return the identifiers that link nowhere."""
        return self._contests.held

    def is_released(self, identifier: Pair) -> bool:
        """Say whether a person released this identifier."""
        return self._contests.is_released(identifier)

    def decisions_of(self, identifiers: Collection[Pair]) -> Iterable[Decision]:
        """Return every decision that names any of these."""
        return self._contests.decisions_of(identifiers)

    def sets_of(self, identifiers: Collection[Pair]) -> Iterable[Evidence]:
        """Return every set that holds any of these, with its smallest key."""
        stored_anchors = stored.anchors_holding(self._connection, identifiers)
        anchors = {*stored_anchors, *self._overlay.holding(identifiers)} - self.standings.keys()
        self._load(anchors)
        smallest: dict[tuple[Pair, ...], tuple[int, str]] = {}
        # Sets that differ only in how they were written are one; all of them hold the same identifiers.
        for anchor in anchors:
            one = self.standings[anchor]
            smallest[one.identifiers] = min(smallest.get(one.identifiers, one.key), one.key)
        return [Evidence(*key, links) for links, key in smallest.items()]

    def formed_by(self, profiles: Collection[int]) -> tuple[int, str] | None:
        """Return a key beyond all that formed these profiles and that was refused them; None: can't be told."""
        earlier = self._earlier
        if NOBODY in profiles or earlier.new or earlier.placed or earlier.decisions:
            return None
        anchors = [anchor for many in graph.anchors_of(self._connection, profiles).values() for anchor in many]
        last = max(stored.first_keys(self._connection, anchors).values(), default=(-(2**62), ""))
        members = {each for many in self.members(profiles).values() for each in many}
        refused = stored.last_refusal(self._connection, members)
        return last if refused is None else max(last, (refused, "\U0010ffff"))

    def met(self, identifier: Pair, day: int) -> Iterator[tuple[Pair, ...]]:
        """Yield the sets of one day's evidence that hold an identifier."""
        yield from self._overlay.on_day(identifier, day)
        for raw in stored.anchors_on_day(self._connection, identifier, day):
            yield linkable(raw, self._normalise)

    def former_numbers(self) -> set[int]:
        """Return those of the anchors asked for whose own number named a profile before."""
        return numbers.former_numbers(self._connection, self.standings)

    def is_first(self, anchor: int, key: tuple[int, str]) -> bool:
        """Say whether a key is smaller than all that are stored of an anchor."""
        before = stored.first_keys(self._connection, [anchor]).get(anchor)
        return before is None or key < before

    def _load(self, anchors: Iterable[int]) -> None:
        earlier, overlay = self._earlier, self._overlay
        fresh = {anchor for anchor in anchors if anchor in overlay.raws}
        for one in stored.load_sets(self._connection, [anchor for anchor in anchors if anchor not in fresh]):
            key = (one.time, one.message_id)
            key = min(key, overlay.keys.get(one.anchor, key))
            links = linkable(one.raw, self._normalise)
            self.standings[one.anchor] = Standing(one.anchor, links, key, earlier.current(one.anchor, one.profile))
            self.raws[one.anchor] = one.raw
            self.stored_profiles[one.anchor] = one.profile
        for anchor in fresh:
            profile = earlier.profiles.get(anchor)
            self.standings[anchor] = Standing(anchor, overlay.links[anchor], overlay.keys[anchor], profile)
            self.raws[anchor] = overlay.raws[anchor]

    def _stored_numbers(self, profiles: Collection[int]) -> set[int]:
        """Return the numbers under which the stores know profiles: also those that earlier rounds moved into them."""
        return {*profiles, *(old for old, new in self._earlier.moved.items() if new in profiles)}
