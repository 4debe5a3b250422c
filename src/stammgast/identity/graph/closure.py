"""The incremental side: what must be resolved anew when evidence or a decision comes in, and what is a plain union.

A closure is everything reachable through shared identifiers, refused links included. Held identifiers and those that
may not link carry nobody further. Where a whole closure breaks no limit and nobody decided anything about it, its
resolution is the union of what is connected, whatever the order; only the others are loaded and resolved canonically.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

import msgspec

from stammgast.identity.graph.canonical import Resolved, resolve_canonically
from stammgast.identity.graph.evidence import (
    Decision,
    Evidence,
    Key,
    fits,
    linking,
    met_by,
    met_too_many,
    too_many,
)
from stammgast.identity.graph.rules import Identifier, Ranking

P = TypeVar("P", bound=Hashable)
"""How the store names a profile."""


class News(msgspec.Struct, frozen=True, gc=False):
    """Evidence that came in, with the key that its day has now.

    is_new_set: its identifiers were never seen together before, on any day. may_be_first: its key may be smaller than
    all that the set had before.
    """

    evidence: Evidence
    is_new_set: bool
    may_be_first: bool = True


class View(Protocol[P]):
    """What a store tells of the graph, everything that came in included."""

    def owners(self, identifiers: Collection[Identifier]) -> Mapping[Identifier, P]:
        """Return the profiles of identifiers as they were before; new ones are left out."""
        ...

    def members(self, profiles: Collection[P]) -> Mapping[P, Collection[Identifier]]:
        """Return the identifiers of profiles as they were before."""
        ...

    def is_contested(self, profile: P) -> bool:
        """Say whether a refusal or a decision concerns an identifier of this profile, or it is beyond a limit."""
        ...

    def is_decided(self, identifier: Identifier) -> bool:
        """Say whether any decision names this identifier."""
        ...

    def held(self) -> Collection[Identifier]:
        """Return the identifiers that link nowhere."""
        ...

    def is_released(self, identifier: Identifier) -> bool:
        """Say whether a person released this identifier: then it is never held."""
        ...

    def sets_of(self, identifiers: Collection[Identifier]) -> Iterable[Evidence]:
        """Return every set that holds any of these, each once, with its smallest key of all days."""
        ...

    def decisions_of(self, identifiers: Collection[Identifier]) -> Iterable[Decision]:
        """Return every decision that names any of these."""
        ...

    def formed_by(self, profiles: Collection[P]) -> Key | None:
        """Return a key beyond all that formed these profiles and all refusals that concern them; None: can't be told."""
        ...

    def met(self, identifier: Identifier, day: int) -> Iterable[tuple[Identifier, ...]]:
        """Return the sets of one day's evidence that hold an identifier."""
        ...


@dataclass
class Closure:
    """All that a resolution needs. complete: identifiers of which everything is loaded; only those are resolved."""

    complete: set[Identifier] = field(default_factory=set)
    evidence: list[Evidence] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)


@dataclass
class Cluster(Generic[P]):
    """New sets that hang together, with the profiles they touch."""

    profiles: set[P] = field(default_factory=set)
    fresh: set[Identifier] = field(default_factory=set)
    """Identifiers that no profile owned."""
    evidence: list[Evidence] = field(default_factory=list)


@dataclass
class Appended(Generic[P]):
    """A cluster later than all that its profiles rest on: taken on top of them, nothing else changes."""

    cluster: Cluster[P]
    members: dict[P, Identifier]
    """One identifier of each profile."""
    resolved: Resolved


@dataclass
class Advance(Generic[P]):
    """What came of news. plain: unions. appended: contested, but in order. closure and resolved: what was resolved anew, None when nothing had to be."""

    plain: list[Cluster[P]] = field(default_factory=list)
    appended: list[Appended[P]] = field(default_factory=list)
    closure: Closure | None = None
    resolved: Resolved | None = None
    newly_held: dict[Identifier, int] = field(default_factory=dict)
    """Those that link nowhere from now on -> the UTC day on which they met too many."""


def advance(
    news: Sequence[News], view: View[P], ranking: Ranking, also: Collection[Identifier] = frozenset()
) -> Advance[P]:
    """Return what news does to the graph. `also` are identifiers about which a person just decided something."""
    found: Advance[P] = Advance()
    found.newly_held = _newly_held(news, view, ranking)
    held = {*view.held(), *found.newly_held} if found.newly_held else view.held()
    starts = {*found.newly_held, *also}
    clusters = _clusters(news, view, ranking, held)
    shaken = set(view.owners(found.newly_held).values()) if found.newly_held else set()
    members = view.members({one for cluster in clusters if _must_count(cluster, ranking) for one in cluster.profiles})
    contested = []
    for cluster in clusters:
        is_shaken = bool(shaken & cluster.profiles)
        if is_shaken or _is_contested(cluster, members, view, ranking, found.newly_held):
            contested.append(cluster)
        else:
            found.plain.append(cluster)
    starts.update(_earlier(news, view, ranking, held))
    starts.update(_decided_aside(news, view, ranking, held))
    if contested and not starts:
        found.appended = _append(contested, view, ranking, held)
    if not found.appended:
        starts.update(
            each for one in contested for every in one.evidence for each in linking(every.identifiers, ranking, held)
        )
    if starts:
        found.closure = collect(starts, view, ranking, view.held(), held)
        found.resolved = resolve_canonically(found.closure.evidence, ranking, found.closure.decisions, held)
    return found


def _append(
    clusters: Sequence[Cluster[P]], view: View[P], ranking: Ranking, held: Collection[Identifier]
) -> list[Appended[P]]:
    """Return the clusters taken on top of their profiles, none when that would be wrong for any of them.

    It is right when all that formed the profiles, and all that was refused them, is earlier: then they stood so when
    the cluster's turn came, and since groups only grow, nothing later was or is taken differently.
    """
    if ranking.has_periods:
        return []
    found = []
    for cluster in clusters:
        one = _appended(cluster, view, ranking, held)
        if one is None:
            return []
        found.append(one)
    return found


def _appended(cluster: Cluster[P], view: View[P], ranking: Ranking, held: Collection[Identifier]) -> Appended[P] | None:
    last = view.formed_by(cluster.profiles)
    if last is None or last >= min((one.time, one.message_id) for one in cluster.evidence):
        return None
    members = {profile: sorted(many) for profile, many in view.members(cluster.profiles).items()}
    if any(view.is_decided(each) for many in (*members.values(), cluster.fresh) for each in many):
        return None
    standing = [Decision(0, 0, "merge", many[0], other) for many in members.values() for other in many[1:]]
    resolved = resolve_canonically(cluster.evidence, ranking, standing, held)
    leaders = {profile: many[0] for profile, many in members.items()}
    owners = {resolved.owner.get(leader, leader) for leader in leaders.values()}
    # Two profiles that meet may end refusals between them: that is for the closure to find.
    return Appended(cluster, leaders, resolved) if len(owners) == len(leaders) else None


def collect(
    starts: Iterable[Identifier],
    view: View[P],
    ranking: Ranking,
    held: Collection[Identifier],
    held_then: Collection[Identifier],
) -> Closure:
    """Return all that is reachable from `starts`: through shared identifiers, refused links and decisions.

    A start is followed even when it is held or may not link, and so is what a decision names. `held` are those until
    now, `held_then` those with which the closure will be resolved.
    """
    closure = Closure()
    sets: set[tuple[Identifier, ...]] = set()
    decided: set[int] = set()
    frontier = set(starts)
    while frontier:
        _follow(frontier, closure, sets, decided, view, ranking, held)
        frontier = _lead_aside(closure, sets, view, ranking, held_then)
    return closure


def _lead_aside(
    closure: Closure,
    sets: set[tuple[Identifier, ...]],
    view: View[P],
    ranking: Ranking,
    held: Collection[Identifier],
) -> set[Identifier]:
    """Add what leads a set of the closure without linking, now or before: with all sets that it leads, and no further.

    Return those of them about which a person decided: they are to be followed.
    """
    leaders = {min(one.identifiers, key=ranking.rank) for one in closure.evidence if one.identifiers}
    aside = leaders - closure.complete
    decided = {each for each in aside if view.is_decided(each)}
    if decided or not aside:
        return decided
    closure.complete |= aside
    for one in view.sets_of(aside):
        if one.identifiers not in sets and not linking(one.identifiers, ranking, held):
            sets.add(one.identifiers)
            closure.evidence.append(one)
    return set()


def _follow(
    frontier: set[Identifier],
    closure: Closure,
    sets: set[tuple[Identifier, ...]],
    decided: set[int],
    view: View[P],
    ranking: Ranking,
    held: Collection[Identifier],
) -> None:
    while frontier:
        closure.complete |= frontier
        following: set[Identifier] = set()
        for one in view.sets_of(frontier):
            if one.identifiers not in sets:
                sets.add(one.identifiers)
                closure.evidence.append(one)
                following.update(linking(one.identifiers, ranking, held))
        for decision in view.decisions_of(frontier):
            if decision.id not in decided:
                decided.add(decision.id)
                closure.decisions.append(decision)
                following.update((decision.one, decision.other))
        frontier = following - closure.complete


def _clusters(news: Sequence[News], view: View[P], ranking: Ranking, held: Collection[Identifier]) -> list[Cluster[P]]:
    """Return new sets by what connects them: profiles and identifiers that are new."""
    able = [(one.evidence, linking(one.evidence.identifiers, ranking, held)) for one in news if one.is_new_set]
    owners = view.owners({each for _, links in able for each in links})
    at: dict[object, Cluster[P]] = {}
    for evidence, links in sorted(able, key=lambda one: (one[0].time, one[0].message_id)):
        if not links:
            continue
        places: list[tuple[object, Identifier]] = [
            (("profile", owners[each]) if each in owners else each, each) for each in links
        ]
        cluster = _joined(at, [at[place] for place, _ in places if place in at])
        cluster.evidence.append(evidence)
        for place, each in places:
            at[place] = cluster
            if each in owners:
                cluster.profiles.add(owners[each])
            else:
                cluster.fresh.add(each)
    return list({id(one): one for one in at.values()}.values())


def _joined(at: dict[object, Cluster[P]], touched: list[Cluster[P]]) -> Cluster[P]:
    """Return one cluster in place of several."""
    if not touched:
        return Cluster()
    kept = max(touched, key=lambda one: len(one.evidence))
    for one in touched:
        if one is not kept and one.evidence:
            kept.evidence += one.evidence
            kept.profiles |= one.profiles
            kept.fresh |= one.fresh
            at.update((("profile", profile), kept) for profile in one.profiles)
            at.update((each, kept) for each in one.fresh)
            one.evidence = []
    return kept


def _must_count(cluster: Cluster[P], ranking: Ranking) -> bool:
    """Say whether a cluster can break a limit: by making a profile larger, or by moving first sights between periods."""
    return bool(cluster.fresh) or len(cluster.profiles) > 1 or ranking.has_periods


def _is_contested(
    cluster: Cluster[P],
    members: Mapping[P, Collection[Identifier]],
    view: View[P],
    ranking: Ranking,
    newly_held: Collection[Identifier],
) -> bool:
    if any(view.is_contested(profile) for profile in cluster.profiles):
        return True
    if any(view.is_decided(each) for each in cluster.fresh):
        return True
    if newly_held and any(each in newly_held for one in cluster.evidence for each in one.identifiers):
        return True
    if not _must_count(cluster, ranking):
        return False
    return not fits([*cluster.fresh, *(each for one in cluster.profiles for each in members.get(one, ()))], ranking)


def _earlier(news: Sequence[News], view: View[P], ranking: Ranking, held: Collection[Identifier]) -> set[Identifier]:
    """Return the identifiers of known sets with news, where a smaller key can change anything.

    That is in contested profiles, and in those that a limit per period lets grow beyond that limit.
    """
    able = [linking(one.evidence.identifiers, ranking, held) for one in news if one.may_be_first and not one.is_new_set]
    able = [links for links in able if links]
    if not able:
        return set()
    owners = view.owners({links[0] for links in able})
    profiles = {owners[links[0]] for links in able if links[0] in owners}
    shaky = {one for one in profiles if view.is_contested(one)}
    if ranking.has_periods:
        members = view.members(profiles - shaky)
        shaky |= {profile for profile, identifiers in members.items() if not fits(identifiers, ranking)}
    return {links[0] for links in able if owners.get(links[0]) in shaky}


def _decided_aside(
    news: Sequence[News], view: View[P], ranking: Ranking, held: Collection[Identifier]
) -> set[Identifier]:
    """Return identifiers of the news that don't link, but about which a person decided: no cluster leads to them."""
    found = set()
    for one in news:
        if one.is_new_set or one.may_be_first:
            decided = {each for each in one.evidence.identifiers if view.is_decided(each)}
            if decided:
                found |= decided.difference(linking(one.evidence.identifiers, ranking, held))
    return found


def _newly_held(news: Sequence[News], view: View[P], ranking: Ranking) -> dict[Identifier, int]:
    """Return the identifiers that now meet too many others on one of the days of the news, each with the first of them."""
    suspects: dict[tuple[Identifier, int], set[Identifier]] = defaultdict(set)
    for one in news:
        for identifier, others in met_by(one.evidence.identifiers, ranking).items():
            suspects[identifier, one.evidence.day].update(others)
    if not suspects:
        return {}
    held = view.held()
    places = {place: met for place, met in suspects.items() if place[0] not in held and not view.is_released(place[0])}
    found = [place for place, met in places.items() if met_too_many(place[0], met, ranking)]
    for identifier, day in _unsure(places, view, ranking):
        met: set[Identifier] = set()
        for identifiers in view.met(identifier, day):
            met.update(met_by(identifiers, ranking).get(identifier, ()))
        if met_too_many(identifier, met, ranking):
            found.append((identifier, day))
    return dict(sorted(found, reverse=True))


def _unsure(
    places: Mapping[tuple[Identifier, int], set[Identifier]], view: View[P], ranking: Ranking
) -> list[tuple[Identifier, int]]:
    """Return those (identifier, day) of which only stored evidence can tell how many were met.

    A new identifier met nobody but in the news. In a profile that nobody contests, all whom an identifier ever met are
    members, or held themselves.
    """
    if not places:
        return []
    owners = view.owners({identifier for identifier, _ in places})
    small = {owner for owner in owners.values() if not view.is_contested(owner)}
    members = view.members(small)
    held = Counter(namespace for namespace, _ in view.held())
    unsure = []
    for (identifier, day), met in places.items():
        owner = owners.get(identifier)
        if owner is None:
            continue
        able = Counter(namespace for namespace, _ in met.union(members.get(owner, ())) - {identifier}) + held
        if owner not in small or too_many(identifier[0], able, ranking):
            unsure.append((identifier, day))
    return unsure
