"""Who is who under fire: contested traffic and people's decisions over HTTP, while every process is killed at random."""

import random
import threading
import time

import pytest

from stammgast.app import open_runtime
from stammgast.kernel.settings import Settings
from stammgast.kernel.sql import rows_of
from stammgast.pipeline.crash import GRAPH_POINTS, VARIABLE
from tests.e2e.test_faults import history_rows, restarts, wait_for_death, wait_until_running
from tests.pipeline.contested import at_the_till, one_event, same_figures
from tests.pipeline.test_graph_law import same_as_canonical

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

KILLS = ("worker", "web", "worker", "warehouse", "worker", "worker", "web", "warehouse", "worker")
HOUSEHOLDS = 6
BATCH = 20


class Fire:
    """A sender that never gives up, and a person who merges and splits what they see."""

    def __init__(self, installation, write_key, token):
        self.installation = installation
        self.accepted = set()
        self.decided = 0
        self._write_key = write_key
        self._token = token
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=one) for one in (self._send, self._decide)]
        for one in self._threads:
            one.start()

    def stop(self):
        self._stopping.set()
        for one in self._threads:
            one.join(120)
            assert not one.is_alive(), "a request was never answered"

    def _send(self):
        chance = random.Random(3)
        serial = 0
        while not self._stopping.is_set():
            batch = [self._event(chance, serial + place) for place in range(BATCH)]
            serial += BATCH
            body = {"writeKey": self._write_key, "batch": [*batch, *chance.choices(batch, k=2)]}
            while self._ask("/v1/batch", body) != 200:
                time.sleep(0.05)
            self.accepted |= {one["messageId"] for one in batch}
            time.sleep(0.05)

    @staticmethod
    def _event(chance, number):
        household = f"h{chance.randrange(HOUSEHOLDS)}-"
        event = one_event(chance, household, f"m{number:05d}")
        if chance.random() < 0.1:
            event = at_the_till(household, chance.randrange(15)) | {"messageId": f"m{number:05d}"}
        return event

    def _decide(self):
        chance = random.Random(4)
        while not self._stopping.is_set():
            household = f"h{chance.randrange(HOUSEHOLDS)}-"
            one, two = (f"{kind}:{household}{name}" for kind, name in (("user_id", "x"), ("anonymous_id", "a")))
            order, body = ("merge", {"other": two}) if chance.random() < 0.5 else ("unmerge", {"identifiers": [two]})
            # What is no order by now (they are one already, or never seen) is refused; the next one may be good.
            self.decided += self._ask(f"/api/profiles/{one}/{order}", body) == 202
            time.sleep(0.2)

    def _ask(self, path, body):
        try:
            return self.installation.ask(path, self._token if path.startswith("/api") else "", body=body)[0]
        except OSError:
            return 0


class Opened:
    """A running installation's stores, shaped as what a workbench offers to laws."""

    def __init__(self, installation):
        self.runtime = open_runtime(Settings(data=installation.data), "web")


def keeps_the_law(installation, fire, token, patience=60.0):
    """Check everything that is stored; the list of customers and history's map may take some seconds to follow."""
    installation.wait_until_processed(token, patience=120)
    assert history_rows(installation, len(fire.accepted)) == dict.fromkeys(fire.accepted, 1)
    opened = Opened(installation)
    deadline = time.monotonic() + patience
    try:
        while True:
            try:
                return same_as_canonical(opened), same_figures(opened), kinds_of_turns(opened)
            except AssertionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
    finally:
        opened.runtime.close()


def kinds_of_turns(opened):
    with opened.runtime.customers.read() as connection:
        return {kind for (kind,) in rows_of(connection, "SELECT DISTINCT kind FROM merges")}


def test_who_is_who_is_right_after_every_process_was_killed_at_random_under_contested_traffic(new_installation):
    chance = random.Random(20111209)
    installation = new_installation()
    installation.start()
    token = installation.token()
    fire = Fire(installation, installation.source(), token)
    for process in KILLS:
        wait_until_running(installation, process)
        time.sleep(chance.uniform(0.2, 1.2))
        installation.kill(process)
    wait_until_running(installation, "web")
    fire.stop()
    found, profiles, turns = keeps_the_law(installation, fire, token)
    # Some kills find their process still on its way back from the one before.
    assert sum(restarts(installation).values()) > len(KILLS) // 2
    assert len(fire.accepted) >= 10 * BATCH
    assert fire.decided
    assert found.refusals
    assert profiles
    assert turns == {"merge", "split"}


@pytest.mark.parametrize("point", GRAPH_POINTS)
def test_who_is_who_is_right_after_the_worker_died_inside_a_merge(new_installation, point):
    installation = new_installation(environ={VARIABLE: f"{point}:3"})
    installation.start()
    token = installation.token()
    fire = Fire(installation, installation.source(), token)
    died = wait_for_death(installation)
    installation.kill("supervisor")
    installation.forget(VARIABLE)
    installation.start()
    fire.stop()
    assert died, f"the worker never came to {point}"
    keeps_the_law(installation, fire, token)
