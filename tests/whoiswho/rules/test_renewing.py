"""What an update builds in: an installation of before keeps its meaning until the newest rules are applied."""

import msgspec
import pytest

from stammgast.app import migrate
from stammgast.identity.graph.rules import GraphRules
from stammgast.identity.rulebook.ordering import read_rules_order, rules_of
from stammgast.identity.store.applied_rules import applied_rules, begin_rules
from stammgast.kernel.state import open_state
from stammgast.whoiswho.rules import book
from stammgast.whoiswho.rules.renewing import renew_untouched
from stammgast.workspace.contracts import Actor
from tests.pipeline.test_graph_law import same_as_canonical

BY = Actor("command", 0, "Alice")
NEW_FIELDS = ("built_in", "held_above_limited", "held_above_browsers")


def rules_of_before(**values):
    """Return rules as an installation of before stored them."""
    facts = msgspec.to_builtins(GraphRules(**values))
    return msgspec.json.encode({key: facts[key] for key in facts if key not in NEW_FIELDS}).decode()


@pytest.fixture
def old_inn(settings, make_workbench):
    """An installation whose worker began before: its stored rules say nothing of what came later."""
    migrate(settings)
    state = open_state(settings, "customers")
    with state.write() as connection:
        begin_rules(connection, 1, rules_of_before(), 0)
    state.close()
    inn = make_workbench()
    inn.take(
        {"type": "identify", "userId": "anna", "messageId": "a1", "traits": {"email": "anna@googlemail.com"}},
        {"type": "identify", "anonymousId": "x", "messageId": "a2", "traits": {"email": "Anna@gmail.com"}},
        *(
            {"type": "identify", "anonymousId": f"b{number}", "userId": "distinct_id", "messageId": f"d{number}"}
            for number in range(12)
        ),
    )
    return inn


def numbers(inn, *references):
    return [int(inn.profile(one).profile) for one in references]


def in_force(inn):
    return book.standing(inn.runtime).in_force


def test_what_was_stored_means_what_it_meant(old_inn):
    assert in_force(old_inn) == GraphRules(built_in=1, held_above_limited=None, held_above_browsers=None)
    apart = numbers(old_inn, "email:anna@googlemail.com", "email:anna@gmail.com")
    assert len(set(apart)) == 2
    assert len(set(numbers(old_inn, "anonymous_id:b0", "anonymous_id:b11", "user_id:distinct_id"))) == 1
    old_inn.restart()
    old_inn.take({"type": "page", "anonymousId": "x", "messageId": "a3"})
    assert numbers(old_inn, "email:anna@googlemail.com", "email:anna@gmail.com") == apart
    same_as_canonical(old_inn, in_force(old_inn))


def test_an_installation_without_rules_of_its_own_takes_the_newest_over_and_can_go_back(old_inn):
    before = numbers(old_inn, "email:anna@googlemail.com", "email:anna@gmail.com", "anonymous_id:b0")
    assert renew_untouched(old_inn.runtime)
    book.pass_on_orders(old_inn.runtime)
    old_inn.work()
    assert in_force(old_inn) == GraphRules(version=2)
    same_as_canonical(old_inn, in_force(old_inn))
    assert len(set(numbers(old_inn, "email:anna@googlemail.com", "email:anna@gmail.com", "user_id:anna"))) == 1
    assert len(set(numbers(old_inn, *(f"anonymous_id:b{number}" for number in range(12))))) == 12
    assert renew_untouched(old_inn.runtime)
    book.apply_version(old_inn.runtime, BY, 1)
    old_inn.work()
    same_as_canonical(old_inn, in_force(old_inn))
    assert len(set(numbers(old_inn, "email:anna@googlemail.com", "email:anna@gmail.com"))) == 2
    assert numbers(old_inn, "email:anna@googlemail.com", "email:anna@gmail.com", "anonymous_id:b0") == before
    assert renew_untouched(old_inn.runtime)
    book.pass_on_orders(old_inn.runtime)
    old_inn.work()
    assert in_force(old_inn).version == 1, "who goes back stays there"


def test_it_is_ordered_once_however_often_the_web_process_dies(old_inn):
    for _ in range(3):
        assert renew_untouched(old_inn.runtime)
    assert [one.version for one in book.versions(old_inn.runtime)] == [2, 1]
    book.pass_on_orders(old_inn.runtime)
    old_inn.work()
    with old_inn.runtime.customers.read() as connection:
        assert [one.version for one in applied_rules(connection)] == [2, 1]


def test_chosen_rules_stay_as_they_are(old_inn):
    chosen = rules_of(rules_of_before(held_above=7))
    made = book.save_version(old_inn.runtime, BY, chosen)
    book.apply_version(old_inn.runtime, BY, made.version)
    old_inn.work()
    assert renew_untouched(old_inn.runtime)
    book.pass_on_orders(old_inn.runtime)
    old_inn.work()
    assert in_force(old_inn) == msgspec.structs.replace(chosen, version=2)
    assert len(set(numbers(old_inn, "email:anna@googlemail.com", "email:anna@gmail.com"))) == 2


def test_a_new_installation_begins_with_the_newest_and_orders_nothing(make_workbench):
    inn = make_workbench()
    assert renew_untouched(inn.runtime)
    assert [one.version for one in book.versions(inn.runtime)] == [1]
    assert in_force(inn) == GraphRules()


def test_an_order_that_still_waits_in_the_log_means_what_it_meant():
    from stammgast.events.api import Order
    from stammgast.kernel.log import LogEntry

    facts = {"rules": msgspec.json.decode(rules_of_before(version=4)), "person": "Alice"}
    found = read_rules_order(Order("apply_identity_rules", facts=facts), LogEntry(5, 1, 1, "order", b"", b""))
    assert (found.rules.version, found.rules.built_in, found.rules.held_above_browsers) == (4, 1, None)
