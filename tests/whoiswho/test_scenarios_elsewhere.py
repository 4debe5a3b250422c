"""The scenarios of who is who again: with everything arriving in the opposite order, and on PostgreSQL."""

import inspect
import os
import shutil
import time
from dataclasses import replace
from random import Random

import pytest

from stammgast.app import migrate_state
from stammgast.kernel.history import HistoryClient
from stammgast.kernel.log import LogReader
from stammgast.kernel.settings import Settings
from stammgast.kernel.sql import rows_of
from tests.pipeline.contested import append, happenings, pieces, same_figures
from tests.pipeline.test_graph_law import same_as_canonical
from tests.whoiswho import test_who_is_who as scenarios

NAMED = {
    name.removeprefix("test_"): told
    for name, told in vars(scenarios).items()
    if name.startswith("test_") and list(inspect.signature(told).parameters) == ["people"]
}


@pytest.fixture
def settings_of_another(tmp_path, history_server, migrated_state):
    """Settings of a second new installation beside the first."""
    database = f"t{os.getpid()}_{time.monotonic_ns()}"
    settings = Settings(data=tmp_path / "another", history_url=f"{history_server}/{database}")
    shutil.copytree(migrated_state, settings.state_dir)
    yield settings
    client = HistoryClient(f"{history_server}/default")
    client.command(f"DROP DATABASE IF EXISTS {database} SYNC")
    client.close()


@pytest.fixture(scope="module")
def migrated_postgres(postgres, tmp_path_factory):
    """Name of a database that is up to date, to be copied."""
    import psycopg

    name = f"migrated{time.monotonic_ns()}"
    with psycopg.connect(f"{postgres}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    migrate_state(Settings(data=tmp_path_factory.mktemp("postgres"), state_url=f"{postgres}/{name}"))
    return name


@pytest.fixture
def on_postgres(settings, postgres, migrated_postgres):
    """Settings of an installation whose state is in a PostgreSQL database of its own."""
    import psycopg

    name = f"t{time.monotonic_ns()}"
    with psycopg.connect(f"{postgres}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {migrated_postgres}")
        yield replace(settings, state_url=f"{postgres}/{name}")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def who_is_who(bench):
    """Return what does not depend on the order: profiles, who is held, and what was left out where."""
    with bench.runtime.customers.read() as connection:
        profiles = {}
        for profile, *pair in rows_of(connection, "SELECT profile, namespace, value FROM identifiers"):
            profiles.setdefault(profile, set()).add(tuple(pair))
        nobodys = frozenset(profiles.pop(0, ()))
        refusals = rows_of(connection, "SELECT kept_value, left_value, time, message_id, reason FROM refusals")
        held = rows_of(connection, "SELECT namespace, value FROM held")
    people_of = {profile: frozenset(pairs) for profile, pairs in profiles.items()}
    moments = bench.runtime.history.query("SELECT message_id, profile_of(anchor) FROM events WHERE anchor > 0")
    return (
        set(people_of.values()),
        nobodys,
        sorted(refusals),
        sorted(held),
        {(message_id, people_of.get(profile)) for message_id, profile in moments},
    )


def entries_of(bench):
    reader = LogReader(bench.settings.log_dir, "reading-again")
    found, position = [], 0
    while part := reader.read(position, 1_000):
        found += part
        position = part[-1].position
    reader.close()
    return found


@pytest.mark.parametrize("name", NAMED)
def test_a_scenario_ends_the_same_when_all_of_it_arrives_in_the_opposite_order(
    name, workbench, make_workbench, settings_of_another
):
    NAMED[name](scenarios.People(workbench))
    backwards = make_workbench(settings_of_another)
    for entry in reversed(entries_of(workbench)):
        backwards.log.append_sync(entry)
        backwards.worker.turn()
    backwards.work()
    assert who_is_who(backwards) == who_is_who(workbench)
    same_as_canonical(backwards)
    same_figures(backwards)


@pytest.mark.postgres
@pytest.mark.parametrize("name", NAMED)
def test_a_scenario_holds_on_postgresql(name, make_workbench, on_postgres):
    bench = make_workbench(on_postgres)
    NAMED[name](scenarios.People(bench))
    same_as_canonical(bench)
    same_figures(bench)


@pytest.mark.postgres
def test_contested_histories_keep_the_law_on_postgresql(make_workbench, on_postgres):
    bench = make_workbench(on_postgres)
    for seed in range(5):
        random = Random(seed)
        for part in pieces(random, happenings(random, f"p{seed}-")):
            append(bench, part)
            bench.worker.turn()
    bench.work()
    found = same_as_canonical(bench)
    assert same_figures(bench)
    assert {one.reason for one in found.refusals} >= {"limit"}
    with bench.runtime.customers.read() as connection:
        assert {kind for (kind,) in rows_of(connection, "SELECT DISTINCT kind FROM merges")} == {"merge", "split"}
        assert rows_of(connection, "SELECT value FROM held")
        assert rows_of(connection, "SELECT decision FROM decisions")
