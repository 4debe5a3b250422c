"""What the worker keeps in memory of the graph: who is contested, held or decided about, and who bears which number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from stammgast.identity.graph.evidence import Decision, latest_decisions
from stammgast.identity.graph.numbering import Numbers
from stammgast.identity.graph.rules import Ranking
from stammgast.identity.resolution import Pair
from stammgast.identity.store import contests
from stammgast.identity.store.numbers import load_numbers


class Contests:
    """Small beside the graph: most profiles are in none of it. Read when first asked for, and after `forget`."""

    def __init__(self) -> None:
        """Nothing is read yet."""
        self.contested: set[int] = set()
        """Profiles that a refusal or a decision concerns."""
        self.held: set[Pair] = set()
        self.numbers = Numbers()
        """Who bears which number of a profile."""
        self._released: set[Pair] = set()
        self._decisions: dict[Pair, list[Decision]] = defaultdict(list)
        self._is_read = False

    def read(self, connection: Connection, ranking: Ranking) -> None:
        """Read what is stored, unless that was done."""
        if self._is_read:
            return
        self.contested = contests.contested_profiles(connection, ranking.limits)
        self.held = {(one.namespace, one.value) for one in contests.load_held(connection)}
        self.numbers = load_numbers(connection)
        self._note(contests.load_decisions(connection))
        self._is_read = True

    def forget(self) -> None:
        """Read again when next asked: a batch was not committed."""
        self.contested, self.held, self._released = set(), set(), set()
        self.numbers = Numbers()
        self._decisions = defaultdict(list)
        self._is_read = False

    def decisions_of(self, identifiers: Iterable[Pair]) -> Iterable[Decision]:
        """Yield every decision that names any of these, some of them twice."""
        for one in identifiers:
            yield from self._decisions.get(one, ())

    def is_decided(self, identifier: Pair) -> bool:
        """Say whether any decision names this identifier."""
        return identifier in self._decisions

    def is_released(self, identifier: Pair) -> bool:
        """Say whether a person released this identifier, and nobody held it again."""
        return identifier in self._released

    def decide(self, decisions: Iterable[Decision]) -> set[Pair]:
        """Take in new decisions; return the identifiers they name. Holding and releasing takes effect here."""
        named = self._note(decisions)
        for one in named:
            about = [each for each in self._decisions[one] if each.one == each.other]
            if about and latest_decisions(about)[-1].kind == "hold":
                self.held.add(one)
            elif about:
                self.held.discard(one)
        return named

    def _note(self, decisions: Iterable[Decision]) -> set[Pair]:
        named = set()
        for one in decisions:
            for each in {one.one, one.other}:
                if one not in self._decisions[each]:
                    self._decisions[each].append(one)
                named.add(each)
        for each in named:
            about = [one for one in self._decisions[each] if one.one == one.other]
            is_released = bool(about) and latest_decisions(about)[-1].kind == "release"
            (self._released.add if is_released else self._released.discard)(each)
        return named


class Overlay:
    """What the present batch itself brought to the sets: the stores do not know it yet."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.links: dict[int, tuple[Pair, ...]] = {}
        """Of every anchor with evidence in this batch."""
        self.keys: dict[int, tuple[int, str]] = {}
        """The smallest key of each, of this batch's evidence."""
        self.raws: dict[int, tuple[Pair, ...]] = {}
        """Raw sets of the anchors that are new."""
        self._days: dict[int, set[int]] = defaultdict(set)
        self._holding: dict[Pair, set[int]] = defaultdict(set)

    def note(
        self, links: Mapping[int, tuple[Pair, ...]], evidence: Mapping[tuple[int, int], tuple[int, str, int]]
    ) -> None:
        """Add a round's evidence, with the normalised identifiers of its anchors."""
        for (anchor, day), (time, message_id, _) in evidence.items():
            self.links[anchor] = links[anchor]
            self.keys[anchor] = min(self.keys.get(anchor, (time, message_id)), (time, message_id))
            self._days[day].add(anchor)
            for each in links[anchor]:
                self._holding[each].add(anchor)

    def holding(self, identifiers: Iterable[Pair]) -> set[int]:
        """Return the anchors that hold any of these."""
        return {anchor for each in identifiers for anchor in self._holding.get(each, ())}

    def on_day(self, identifier: Pair, day: int) -> Iterable[tuple[Pair, ...]]:
        """Yield the sets with evidence on a day that hold an identifier."""
        for anchor in self._days.get(day, set()) & self._holding.get(identifier, set()):
            yield self.links[anchor]
