"""Resolving everything that is known under other rules, and writing what came of it in one transaction.

Reading takes most of the time and needs no stillness: sets of identifiers never change. What changes is read last and in
one go, while the worker waits between two batches (or in one snapshot, for a dry run).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from time import perf_counter

import msgspec
from sqlalchemy import Connection

from stammgast.identity.graph.evidence import Decision, normal_decision
from stammgast.identity.graph.layout import Stands, lay_out
from stammgast.identity.graph.resettling import Resettled, resettle
from stammgast.identity.graph.rules import GraphRules, Identifier, Ranking
from stammgast.identity.graph.whole import WholeGraph
from stammgast.identity.identifiers import cached_normaliser
from stammgast.identity.rulebook.contracts import EXAMPLES_MAX, Example, RulesEffect, Stage
from stammgast.identity.rulebook.effect import effect_of
from stammgast.identity.store import contests, graph, numbers, placements, whole
from stammgast.identity.store.applied_rules import AppliedRules, put_in_force
from stammgast.kernel import outbox
from stammgast.kernel.outbox import Parcel
from stammgast.kernel.position import Progress, keep_progress
from stammgast.kernel.state import State

Told = Callable[[Stage, int, int], object]
"""(stage, done, total)."""
Called = Callable[[Connection, Iterable[int]], Mapping[int, str]]
"""What profiles are called, for examples; identity itself knows no names."""
SMALL_GRAPH = 20_000
"""Sets of identifiers up to which everything is done between two batches at once, in well under two seconds."""


class CarryingOut:
    """One resolution of everything under `rules`, beside `in_force`, in steps: `read`, then `resolve`, then `write`."""

    def __init__(self, rules: GraphRules, in_force: GraphRules, told: Told, called: Called) -> None:
        """Nothing is read yet."""
        self.rules = rules
        self._told = told
        self._called = called
        self._began = perf_counter()
        before = None if is_read_alike(rules, in_force) else cached_normaliser(in_force)
        self._graph = WholeGraph(Ranking(rules), cached_normaliser(rules), before)
        self._held_before: set[Identifier] = set()
        self._decisions: list[tuple[Decision, Decision | None]] = []
        self._found: Resettled | None = None
        self.effect: RulesEffect | None = None

    def read(self, state: State) -> None:
        """Read all sets of identifiers, each step in a snapshot of its own: collecting goes on."""
        while True:
            with state.read() as connection:
                if not self._read_step(connection):
                    return

    def resolve(self, connection: Connection) -> RulesEffect:
        """Resolve everything as `connection` sees it; return what the rules do."""
        while self._read_step(connection):
            pass
        self._decisions = [
            (given, normal_decision(given, self._graph.normalise)) for given in contests.given_decisions(connection)
        ]
        decisions = [normal for _, normal in self._decisions if normal is not None]
        self._held_before = {(one.namespace, one.value) for one in contests.load_held(connection)}
        stands = Stands(
            whole.exceptions(connection), whole.owned_identifiers(connection), numbers.load_bearers(connection)
        )
        layout = lay_out(self._graph, stands, decisions, lambda anchors: whole.days_of(connection, anchors))
        self._found = resettle(
            layout,
            lambda anchors: contests.load_sets(connection, anchors),
            decisions,
            self._held_before,
            lambda done, total: self._told("resolving", done, total),
        )
        seconds = perf_counter() - self._began
        effect = effect_of(self._found, self._held_before, whole.count_refusals(connection), seconds)
        self.effect = msgspec.structs.replace(effect, examples=tuple(_named(connection, effect.examples, self._called)))
        return self.effect

    def write(self, connection: Connection, order: AppliedRules, epoch: int, progress: Progress, now: int) -> Progress:
        """Let the rules take effect in one transaction, fenced by the worker's lease; return the progress then.

        Raises LeaseLost.
        """
        found, effect = self._found, self.effect
        assert found is not None
        assert effect is not None
        self._told("writing", 0, 1)
        batch, version = progress.next_batch, order.version
        placed = found.placed()
        next_identifier = whole.own_identifiers(connection, found.reowned(), found.fresh, progress.next_identifier)
        whole.relink(connection, self._graph.relinked, self._graph.links_before, self._graph.links)
        whole.drop_identifiers(connection, sorted(found.layout.orphans))
        whole.move_anchors(connection, placed, found.led(), found.gone())
        whole.hold_only(connection, found.held, now)
        contests.forget_refusals(connection)
        contests.replace_refusals(connection, (), found.refusals, version)
        contests.read_decisions_as(connection, self._decisions)
        placements.write_turns(connection, found.turns, batch=batch, now=now, version=version)
        if placed:
            outbox.add_parcel(connection, Parcel(batch, 0, outbox.NO_ROWS, tuple(placed)))
        assert put_in_force(connection, order.number, batch=batch, effect=_text(effect), now=now)
        after = msgspec.structs.replace(progress, next_batch=batch + 1, next_identifier=next_identifier)
        keep_progress(connection, epoch, after)
        return after

    def to_list(self) -> tuple[set[int], set[int]]:
        """Return the profiles whose line in the list of customers is another now, and the numbers that are no more."""
        assert self._found is not None
        return self._found.touched(), set(self._found.gone())

    def _read_step(self, connection: Connection) -> bool:
        rows = whole.anchors_after(connection, self._graph.last_anchor)
        for anchor, raw in rows:
            self._graph.add(anchor, raw)
        if rows:
            self._told("reading", len(self._graph), max(len(self._graph), whole.count_graph(connection)))
        return bool(rows)


def is_read_alike(one: GraphRules, other: GraphRules) -> bool:
    """Say whether identifiers have the same normal forms under both.

    >>> is_read_alike(GraphRules(), GraphRules(held_above=3)), is_read_alike(GraphRules(), GraphRules(never_link=("x",)))
    (True, False)
    """
    return _reading(one) == _reading(other)


def _reading(rules: GraphRules) -> object:
    names = sorted(
        (one.namespace, one.reading, one.never_link)
        for one in rules.namespaces
        if one.reading != "auto" or one.never_link
    )
    return rules.built_in, rules.phone_region, rules.mail_providers, rules.never_link, names


def _named(connection: Connection, examples: tuple[Example, ...], called: Called) -> list[Example]:
    """Fill in names of customers, and whose held and released identifiers are."""
    about = [one.identifiers[0] for one in examples if one.kind in ("held", "released")]
    owners: Mapping[Identifier, int] = graph.load_owners(connection, about)
    placed = [
        msgspec.structs.replace(one, profile=owners.get(one.identifiers[0], 0))
        if one.kind in ("held", "released")
        else one
        for one in examples
    ]
    names = called(connection, {number for one in placed for number in (one.profile, one.other)})
    return [
        msgspec.structs.replace(one, name=names.get(one.profile, ""), other_name=names.get(one.other, ""))
        for one in placed
    ]


def _text(effect: RulesEffect) -> str:
    assert len(effect.examples) <= EXAMPLES_MAX * 5
    return msgspec.json.encode(effect).decode()
