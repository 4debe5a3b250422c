"""A user id that everybody has joins nobody: a placeholder from the first event on, another word once it met too many."""

from random import Random

import pytest

from stammgast.identity.graph.rules import GraphRules
from stammgast.identity.store import contests, graph
from stammgast.kernel.sql import rows_of
from stammgast.web.http import iso_time
from stammgast.whoiswho.curating import release_identifier
from stammgast.whoiswho.rules import trials
from stammgast.whoiswho.tracing.holding import held_identifiers
from stammgast.workspace.contracts import Actor
from tests.pipeline.test_graph_law import same_as_canonical

BY = Actor("command", 0, "Alice")
MIDNIGHT = 1_789_948_800_000
"""2026-09-21 00:00 UTC."""
MINUTE = 60_000


def browsers(many, user, *, mails=True, minutes=range(10_000), place="b"):
    """Return an event of each of many browsers that say `identify(user, {email: its own})`."""
    return [
        {
            "type": "identify",
            "messageId": f"{place}{number:03d}",
            "anonymousId": f"{place}-{number:03d}",
            "userId": user,
            "traits": {"email": f"{place}{number}@shop.de"} if mails else {},
            "originalTimestamp": iso_time(MIDNIGHT + minutes[number] * MINUTE),
        }
        for number in range(many)
    ]


def people(workbench):
    with workbench.runtime.customers.read() as connection:
        return {row[0] for row in rows_of(connection, "SELECT profile FROM customers")}


def held(workbench):
    with workbench.runtime.customers.read() as connection:
        return {(one.namespace, one.value) for one in contests.load_held(connection)}


@pytest.mark.parametrize("user", ["distinct_id", "{{ user.id }}", "[object Object]"])
def test_sixty_browsers_that_send_a_variables_name_stay_sixty_people(workbench, user):
    workbench.take(*browsers(60, user))
    assert len(people(workbench)) == 60
    assert not held(workbench)
    assert len({workbench.profile(f"email:b{number}@shop.de").profile for number in range(60)}) == 60


@pytest.mark.parametrize("size", [60, 7, 1])
def test_sixty_browsers_that_all_say_kunde_are_sixty_people_however_they_come(workbench, size):
    events = browsers(60, "kunde")
    Random(size).shuffle(events)
    for start in range(0, 60, size):
        workbench.send(*events[start : start + size])
        workbench.worker.turn()
    workbench.take(*events[:5])
    assert held(workbench) == {("user_id", "kunde")}
    assert len(people(workbench)) == 60
    same_as_canonical(workbench)
    ((found,), total) = held_identifiers(workbench.runtime)
    assert (total, found.of, found.met, found.day) == (1, "email", 60, MIDNIGHT // 86_400_000)


def test_what_meets_too_many_late_lets_go_of_whom_it_had_joined(workbench):
    early = browsers(20, "kunde", place="early")
    workbench.take(*early)
    assert not held(workbench)
    shared = workbench.profile("anonymous_id:early-000").profile
    assert shared == workbench.profile("anonymous_id:early-019").profile
    workbench.take(*browsers(1, "kunde", place="late"))
    assert held(workbench) == {("user_id", "kunde")}
    assert len(people(workbench)) == 21
    same_as_canonical(workbench)


def test_a_days_end_in_event_time_begins_the_count_anew(workbench):
    minutes = [number * 48 for number in range(60)]  # thirty on each of two days
    workbench.take(*browsers(40, "kunde", minutes=[number * 72 for number in range(60)]))
    assert not held(workbench), "twenty a day are as many as the rules allow"
    workbench.take(*browsers(60, "kunde", minutes=minutes, place="c"))
    assert held(workbench) == {("user_id", "kunde")}


def test_browsers_alone_are_counted_more_generously(workbench):
    workbench.take(*browsers(200, "callcentre", mails=False))
    assert not held(workbench)
    assert len(people(workbench)) == 1
    workbench.take(*browsers(1, "callcentre", mails=False, place="c"))
    assert held(workbench) == {("user_id", "callcentre")}
    assert len(people(workbench)) == 201
    same_as_canonical(workbench)


def test_a_person_releases_it_and_it_is_one_customer_again(workbench):
    workbench.take(*browsers(30, "kunde"))
    assert len(people(workbench)) == 30
    release_identifier(workbench.runtime, BY, ("user_id", "kunde"))
    workbench.work()
    assert not held(workbench)
    with workbench.runtime.customers.read() as connection:
        owners = graph.load_owners(connection, [("anonymous_id", f"b-{number:03d}") for number in range(30)])
    assert len(set(owners.values())) == 1
    same_as_canonical(workbench)


def test_a_dry_run_tells_whom_other_numbers_would_hold(workbench):
    workbench.take(*browsers(15, "kunde"))
    effect = trials.try_rules(workbench.runtime, GraphRules(held_above_limited=10))
    assert (effect.held, effect.profiles_before, effect.profiles_after) == (1, 1, 15)
    effect = trials.try_rules(workbench.runtime, GraphRules(held_above_browsers=14))
    assert (effect.held, effect.profiles_after) == (1, 15)
    assert trials.try_rules(workbench.runtime, GraphRules()).is_nothing
