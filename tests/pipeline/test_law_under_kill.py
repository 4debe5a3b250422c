"""Who is who does not depend on who dies: contested histories through the real log, SQLite and chDB, workers killed."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stammgast.identity.deciding import Wish
from stammgast.kernel.sql import rows_of
from stammgast.pipeline.crash import GRAPH_POINTS, POINTS
from tests.pipeline.contested import append, happenings, pieces, same_figures
from tests.pipeline.mortal import MortalBench
from tests.pipeline.test_graph_law import same_as_canonical
from tools.workbench import track

pytestmark = pytest.mark.slow

EVERYWHERE = POINTS + GRAPH_POINTS
STEPS_OF_RECOVERY = {"in_recovery": "committed", "recovered": "committed"}
"""Passed only by a worker that finds something in the outbox: one must have died there before."""


@pytest.fixture
def make_mortal(make_workbench):
    """Return a function that opens a workbench whose worker dies."""
    made = []

    def make(given):
        make_workbench(given).close()
        made.append(MortalBench(given))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def mortal(make_mortal, settings):
    return make_mortal(replace(settings, worker_batch=6))


def send(mortal, random, history):
    """Put a history into the log in entries so small that each is a batch or two are."""
    for part in pieces(random, history, most=5):
        append(mortal, part)


@pytest.mark.parametrize("point", EVERYWHERE)
def test_a_worker_that_dies_at_each_step_leaves_the_canonical_profiles_and_their_figures(mortal, point):
    random = Random(point)
    for number in range(2):
        send(mortal, random, happenings(random, f"{point}{number}-"))
        if point in STEPS_OF_RECOVERY:
            mortal.live(STEPS_OF_RECOVERY[point])
        for passes in (1, 2):
            mortal.live(point, passes=passes)
    mortal.work()
    assert point in mortal.deaths
    same_as_canonical(mortal)
    assert same_figures(mortal)


@given(st.integers(0, 2**32))
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_wherever_workers_die_profiles_and_figures_are_those_of_the_law(mortal, counter, seed):
    random = Random(seed)
    for part in pieces(random, happenings(random, f"k{next(counter):06d}-"), most=20):
        send(mortal, random, part)
        mortal.live(random.choice(EVERYWHERE), passes=random.randint(1, 3))
    mortal.work()
    same_as_canonical(mortal)
    same_figures(mortal)


def test_merges_and_splits_are_among_what_the_killed_worker_had_to_do(mortal):
    random = Random(7)
    for number in range(4):
        for part in pieces(random, happenings(random, f"z{number}-"), most=20):
            send(mortal, random, part)
            mortal.live(random.choice(["in_graph", "in_commit", "committed", "moved"]), passes=random.randint(1, 2))
    send(mortal, random, [track("anna", "Login", "1"), track("bob", "Login", "2")])
    append(mortal, [Wish("never", ("user_id", "anna"), ("user_id", "bob"))])
    both = {"email": "beide@laden.de"}
    append(
        mortal, [{"type": "identify", "userId": one, "messageId": f"{one}s", "traits": both} for one in ("anna", "bob")]
    )
    mortal.live("in_graph", passes=2)
    mortal.work()
    found = same_as_canonical(mortal)
    same_figures(mortal)
    assert {one.reason for one in found.refusals} >= {"limit", "separated"}
    with mortal.runtime.customers.read() as connection:
        assert {kind for (kind,) in rows_of(connection, "SELECT DISTINCT kind FROM merges")} == {"merge", "split"}
        assert rows_of(connection, "SELECT value FROM held")
    assert len(mortal.deaths) > 4
