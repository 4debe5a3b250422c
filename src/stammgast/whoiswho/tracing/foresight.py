"""What a decision would do, by the same law that the worker obeys: the closure is resolved with it and without."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import cast

from sqlalchemy import Connection

from stammgast.identity.deciding import Wish
from stammgast.identity.graph.canonical import resolve_canonically
from stammgast.identity.graph.closure import View, collect
from stammgast.identity.graph.evidence import Decision, Evidence, latest_decisions
from stammgast.identity.graph.placing import NOBODY, Cause, Placement, place
from stammgast.identity.graph.rules import Ranking
from stammgast.identity.graph.standing import Standing
from stammgast.identity.resolution import Pair, linkable
from stammgast.identity.store import contests, graph
from stammgast.identity.store.numbers import former_numbers, load_numbers
from stammgast.kernel import clock
from stammgast.kernel.runtime import Runtime
from stammgast.profiles import api
from stammgast.profiles.api.pages import (
    Folding,
    State,
    TraitPolicies,
    display_name,
    net_revenue,
    reliable_states,
    trait_policies,
    values_of,
    visitor_tag,
)
from stammgast.whoiswho.tracing.continuing import continued
from stammgast.whoiswho.tracing.contracts import Foresight, Part
from stammgast.whoiswho.tracing.going import find_goings
from stammgast.whoiswho.tracing.rules import normaliser, ranking_of

_LATER_THAN_ALL = 2**62


def foresee(runtime: Runtime, wishes: Sequence[Wish]) -> Foresight:
    """Return the profiles that these decisions concern, as they are and as they would be. Changes nothing."""
    ranking = ranking_of(runtime)
    folding, policies = api.folding_of(runtime), trait_policies(runtime)
    with runtime.customers.read() as connection:
        view = _Stored(connection, normaliser(runtime), wishes)
        placement = _resolve(view, wishes, ranking)
        loaded, _ = reliable_states(connection, folding, placement.anchors)
        owners = graph.load_owners(connection, placement.owners)
    was = {anchor: view.standings[anchor].profile or NOBODY for anchor in placement.anchors}
    before = _parts(was, owners, loaded, folding, policies, ranking)
    after = _parts(placement.anchors, placement.owners, loaded, folding, policies, ranking)
    events = {anchor: _events(state) for anchor, state in loaded.items()}
    goings = find_goings(view.standings, placement, owners, events, ranking, view.held)
    return Foresight(before, continued(before, after, events), goings)


class _Stored:
    """The stored graph with wished decisions on top, as far as collecting a closure asks for it."""

    def __init__(
        self, connection: Connection, normalise: Callable[[str, str], Pair | None], wishes: Sequence[Wish]
    ) -> None:
        self.connection = connection
        self._normalise = normalise
        self.decisions = contests.load_decisions(connection)
        self.held = {(one.namespace, one.value) for one in contests.load_held(connection)}
        now = clock.now_millis()
        self.decisions += [
            Decision(number, now, one.kind, one.one, one.other) for number, one in enumerate(wishes, _LATER_THAN_ALL)
        ]
        for one in wishes:
            if one.kind == "hold":
                self.held.add(one.one)
            elif one.kind == "release":
                self.held.discard(one.one)
        self._about: dict[Pair, list[Decision]] = defaultdict(list)
        for decision in latest_decisions(self.decisions):
            for each in {decision.one, decision.other}:
                self._about[each].append(decision)
        self.standings: dict[int, Standing] = {}

    def sets_of(self, identifiers: Collection[Pair]) -> Iterable[Evidence]:
        """Return the sets that hold any of these, each once, with its smallest key."""
        fresh = contests.anchors_holding(self.connection, identifiers) - self.standings.keys()
        smallest: dict[tuple[Pair, ...], tuple[int, str]] = {}
        for one in contests.load_sets(self.connection, fresh):
            links, key = linkable(one.raw, self._normalise), (one.time, one.message_id)
            self.standings[one.anchor] = Standing(one.anchor, links, key, one.profile)
            smallest[links] = min(smallest.get(links, key), key)
        return [Evidence(*key, links) for links, key in smallest.items()]

    def is_decided(self, identifier: Pair) -> bool:
        """Say whether a decision that still counts names this identifier."""
        return identifier in self._about

    def decisions_of(self, identifiers: Collection[Pair]) -> Iterable[Decision]:
        """Return every decision that still counts and names any of these."""
        return [one for each in identifiers for one in self._about.get(each, ())]


def _resolve(view: _Stored, wishes: Sequence[Wish], ranking: Ranking) -> Placement:
    """Return whose everything would be that the wishes concern."""
    starts = {each for one in wishes for each in (one.one, one.other)}
    closure = collect(
        starts, cast("View[int]", view), ranking, view.held, view.held
    )  # it asks for sets and decisions only
    resolved = resolve_canonically(closure.evidence, ranking, closure.decisions, view.held)
    numbers = load_numbers(view.connection)
    cause = Cause(former=former_numbers(view.connection, view.standings))
    return place(list(view.standings.values()), closure, resolved, ranking, view.held, numbers, cause=cause)


def _parts(
    profiles: Mapping[int, int],
    owners: Mapping[Pair, int],
    loaded: Mapping[int, State],
    folding: Folding,
    policies: TraitPolicies,
    ranking: Ranking,
) -> tuple[Part, ...]:
    """Return the profiles of a partition of anchors, most events first."""
    anchors: dict[int, list[int]] = defaultdict(list)
    for anchor, profile in sorted(profiles.items()):
        anchors[profile].append(anchor)
    identifiers: dict[int, list[Pair]] = defaultdict(list)
    for pair, profile in sorted(owners.items(), key=lambda one: ranking.rank(one[0])):
        identifiers[profile].append(pair)
    parts = []
    for profile in anchors.keys() - {NOBODY}:
        state = folding.combine([loaded[one] for one in anchors[profile] if one in loaded])
        name = display_name(
            values_of(state.get("traits", {}), policies, state.get("corrections")), identifiers[profile]
        )
        revenue, currency = net_revenue(state.get("revenue"), state.get("refunds"))
        parts.append(
            Part(
                profile=profile,
                name=name,
                visitor="" if name else visitor_tag(identifiers[profile]),
                was=profile,
                identifiers=tuple(identifiers[profile]),
                anchors=tuple(anchors[profile]),
                events=_events(state),
                orders=state.get("orders", (0,))[0],
                revenue=revenue,
                currency=currency,
                moved_anchors=(),
                moved_events=0,
            )
        )
    return tuple(sorted(parts, key=lambda one: (-one.events, one.profile)))


def _events(state: State) -> int:
    return sum(state.get("events", {}).values())
