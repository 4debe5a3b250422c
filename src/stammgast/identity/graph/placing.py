"""From a resolved closure to numbered profiles: who keeps a number, who gets one, and what the log says about it.

A profile's number is always the number of one of its own anchors, so it is unique without asking anybody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from stammgast.identity.graph.canonical import Link, Refusal, Resolved
from stammgast.identity.graph.closure import Closure
from stammgast.identity.graph.evidence import Evidence, Key, fits, is_on_purpose, linking
from stammgast.identity.graph.rules import Identifier, Ranking

NOBODY = 0
"""The number of identifiers that were only ever left out: no event is theirs."""
SEEN_TOGETHER = "seen_together"
ALIAS = "alias"
DECIDED = "decided"
HELD = "held"
RULES = "rules"
"""Other rules were applied, and under them nothing holds the two together."""


class Standing(msgspec.Struct, frozen=True, gc=False):
    """An anchor of the closure. `identifiers` are normalised and sorted; `profile` is whose it was, None for a new one."""

    anchor: int
    identifiers: tuple[Identifier, ...]
    key: Key
    profile: int | None


class Turn(msgspec.Struct, frozen=True):
    """One line of the merge log. merge: `merged` became part of `kept`. split: what `merged` has now was `kept`'s.

    `evidence` is None where a person decided.
    """

    kind: Literal["merge", "split"]
    kept: int
    merged: int
    rule: str
    evidence: Evidence | None
    identifiers: tuple[Identifier, ...]


@dataclass
class Placement:
    """Who is whose now. anchors and owners: all of the closure. gone: numbers that are no more -> where they lead."""

    anchors: dict[int, int] = field(default_factory=dict)
    owners: dict[Identifier, int] = field(default_factory=dict)
    gone: dict[int, int] = field(default_factory=dict)
    before: set[int] = field(default_factory=set)
    """Profiles that the closure consisted of until now."""
    contested: set[int] = field(default_factory=set)
    refusals: list[tuple[int, Refusal]] = field(default_factory=list)
    """Each with the anchor on which it happened."""
    turns: list[Turn] = field(default_factory=list)


def place(
    standings: Sequence[Standing],
    closure: Closure,
    resolved: Resolved,
    ranking: Ranking,
    held: Collection[Identifier],
    newly_held: Collection[Identifier] = frozenset(),
    otherwise: str = DECIDED,
) -> Placement:
    """Return the numbers of a closure's profiles. A number stays with the oldest of those that claim a group.

    `otherwise` is the rule of a split for which neither a refusal nor a held identifier is the reason.
    """
    found = Placement()
    leaders = {one.anchor: _leader(one, ranking, held) for one in standings}
    # An anchor of held identifiers alone, one of which was reached, belongs to another that was not: it stays there.
    standings = [one for one in standings if leaders[one.anchor] in closure.complete]
    groups: dict[Identifier, list[Standing]] = defaultdict(list)
    for one in standings:
        groups[resolved.owner[leaders[one.anchor]]].append(one)
        if one.profile:
            found.before.add(one.profile)
    numbers = {survivor: _number(group) for survivor, group in groups.items()}
    found.anchors = {one.anchor: numbers[survivor] for survivor, group in groups.items() for one in group}
    found.owners = {
        each: numbers.get(resolved.owner[each], NOBODY) for each in closure.complete if each in resolved.owner
    }
    found.gone = {old: found.anchors[old] for old in found.before if found.anchors.get(old, old) != old}
    found.contested = _contested(found, closure, resolved.refusals, ranking)
    anchor_of = {(one.identifiers, one.key): one.anchor for one in standings}
    found.refusals = [
        (anchor_of[one.evidence.identifiers, (one.evidence.time, one.evidence.message_id)], one)
        for one in resolved.refusals
    ]
    found.turns = [
        *_merges({leaders[old]: old for old in found.before if old in leaders}, found, resolved.links),
        *_splits(standings, found, resolved.refusals, newly_held, otherwise),
    ]
    return found


def _leader(one: Standing, ranking: Ranking, held: Collection[Identifier]) -> Identifier:
    """Return the identifier whose profile an anchor's events belong to: its strongest that links, else its strongest."""
    able = linking(one.identifiers, ranking, held)
    return able[0] if able else min(one.identifiers, key=ranking.rank)


def _number(group: Sequence[Standing]) -> int:
    """Return the number of a group: that of the oldest profile whose own anchor is in it, else of its oldest anchor."""
    present = {one.anchor for one in group}
    claims = [(one.key, one.profile) for one in group if one.profile and one.profile in present]
    return min(claims)[1] or NOBODY if claims else min((one.key, one.anchor) for one in group)[1]


def _contested(found: Placement, closure: Closure, refusals: Iterable[Refusal], ranking: Ranking) -> set[int]:
    named = {each for one in refusals for each in (one.kept, one.left_out)}
    named.update(each for one in closure.decisions for each in (one.one, one.other))
    groups: dict[int, list[Identifier]] = defaultdict(list)
    for each, owner in found.owners.items():
        groups[owner].append(each)
    # One that an alias made larger than its limit has no refusal, and yet depends on the order.
    too_large = {owner for owner, group in groups.items() if not fits(group, ranking)}
    return ({found.owners[each] for each in named if each in found.owners} | too_large) - {NOBODY}


def _merges(at: dict[Identifier, int], found: Placement, links: Sequence[Link]) -> list[Turn]:
    """Go through the links again, in their order, and tell at which one an old profile met another."""
    parent: dict[Identifier, Identifier] = {}
    claim: dict[Identifier, int] = dict(at)

    def root(each: Identifier) -> Identifier:
        while parent.get(each, each) != each:
            parent[each] = parent.get(parent[each], parent[each])
            each = parent[each]
        return each

    turns = []
    for link in links:
        a, b = root(link.one), root(link.other)
        if a == b:
            continue
        mine, other = claim.get(a), claim.get(b)
        if mine is not None and other is not None and mine != other:
            kept = mine if other in found.gone and mine not in found.gone else other
            kept = min(mine, other) if mine in found.gone and other in found.gone else kept
            merged = other if kept == mine else mine
            turns.append(Turn("merge", kept, merged, _rule(link), link.evidence, (link.one, link.other)))
            claim[a] = kept
        elif mine is None and other is not None:
            claim[a] = other
        parent[b] = a
    return turns


def _rule(link: Link) -> str:
    if link.evidence is None:
        return DECIDED
    return ALIAS if is_on_purpose(link.evidence.identifiers) else SEEN_TOGETHER


def _splits(
    standings: Sequence[Standing],
    found: Placement,
    refusals: Sequence[Refusal],
    newly_held: Collection[Identifier],
    otherwise: str,
) -> list[Turn]:
    """Tell what left an old profile, and which refusal keeps it out."""
    parts: dict[int, set[int]] = defaultdict(set)
    for one in standings:
        if one.profile:
            parts[one.profile].add(found.anchors[one.anchor])
    by_pair: dict[frozenset[int], Refusal] = {}
    for refusal in refusals:
        pair = frozenset((found.owners.get(refusal.kept, NOBODY), found.owners.get(refusal.left_out, NOBODY)))
        by_pair.setdefault(pair, refusal)
    turns = []
    for old, numbers in sorted(parts.items()):
        stays = found.anchors.get(old, old)
        for number in sorted(numbers - {stays}):
            why = by_pair.get(frozenset((stays, number)))
            if why is None:
                loose = tuple(sorted(each for each in newly_held if found.owners.get(each) in (stays, number)))
                turns.append(Turn("split", old, number, HELD if newly_held else otherwise, None, loose))
            else:
                rule = f"{why.reason}:{why.namespace}" if why.namespace else why.reason
                turns.append(Turn("split", old, number, rule, why.evidence, (why.kept, why.left_out)))
    return turns
