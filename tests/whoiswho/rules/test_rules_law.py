"""Whenever other rules are applied, everything ends as if they had been in force from the beginning."""

from dataclasses import replace
from random import Random

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stammgast.app import migrate
from stammgast.events import orders
from stammgast.identity.graph.rules import DEFAULT_NAMESPACES, GraphRules, MailProvider, NamespaceRule
from stammgast.identity.rulebook import carrying_out, progress
from stammgast.identity.rulebook.contracts import RulesEffect
from stammgast.identity.rulebook.ordering import rules_of, rules_order
from stammgast.identity.store.applied_rules import rules_in_force
from stammgast.whoiswho.rules import trials
from tests.pipeline.test_graph_law import same_as_canonical, some_happenings, take_in_pieces
from tools.workbench import Workbench


def some_rules(random, version):
    """Return rules that differ from the present ones in a few ways, in how identifiers are read too."""
    choice, chance = random.choice, random.random
    namespaces = tuple(
        NamespaceRule(
            namespace=one.namespace,
            priority=choice([one.priority, one.priority, 50]),
            limit=choice([one.limit, None, 1, 2]),
            period=choice(["ever", "ever", "week"]),
            may_link=chance() < 0.85,
            reading=choice(["auto", "auto", "lower"]) if one.namespace == "user_id" else "auto",
            never_link=(".*-[bx]",) if chance() < 0.2 else (),
        )
        for one in DEFAULT_NAMESPACES
    )
    return GraphRules(
        version=version,
        namespaces=namespaces,
        profile_cap=choice([3, 8, 1000]),
        held_above=choice([2, 5, 10]),
        held_above_limited=choice([None, 2, 4, 20]),
        held_above_browsers=choice([None, 1, 2, 200]),
        mail_providers=(MailProvider(domains=("laden.de",), dots=True, plus=True),) if chance() < 0.5 else (),
        never_link=(".*kasse@laden.de",) if chance() < 0.2 else (),
    )


def order(workbench, rules, person="Alice"):
    workbench.log.append_sync(orders.order_entry(rules_order(rules, person)))


def in_force(workbench):
    with workbench.runtime.customers.read() as connection:
        return rules_of(rules_in_force(connection).rules)


@given(st.integers(0, 2**32))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rules_applied_in_the_middle_of_a_history_end_as_if_they_had_always_held(workbench, counter, seed):
    random = Random(seed)
    number = next(counter)
    before, after = (some_happenings(random, f"p{number:06d}-") for _ in range(2))
    rules = some_rules(random, number + 2)
    take_in_pieces(workbench, before, random)
    order(workbench, rules)
    take_in_pieces(workbench, after, random)
    assert in_force(workbench) == rules
    same_as_canonical(workbench, rules)


def test_the_first_rules_applied_again_bring_everything_back(workbench):
    random = Random(4)
    take_in_pieces(workbench, some_happenings(random, "q-"), random)
    first = in_force(workbench)
    before = same_as_canonical(workbench, first).partition()
    order(workbench, GraphRules(version=2, never_link=(".*-[ax]",), held_above=2, profile_cap=2))
    workbench.work()
    assert same_as_canonical(workbench, in_force(workbench)).partition() != before
    order(workbench, first)
    workbench.work()
    assert same_as_canonical(workbench, first).partition() == before


def test_a_process_beside_the_worker_comes_to_the_same_while_events_come_in(workbench, monkeypatch):
    monkeypatch.setattr(carrying_out, "SMALL_GRAPH", 0)
    random = Random(8)
    take_in_pieces(workbench, some_happenings(random, "r-"), random)
    rules = some_rules(random, 2)
    order(workbench, rules)
    while workbench.worker.position < workbench.log.head():
        workbench.worker.turn()
    assert in_force(workbench).version == 1
    take_in_pieces(workbench, some_happenings(random, "r-"), random)
    assert in_force(workbench) == rules
    same_as_canonical(workbench, rules)
    assert progress.read_rules_progress(workbench.settings.run_dir) is None


def test_a_later_order_replaces_one_that_is_still_being_carried_out(workbench, monkeypatch):
    monkeypatch.setattr(carrying_out, "SMALL_GRAPH", 0)
    workbench.take({"type": "page", "userId": "anna", "anonymousId": "a"})
    order(workbench, GraphRules(version=2, held_above=2))
    workbench.worker.turn()
    order(workbench, GraphRules(version=3, held_above=3))
    workbench.work()
    assert in_force(workbench).version == 3
    same_as_canonical(workbench, in_force(workbench))


@pytest.mark.postgres
@pytest.mark.parametrize("graph_size", [carrying_out.SMALL_GRAPH, 0], ids=["at once", "in a process"])
def test_rules_are_applied_on_postgresql_too(settings, postgres_url, graph_size, monkeypatch):
    monkeypatch.setattr(carrying_out, "SMALL_GRAPH", graph_size)
    settings = replace(settings, state_url=postgres_url)
    migrate(settings)
    bench = Workbench(settings)
    try:
        random = Random(5)
        take_in_pieces(bench, some_happenings(random, "g-"), random)
        rules = some_rules(random, 2)
        effect = trials.try_rules(bench.runtime, rules)
        order(bench, rules)
        bench.work()
        same_as_canonical(bench, rules)
        with bench.runtime.customers.read() as connection:
            applied = msgspec.json.decode(rules_in_force(connection).effect, type=RulesEffect)
        assert (applied.merged, applied.split, applied.held) == (effect.merged, effect.split, effect.held)
    finally:
        bench.close()
