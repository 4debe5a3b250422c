"""Splits by people, again and again: numbers stay with whom they name best, and nobody is lost or counted twice."""

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stammgast.events.api import append_derived
from stammgast.events.contracts import OwnEvent
from stammgast.identity.deciding import Wish
from stammgast.identity.graph.numbering import FIRST_FRESH
from stammgast.identity.graph.rules import GraphRules
from stammgast.identity.store.numbers import load_bearers
from stammgast.kernel.sql import rows_of
from stammgast.profiles import api
from stammgast.whoiswho import curating
from stammgast.workspace.contracts import Actor
from tests.pipeline.contested import append, one_event, pieces, same_figures
from tests.pipeline.test_graph_law import same_as_canonical
from tests.whoiswho.rules.test_rules_law import in_force, order

BY = Actor("command", 0, "Alice")
VISITOR, CUSTOMER = ("anonymous_id", "browser"), ("user_id", "anna")


def wishes(random, prefix):
    """Return what people decide about a few people with much in common: mostly splits, and taking them back."""
    browsers, users = [f"{prefix}{one}" for one in "abcd"], [f"{prefix}{one}" for one in "vwxyz"]
    pairs = [("anonymous_id", one) for one in browsers] + [("user_id", one) for one in users]
    return [
        Wish(random.choice(["unmerge", "unmerge", "never", "merge", "merge", "allow"]), *random.sample(pairs, 2))
        for _ in range(random.randint(1, 4))
    ]


@given(st.integers(0, 2**32))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_splits_and_merges_by_people_keep_the_law(workbench, counter, seed):
    random, prefix = Random(seed), f"s{next(counter):06d}-"
    history = [one_event(random, prefix, f"{prefix}m{number:02d}") for number in range(random.randint(10, 40))]
    random.shuffle(history)
    for part in pieces(random, history):
        append(workbench, part)
        if random.random() < 0.6:
            append(workbench, wishes(random, prefix))
        if random.random() < 0.7:
            workbench.worker.turn()
        if random.random() < 0.1:
            workbench.restart()
    workbench.work()
    same_as_canonical(workbench)
    same_figures(workbench)
    if random.random() < 0.5:
        order(workbench, GraphRules(version=in_force(workbench).version + 1, held_above=random.choice([2, 10])))
        workbench.work()
        same_as_canonical(workbench, in_force(workbench))
        order(workbench, GraphRules(version=in_force(workbench).version + 1))
        workbench.work()
        same_as_canonical(workbench)


def test_numbers_change_hands_in_such_histories(workbench):
    random = Random(7)
    for place in range(6):
        prefix = f"t{place}-"
        history = [one_event(random, prefix, f"{prefix}m{number:02d}") for number in range(30)]
        for part in pieces(random, history):
            append(workbench, part)
            append(workbench, wishes(random, prefix))
            workbench.worker.turn()
    workbench.work()
    same_as_canonical(workbench)
    with workbench.runtime.customers.read() as connection:
        bearers = load_bearers(connection)
        living = {row[0] for row in rows_of(connection, "SELECT profile FROM customers")}
    assert any(number in living and number < FIRST_FRESH for number in bearers)
    assert any(number in living and number >= FIRST_FRESH for number in bearers)


def known_customer(workbench):
    """Let a visitor become a customer with an order; return the number."""
    workbench.take(
        {"type": "page", "anonymousId": "browser", "messageId": "p1"},
        {"type": "page", "anonymousId": "browser", "messageId": "p2"},
    )
    workbench.take(
        {"type": "identify", "anonymousId": "browser", "userId": "anna", "messageId": "i1"},
        {
            "type": "track",
            "event": "Order Completed",
            "userId": "anna",
            "messageId": "o1",
            "properties": {"total": 5, "currency": "EUR"},
        },
    )
    return workbench.profile("user_id:anna").profile


def split(workbench, *chosen):
    foreseen = curating.foresee_split(workbench.runtime, "user_id:anna", chosen)
    curating.split_profile(workbench.runtime, BY, "user_id:anna", chosen)
    workbench.work()
    return {one.profile: set(one.identifiers) for one in foreseen.after}


def test_the_number_stays_with_the_customer_when_a_browser_is_split_off(workbench):
    number = known_customer(workbench)
    foreseen = split(workbench, VISITOR)
    anna, visitor = workbench.profile("user_id:anna"), workbench.profile("anonymous_id:browser")
    assert anna.profile == number == workbench.profile(f"profile:{number}").profile
    assert visitor.profile == FIRST_FRESH
    assert foreseen == {number: {CUSTOMER}, FIRST_FRESH: {VISITOR}}
    assert (anna.features["orders"]["count"], visitor.features["events"]["total"]) == (1, 2)
    same_as_canonical(workbench)
    same_figures(workbench)
    workbench.restart()
    workbench.take({"type": "page", "anonymousId": "browser", "messageId": "p3"})
    assert workbench.profile(f"profile:{FIRST_FRESH}").features["events"]["total"] == 3


def test_it_is_the_same_split_on_the_other_side(workbench):
    number = known_customer(workbench)
    split(workbench, CUSTOMER)
    assert workbench.profile("user_id:anna").profile == number
    assert workbench.profile("anonymous_id:browser").profile == FIRST_FRESH


def test_taking_it_back_and_splitting_again_gives_the_same_numbers(workbench):
    number = known_customer(workbench)
    for _ in range(2):
        split(workbench, VISITOR)
        assert workbench.profile("anonymous_id:browser").profile == FIRST_FRESH
        curating.merge_profiles(workbench.runtime, BY, "user_id:anna", "anonymous_id:browser")
        workbench.work()
        assert workbench.profile("anonymous_id:browser").profile == number
        assert workbench.profile(f"profile:{FIRST_FRESH}").profile == number
        same_as_canonical(workbench)


def test_later_merges_and_splits_of_splits_leave_every_number_leading_somewhere_right(workbench):
    number = known_customer(workbench)
    split(workbench, VISITOR)
    workbench.take({"type": "identify", "anonymousId": "browser", "userId": "bob", "messageId": "b1"})
    bob = workbench.profile("user_id:bob").profile
    assert workbench.profile(f"profile:{FIRST_FRESH}").profile == bob
    workbench.take(
        {"type": "identify", "userId": "anna", "anonymousId": "phone", "messageId": "a2"},
        {"type": "page", "anonymousId": "phone", "messageId": "a3"},
    )
    split(workbench, ("anonymous_id", "phone"))
    phone = workbench.profile("anonymous_id:phone").profile
    assert workbench.profile("user_id:anna").profile == number
    assert len({phone, number, bob}) == 3
    curating.merge_profiles(workbench.runtime, BY, "user_id:bob", "user_id:anna")
    workbench.work()
    one = workbench.profile("user_id:anna").profile
    assert workbench.profile(f"profile:{number}").profile == one
    assert workbench.profile(f"profile:{FIRST_FRESH}").profile == one
    same_as_canonical(workbench)
    same_figures(workbench)


def test_what_stammgast_does_about_a_customer_stays_with_the_customer(workbench):
    number = known_customer(workbench)
    split(workbench, VISITOR)
    for profile in (number, FIRST_FRESH):
        message_id = f"own-{profile}"
        append_derived(
            workbench.runtime,
            [OwnEvent(origin="outgoing", profile=profile, name="Message Sent", message_id=message_id)],
        )
    workbench.work()

    def own(reference):
        events = api.timeline(workbench.runtime, workbench.profile(reference).anchors).events
        return [one.message_id for one in events if one.origin]

    assert own("user_id:anna") == [f"own-{number}"]
    assert own("anonymous_id:browser") == [f"own-{FIRST_FRESH}"]
