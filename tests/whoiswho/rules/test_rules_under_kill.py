"""Rules are put in force once and wholly, wherever the worker dies over it, and whatever comes in meanwhile."""

import os
import signal
from random import Random

import pytest

from stammgast.app import migrate, open_runtime
from stammgast.identity.rulebook import carrying_out, progress
from stammgast.kernel import clock
from stammgast.kernel.log import LogReader
from stammgast.kernel.sql import rows_of
from stammgast.pipeline import crash
from stammgast.pipeline.runner import NAME, Worker
from tests.pipeline import mortal
from tests.pipeline.test_graph_law import same_as_canonical, some_happenings, take_in_pieces
from tests.whoiswho.rules.test_rules_law import in_force, order, some_rules
from tools.workbench import Workbench


def live_beside(settings, point, environ):
    """Work with a process beside the worker even for a small graph; die at `point`, there or here."""
    os.environ.update(environ)
    carrying_out.SMALL_GRAPH = 0
    if point:
        crash.die_at(point)
    mortal.hurry()
    runtime = open_runtime(settings, "worker")
    reader = LogReader(settings.log_dir, NAME)
    worker = Worker(runtime)
    head = reader.head()
    while worker.position < head or not worker.is_settled():
        worker.turn()
    worker.close()
    reader.close()
    runtime.close()


@pytest.fixture
def histories(settings):
    """Return a bench with a history in it, ordered rules, and a history behind them that nobody has read yet."""
    migrate(settings)
    random = Random(11)
    first = Workbench(settings)
    take_in_pieces(first, some_happenings(random, "k-"), random)
    first.close()
    bench = mortal.MortalBench(settings)
    rules = some_rules(random, 2)
    order(bench, rules)
    after = [one for one in some_happenings(random, "k-") if isinstance(one, dict)]
    bench.send(*after, received_at=1_790_000_000_000)
    yield bench, rules
    bench.close()


def settled(bench, rules):
    """Compare with the law, and look that the change took effect once."""
    assert in_force(bench) == rules
    same_as_canonical(bench, rules)
    with bench.runtime.customers.read() as connection:
        assert rows_of(connection, "SELECT version, state FROM applied_rules ORDER BY number") == [
            (1, "past"),
            (2, "in_force"),
        ]


@pytest.mark.parametrize("point", ["committed", "in_rules", "rules_written", "in_listing", "moved"])
def test_rules_for_a_small_graph_survive_a_death_anywhere(histories, point):
    bench, rules = histories
    assert bench.live(point)
    bench.work()
    settled(bench, rules)


@pytest.mark.parametrize("point", ["rules_read", "rules_written"])
def test_rules_carried_out_beside_the_worker_survive_its_death(histories, point):
    bench, rules = histories
    life = mortal._forking.Process(target=live_beside, args=(bench.settings, point, {}))
    life.start()
    life.join(mortal.SLOT)
    assert life.exitcode == -signal.SIGKILL
    bench.work()
    settled(bench, rules)


def test_the_worker_tries_again_when_the_process_beside_it_dies_over_its_transaction(histories):
    bench, rules = histories
    life = mortal._forking.Process(target=live_beside, args=(bench.settings, "", {crash.VARIABLE: "in_rules"}))
    life.start()
    deadline = clock.monotonic() + mortal.SLOT
    while progress.read_rules_progress(bench.settings.run_dir) is None:
        assert clock.monotonic() < deadline, "the process beside the worker never begins"
        life.join(0.1)
    assert life.is_alive(), "the worker outlives the process beside it"
    assert in_force(bench).version == 1
    life.kill()
    life.join()
    bench.work()
    settled(bench, rules)
