"""Every event that was answered 200 is in history exactly once and in its profile exactly once, whatever is killed when."""

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from zlib import crc32

import pytest

from stammgast.app import open_history
from stammgast.kernel.settings import Settings
from stammgast.pipeline.crash import POINTS, VARIABLE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CUSTOMERS = 25
BATCH = 20
KILLS = 20
PROCESSES = ("web", "worker", "warehouse")
STEP_IN_RECOVERY = {"in_recovery", "recovered"}
"""Passed only when something waits in the outbox at the start, or after an answer that was not clean."""


@dataclass
class Load:
    """Senders that never give up: a batch is sent again, with the same message ids, until it is answered 200."""

    installation: object
    write_key: str
    accepted: dict = field(default_factory=dict)
    """message id -> customer, of every event answered 200."""

    def __post_init__(self):
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(2)]
        for one in self._threads:
            one.start()

    def _send(self, number):
        serial = 0
        while not self._stopping.is_set():
            batch = [self._event(f"m-{number}-{serial}-{place}") for place in range(BATCH)]
            serial += 1
            while not self._is_accepted(batch):
                time.sleep(0.05)
            self.accepted |= {one["messageId"]: one["userId"] for one in batch}
            time.sleep(0.02)

    @staticmethod
    def _event(message_id):
        customer = f"customer-{crc32(message_id.encode()) % CUSTOMERS}"
        properties = {"order_id": message_id, "total": 1, "currency": "EUR"}
        return {
            "type": "track",
            "event": "Order Completed",
            "userId": customer,
            "messageId": message_id,
            "properties": properties,
        }

    def _is_accepted(self, batch):
        try:
            status, _ = self.installation.ask("/v1/batch", body={"writeKey": self.write_key, "batch": batch})
        except OSError:
            return False
        return status == 200

    def stop(self):
        self._stopping.set()
        for one in self._threads:
            one.join(120)
            assert not one.is_alive(), "a batch was never accepted"


def check_exactly_once(installation, load, token):
    installation.wait_until_processed(token, patience=120)
    wanted = Counter(load.accepted.values())
    rows = history_rows(installation, len(load.accepted))
    assert {message_id: count for message_id, count in rows.items() if count != 1} == {}
    assert set(rows) == set(load.accepted)
    for customer, count in wanted.items():
        status, profile = installation.ask(f"/api/profiles/user_id:{customer}", token)
        assert status == 200
        assert profile["features"]["orders"] == count, customer


def history_rows(installation, expected, patience=60.0):
    """Return message id -> rows in history, once as many are there as expected (delivery follows the commit)."""
    history = open_history(Settings(data=installation.data))
    deadline = time.monotonic() + patience
    try:
        while True:
            rows = dict(history.query("SELECT message_id, count() FROM events GROUP BY message_id"))
            if len(rows) >= expected or time.monotonic() > deadline:
                time.sleep(1.0)  # a row too many would come now
                return dict(history.query("SELECT message_id, count() FROM events GROUP BY message_id"))
            time.sleep(0.2)
    finally:
        history.close()


def test_nothing_is_lost_and_nothing_counts_twice_when_processes_are_killed_at_random(new_installation):
    chance = random.Random(20111209)
    installation = new_installation()
    installation.start()
    token = installation.token()
    load = Load(installation, installation.source())
    for number in range(KILLS):
        process = PROCESSES[number % len(PROCESSES)]
        wait_until_running(installation, process)
        time.sleep(chance.uniform(0.2, 1.5))
        installation.kill(process)
    wait_until_running(installation, "web")
    load.stop()
    check_exactly_once(installation, load, token)
    assert sum(restarts(installation).values()) == KILLS
    assert len(load.accepted) >= 20 * BATCH


def test_nothing_is_lost_and_nothing_counts_twice_when_the_power_fails(new_installation):
    installation = new_installation()
    installation.start()
    token = installation.token()
    load = Load(installation, installation.source())
    for _ in range(3):
        time.sleep(1.0)
        installation.kill("supervisor")  # takes every process with it, all at once
        installation.start()
    load.stop()
    check_exactly_once(installation, load, token)


@pytest.mark.parametrize("point", POINTS)
def test_nothing_is_lost_and_nothing_counts_twice_when_the_worker_dies_at_each_step(new_installation, point):
    installation = new_installation(environ={VARIABLE: f"{point}:2"})
    installation.start()
    token = installation.token()
    load = Load(installation, installation.source())
    if point in STEP_IN_RECOVERY:
        installation.kill("warehouse")
    died = wait_for_death(installation)
    installation.kill("supervisor")
    installation.forget(VARIABLE)
    installation.start()
    load.stop()
    assert died, f"the worker never came to {point}"
    check_exactly_once(installation, load, token)


def restarts(installation):
    """Return process -> how often it ended and was started again."""
    told = (installation.data / "run" / "restarts").read_text().split()
    return dict(zip(told[::2], map(int, told[1::2]), strict=True))


def wait_until_running(installation, process, patience=120.0):
    deadline = time.monotonic() + patience
    while installation.pid(process) is None:
        assert time.monotonic() < deadline, f"{process} did not come back"
        time.sleep(0.02)


def wait_for_death(installation, patience=120.0):
    """Wait until the worker has ended at least once; the supervisor counts."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if restarts(installation).get("worker"):
            return True
        time.sleep(0.1)
    return False
