"""Counting anew equals folding from the beginning, whatever comes in meanwhile: through the real log, SQLite and chDB."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stammgast.profiles import api
from tests.pipeline.mortal import hurry
from tests.pipeline.recounted import SMALL, all_states, decorated, listed, raise_versions

REAL = ("orders", "traits", "consent", "sessions", "products_seen", "channels", "accounts")


@pytest.fixture
def small_steps(monkeypatch):
    hurry(monkeypatch.setattr)
    for one in SMALL:
        monkeypatch.setattr(*one)


@pytest.fixture
def twins(make_workbench, settings, small_steps, monkeypatch):  # noqa: ARG001 - for both
    """One that counts anew, and one that folds all from the beginning."""
    one = make_workbench()
    other = make_workbench(
        replace(settings, data=settings.data.parent / "twin", history_url=f"{settings.history_url}_twin")
    )
    for each in (one, other):
        raise_versions(each.runtime, 1, (), monkeypatch.setattr)
        each.restart()
    yield one, other
    other.runtime.history.command(f"DROP DATABASE IF EXISTS {other.runtime.history.address.database} SYNC")


def counted(bench):
    found = api.recount(bench.runtime)
    return found.number, found.anchor, found.account, found.phase, found.state


def let_some_be_counted(bench, steps):
    """Turn the worker, which takes in what waits, until it has written some pieces."""
    bench.worker.turn()
    for _ in range(steps):
        before = counted(bench)
        while not bench.worker.is_settled() and counted(bench) == before:
            bench.worker.turn()


@given(st.integers(0, 2**32))
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_figures_counted_anew_are_those_of_a_fold_from_the_beginning(twins, counter, monkeypatch, seed):
    random = Random(seed)
    one, twin = twins
    number = next(counter)
    entries = decorated(random, number)
    for entry in entries:
        twin.log.append_sync(entry)
    twin.work()
    raised_at = random.sample(range(len(entries)), 2)
    for place, entry in enumerate(entries):
        one.log.append_sync(entry)
        if place in raised_at:
            names = random.sample(REAL, random.randint(0, 4))
            raise_versions(one.runtime, number * 100 + place + 2, names, monkeypatch.setattr)
            one.restart()
        elif random.random() < 0.03:
            one.restart()
        if random.random() < 0.7:
            let_some_be_counted(one, random.choice([0, 0, 1, 1, 3]))
    one.work()
    assert all_states(one.runtime) == all_states(twin.runtime)
    assert listed(one.runtime) == listed(twin.runtime)
