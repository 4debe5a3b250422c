"""From a resolved closure to numbered profiles: who keeps a number, who gets one, and what the log says about it.

A profile's number is always one that an anchor of its bears (`numbering.py`), so it is unique without asking anybody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from stammgast.identity.graph.canonical import Link, Refusal, Resolved
from stammgast.identity.graph.closure import Closure
from stammgast.identity.graph.evidence import Evidence, fits, is_on_purpose, linking
from stammgast.identity.graph.numbering import Best, Judgement, Numbers, number_groups
from stammgast.identity.graph.rules import Identifier, Ranking
from stammgast.identity.graph.standing import Standing

_WEAKEST = 2**31
NOBODY = 0
"""The number of identifiers that were only ever left out: no event is theirs."""
SEEN_TOGETHER = "seen_together"
ALIAS = "alias"
DECIDED = "decided"
HELD = "held"
RULES = "rules"
"""Other rules were applied, and under them nothing holds the two together."""


class Cause(msgspec.Struct, frozen=True):
    """Why a closure is resolved anew. rule: that of a split for which neither a refusal nor a held identifier is the reason.

    former: where a person decided, the numbers of the closure's anchors that named a profile before.
    """

    rule: str = DECIDED
    former: Collection[int] | None = None


EVENTS = Cause()
OTHER_RULES = Cause(RULES)


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
    """Who is whose now. anchors and owners: all of the closure."""

    anchors: dict[int, int] = field(default_factory=dict)
    owners: dict[Identifier, int] = field(default_factory=dict)
    leads: dict[int, int] = field(default_factory=dict)
    """Profiles that the closure consisted of -> the profile that their number leads to now."""
    before: set[int] = field(default_factory=set)
    """Profiles that the closure consisted of until now."""
    contested: set[int] = field(default_factory=set)
    refusals: list[tuple[int, Refusal]] = field(default_factory=list)
    """Each with the anchor on which it happened."""
    turns: list[Turn] = field(default_factory=list)
    bearers: dict[int, int] = field(default_factory=dict)
    """Numbers that other anchors bear from now on."""

    @property
    def gone(self) -> dict[int, int]:
        """Numbers that are no more -> where they lead."""
        return {old: new for old, new in self.leads.items() if old != new}


def place(
    standings: Sequence[Standing],
    closure: Closure,
    resolved: Resolved,
    ranking: Ranking,
    held: Collection[Identifier],
    numbers: Numbers,
    newly_held: Collection[Identifier] = frozenset(),
    cause: Cause = EVENTS,
) -> Placement:
    """Return the numbers of a closure's profiles; `cause` is why it was resolved anew.

    After a person's decision numbers stay with whom they name best, else with the anchor that bears them.
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
    judgement = None if cause.former is None else Judgement(_judge(resolved, ranking, held), cause.former)
    numbering = number_groups(groups, numbers, judgement)
    found.bearers = numbering.changed
    numbers_of = numbering.numbers
    found.anchors = {one.anchor: numbers_of[survivor] for survivor, group in groups.items() for one in group}
    found.owners = {
        each: numbers_of.get(resolved.owner[each], NOBODY) for each in closure.complete if each in resolved.owner
    }
    found.leads = numbering.leads
    found.contested = _contested(found, closure, resolved.refusals, ranking)
    bearers = {old: found.bearers.get(old, numbers.bearer(old)) for old in found.before}
    anchor_of = {(one.identifiers, one.key): one.anchor for one in standings}
    found.refusals = [
        (anchor_of[one.evidence.identifiers, (one.evidence.time, one.evidence.message_id)], one)
        for one in resolved.refusals
    ]
    found.turns = [
        *_merges({leaders[anchor]: old for old, anchor in bearers.items() if anchor in leaders}, found, resolved.links),
        *_splits(standings, found, resolved.refusals, newly_held, cause.rule),
    ]
    return found


def _leader(one: Standing, ranking: Ranking, held: Collection[Identifier]) -> Identifier:
    """Return the identifier whose profile an anchor's events belong to: its strongest that links, else its strongest."""
    able = linking(one.identifiers, ranking, held)
    return able[0] if able else min(one.identifiers, key=ranking.rank)


def _judge(resolved: Resolved, ranking: Ranking, held: Collection[Identifier]) -> Callable[[Sequence[Standing]], Best]:
    """Return what tells how well a number names a part of its profile: by what that part brings along of it."""

    def judge(part: Sequence[Standing]) -> Best:
        survivor = resolved.owner[_leader(part[0], ranking, held)]
        own = {
            each: one
            for one in sorted(part, key=lambda one: (-len(one.identifiers), -one.anchor))
            for each in linking(one.identifiers, ranking, held)
            if resolved.owner[each] == survivor
        }
        first = min(one.key for one in part)
        if not own:
            return Best(_WEAKEST, first, min((one.key, one.anchor) for one in part)[1])
        strongest = min(own, key=ranking.rank)
        return Best(ranking.rule(strongest[0]).priority, first, own[strongest].anchor)

    return judge


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
    gone = found.gone
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
            kept = mine if other in gone and mine not in gone else other
            kept = min(mine, other) if mine in gone and other in gone else kept
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
        stays = found.leads.get(old, old)
        for number in sorted(numbers - {stays}):
            why = by_pair.get(frozenset((stays, number)))
            if why is None:
                loose = tuple(sorted(each for each in newly_held if found.owners.get(each) in (stays, number)))
                turns.append(Turn("split", old, number, HELD if newly_held else otherwise, None, loose))
            else:
                rule = f"{why.reason}:{why.namespace}" if why.namespace else why.reason
                turns.append(Turn("split", old, number, rule, why.evidence, (why.kept, why.left_out)))
    return turns
