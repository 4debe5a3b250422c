"""Where each identifier goes when people part or come together, and where its events stay. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from stammgast.identity.graph.evidence import linking
from stammgast.identity.graph.placing import NOBODY, Placement
from stammgast.identity.graph.rules import BROWSERS, Ranking
from stammgast.identity.graph.standing import Standing
from stammgast.identity.resolution import Pair
from stammgast.whoiswho.tracing.contracts import GOINGS_MAX, Going, Staying


def find_goings(
    standings: Mapping[int, Standing],
    placement: Placement,
    owners: Mapping[Pair, int],
    events: Mapping[int, int],
    ranking: Ranking,
    held: Collection[Pair],
) -> tuple[Going, ...]:
    """Return the identifiers that change hands, and every browser and app of the closure, strongest first.

    owners: whose each is now. events: those of each anchor, without robots and staff.
    """
    holding: dict[Pair, list[Standing]] = defaultdict(list)
    for anchor in placement.anchors:
        for each in standings[anchor].identifiers:
            holding[each].append(standings[anchor])
    wanted = [
        each
        for each, owner in placement.owners.items()
        if each in holding and (owner != owners.get(each, NOBODY) or each[0] in BROWSERS)
    ]
    wanted.sort(key=lambda each: (placement.owners[each] == owners.get(each, NOBODY), ranking.rank(each)))
    return tuple(
        _going(each, holding[each], placement, owners.get(each, NOBODY), events, ranking, held)
        for each in wanted[:GOINGS_MAX]
    )


def _going(
    identifier: Pair,
    holders: Collection[Standing],
    placement: Placement,
    was: int,
    events: Mapping[int, int],
    ranking: Ranking,
    held: Collection[Pair],
) -> Going:
    to = placement.owners[identifier]
    goes, stays = 0, defaultdict[tuple[int, Pair], int](int)
    for one in holders:
        profile, count = placement.anchors[one.anchor], events.get(one.anchor, 0)
        if profile == to:
            goes += count
        else:
            able = linking(one.identifiers, ranking, held)
            stays[profile, able[0] if able else min(one.identifiers, key=ranking.rank)] += count
    told = sorted(stays.items(), key=lambda one: (-one[1], one[0]))
    return Going(identifier, was, to, goes, tuple(Staying(*place, count) for place, count in told if count))
