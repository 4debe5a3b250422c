"""What a round's evidence and decisions do to the profiles: plain unions mostly, closures resolved anew where needed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from stammgast.identity.graph.closure import Advance, Appended, Closure, News, advance
from stammgast.identity.graph.evidence import Decision, Evidence, linking
from stammgast.identity.graph.numbering import Numbers
from stammgast.identity.graph.placing import EVENTS, NOBODY, Cause, Placement, place
from stammgast.identity.graph.rules import Ranking
from stammgast.identity.graph.standing import Standing
from stammgast.identity.resolution import Held, Loaded, Pair, RawSet, Resolution, unite
from stammgast.pipeline.contests import Contests, Overlay
from stammgast.pipeline.graph_view import GraphView

Links = tuple[Pair, ...]
_BEFORE = (-(2**63), "")


class Uniting:
    """One round. `found` is filled; `earlier` is what the rounds before came to, on top of the stores."""

    def __init__(
        self,
        view: GraphView,
        contests: Contests,
        overlay: Overlay,
        ranking: Ranking,
        earlier: Resolution,
        found: Resolution,
    ) -> None:
        """Nothing is decided yet."""
        self.view = view
        self.placed_sets: dict[RawSet, int] = {}
        """Raw sets of a closure -> their profile: for the worker's memory."""
        self._contests = contests
        self._overlay = overlay
        self._ranking = ranking
        self._earlier = earlier
        self._found = found

    def take(self, loaded: Loaded, known: Mapping[int, tuple[int, Links]]) -> None:
        """Give every new anchor its profile. `known`: (profile, identifiers) of other anchors with new evidence."""
        found = self._found
        new_links = {one.anchor: one.links for one in found.new}
        self._overlay.raws.update((one.anchor, one.raw) for one in found.new)
        self._overlay.note({**{anchor: links for anchor, (_, links) in known.items()}, **new_links}, found.evidence)
        news = [*self._news_of_new(new_links, loaded.owners), *self._news_of_known(known)]
        apart: Collection[int] = ()
        if news:
            result = advance(news, self.view, self._ranking)
            apart = self._settle(result)
            meeting = {profile for cluster in result.plain if len(cluster.profiles) > 1 for profile in cluster.profiles}
            if meeting:
                loaded.first_seen = self.view.first_seen(meeting)
        unite(found, loaded, self._able, apart, self._strongest)

    def decide(self, decisions: Iterable[Decision]) -> None:
        """Let people's decisions take effect."""
        before = set(self._contests.held)
        named = self._contests.decide(decisions)
        held = self._contests.held
        self._found.held += [Held(one, 0) for one in sorted(held & named - before)]
        self._found.released |= before & named - held
        result = advance([], self.view, self._ranking, named)
        self._settle(result, Cause(former=self.view.former_numbers()))

    def _able(self, links: Links) -> Sequence[Pair]:
        return linking(links, self._ranking, self._contests.held)

    def _strongest(self, links: Links) -> Pair:
        return min(links, key=self._ranking.rank)

    def _news_of_new(self, new_links: Mapping[int, Links], owners: Mapping[Pair, int]) -> Iterable[News]:
        """Yield the evidence of new anchors, apart from those with one identifier that nothing can keep out."""
        for (anchor, _), (time, message_id, _) in self._found.evidence.items():
            links = new_links.get(anchor)
            if not links:
                continue
            if len(links) == 1:
                owner = owners.get(links[0])
                is_plain = owner is None or not (self.view.is_contested(owner) or self._ranking.has_periods)
                if is_plain and not self.view.is_decided(links[0]):
                    continue
            yield News(Evidence(time, message_id, links), is_new_set=True)

    def _news_of_known(self, known: Mapping[int, tuple[int, Links]]) -> Iterable[News]:
        """Yield further evidence of known anchors where it may change anything: who is held, or who came first."""
        for (anchor, _), (time, message_id, _) in self._found.evidence.items():
            if anchor not in known:
                continue
            profile, links = known[anchor]
            is_shaky = bool(links) and (self._ranking.has_periods or self.view.is_contested(profile))
            if is_shaky or len(links) > 1:
                is_first = is_shaky and self.view.is_first(anchor, (time, message_id))
                yield News(Evidence(time, message_id, links), is_new_set=False, may_be_first=is_first)

    def _settle(self, result: Advance[int], cause: Cause = EVENTS) -> Collection[int]:
        """Take over what was resolved anew; return the anchors that have their profiles now."""
        if result.newly_held:
            self._contests.held |= result.newly_held.keys()
            self._found.held += [Held(one, day) for one, day in sorted(result.newly_held.items())]
        if result.appended:
            return {anchor for one in result.appended for anchor in self._append(one)}
        if result.closure is None or result.resolved is None:
            return ()
        placement = place(
            list(self.view.standings.values()),
            result.closure,
            result.resolved,
            self._ranking,
            self._contests.held,
            self._contests.numbers,
            result.newly_held,
            cause=cause,
        )
        self._take_over(placement)
        return placement.anchors.keys()

    def _append(self, one: Appended[int]) -> Collection[int]:
        """Take new sets on top of profiles that stay as they are; return their anchors."""
        keys = {(each.identifiers, each.time, each.message_id) for each in one.cluster.evidence}
        fresh = []
        for new in self._found.new:
            key = self._overlay.keys[new.anchor]
            if (new.links, *key) in keys:
                fresh.append(Standing(new.anchor, new.links, key, None))
                self.view.raws[new.anchor] = new.raw
        # Each profile stands for all its anchors by a single one, that of its number.
        before = [Standing(profile, (leader,), _BEFORE, profile) for profile, leader in one.members.items()]
        closure = Closure(set(one.resolved.owner), list(one.cluster.evidence))
        placement = place([*before, *fresh], closure, one.resolved, self._ranking, self._contests.held, Numbers())
        for profile in one.members:
            del placement.anchors[profile]
        placement.owners = {each: owner for each, owner in placement.owners.items() if each in one.cluster.fresh}
        placement.contested |= placement.before & self._contests.contested
        self._take_over(placement)
        return placement.anchors.keys()

    def _take_over(self, placement: Placement) -> None:
        found, earlier, view = self._found, self._earlier, self.view
        new = {one.anchor for one in found.new}
        reopened = earlier.reopen(placement.before)
        numbers = self._contests.numbers
        numbers.take(placement.bearers)
        found.bearers.update(placement.bearers)
        gone = {**placement.gone, **{old: placement.anchors[numbers.bearer(old)] for old in reopened}}
        found.gone.update((old, number) for old, number in gone.items() if old != number)
        for anchor, profile in placement.anchors.items():
            if anchor in new:
                found.profiles[anchor] = profile
            elif view.stored_profiles.get(anchor) != profile or anchor in earlier.placed:
                found.placed[anchor] = profile
            self.placed_sets[view.raws[anchor]] = profile
        self._take_over_owners(placement)
        self._contests.contested -= placement.before
        self._contests.contested |= placement.contested
        found.turns += placement.turns
        found.refusals.update((anchor, []) for anchor in placement.anchors)
        for anchor, refusal in placement.refusals:
            found.refusals[anchor].append(refusal)

    def _take_over_owners(self, placement: Placement) -> None:
        found, earlier, view = self._found, self._earlier, self.view
        named = {each for one in found.new for each in one.links}
        view.owners(placement.owners.keys() | named)
        for pair, owner in placement.owners.items():
            stored = view.stored_owner(pair)
            if pair in earlier.owners or (stored is not None and (stored != owner or pair in earlier.reowned)):
                found.reowned[pair] = owner
            elif stored is None and pair in named:
                found.owners[pair] = owner
        for one in found.new:
            for pair in one.links if one.anchor in placement.anchors else ():
                if pair not in placement.owners and view.stored_owner(pair) is None and pair not in earlier.owners:
                    found.owners.setdefault(pair, NOBODY)
