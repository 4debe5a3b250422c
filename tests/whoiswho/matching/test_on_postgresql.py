"""Suggestions and what is decided about them, kept by a real PostgreSQL."""

from dataclasses import replace

import pytest

from stammgast.app import migrate
from stammgast.whoiswho.matching import gathering, reviewing, store
from stammgast.whoiswho.matching.scoring import Part
from stammgast.whoiswho.matching.store import Filter, NewSuggestion
from stammgast.workspace.contracts import Actor
from tools.workbench import Workbench

ALICE = Actor("user", 1, "Alice")
PARTS = (Part("first_name", "same", 7.0), Part("birth_date", "same", 11.0))


@pytest.fixture
def bench(settings, postgres_url):
    settings = replace(settings, state_url=postgres_url)
    migrate(settings)
    bench = Workbench(settings)
    yield bench
    bench.close()


@pytest.mark.postgres
def test_the_review_does_the_same_on_postgresql(bench):
    told = {"firstName": "Anna", "birthday": "9.4.1956", "loyalty_card": "KD-4711"}
    bench.take(*({"type": "identify", "userId": f"u{n}", "messageId": f"m{n}", "traits": told} for n in range(4)))
    records, profiles = gathering.gather_records(bench.runtime)
    assert (len(records), profiles) == (4, 4)
    assert {one.birth_date for one in records} == {"1956-04-09"}
    numbers = [one.profile for one in records]
    found = [NewSuggestion(numbers[0], other, 8.0, 8.0, 0.99, PARTS) for other in numbers[1:]]
    with bench.runtime.control.write() as connection:
        run = store.add_run(connection, version=1, made_by="Alice", created_at=1)
        assert store.replace_open(connection, run, 1, -10.0, found) == 3
        assert store.replace_open(connection, run, 1, -10.0, [*found, found[0]]) == 3
    first, second, third = reviewing.list_suggestions(bench.runtime, Filter(bits_min=1.0, bits_max=9.0), limit=9)
    assert reviewing.neighbours(bench.runtime, Filter(), second) == (first.id, third.id)
    reviewing.accept(bench.runtime, ALICE, first.id)
    reviewing.refuse(bench.runtime, ALICE, second.id)
    bench.work()
    assert bench.profile("user_id:u0").profile == bench.profile(f"profile:{first.other}").profile
    reviewing.follow_merges(bench.runtime)
    assert reviewing.count_by_state(bench.runtime) == {"accepted": 1, "refused": 1, "open": 1}
    assert gathering.forbidden_pairs(bench.runtime, [(second.one, second.other)]) != set()
    with bench.runtime.control.read() as connection:
        assert len(store.decided_examples(connection, 1)) == 2
