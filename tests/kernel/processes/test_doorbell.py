import threading
import time

import pytest

from stammgast.kernel.processes.doorbell import Doorbell, Ringer, ring


@pytest.fixture
def doorbell(tmp_path):
    doorbell = Doorbell.listen(tmp_path, "worker")
    yield doorbell
    doorbell.close()


def test_a_ring_wakes_the_listener_at_once(tmp_path, doorbell):
    threading.Timer(0.05, ring, (tmp_path, "worker")).start()
    begun = time.monotonic()
    assert doorbell.wait(60.0) is True
    assert time.monotonic() - begun < 30.0


def test_waiting_without_a_ring_ends_after_the_timeout(doorbell):
    assert doorbell.wait(0.01) is False


def test_rings_that_pile_up_count_as_one(tmp_path, doorbell):
    ringer = Ringer(tmp_path, "worker")
    for _ in range(200_000):  # more than the pipe holds
        assert ringer.ring() is True
    ringer.close()
    assert doorbell.wait(0) is True
    assert doorbell.wait(0) is False


def test_ringing_where_nobody_listens_says_so_and_does_no_harm(tmp_path):
    assert ring(tmp_path, "worker") is False


def test_a_ringer_goes_on_when_its_listener_comes_back(tmp_path):
    ringer = Ringer(tmp_path, "worker")
    first = Doorbell.listen(tmp_path, "worker")
    assert ringer.ring() is True
    first.close()
    assert ringer.ring() is False
    second = Doorbell.listen(tmp_path, "worker")
    assert ringer.ring() is True
    assert second.wait(0) is True
    second.close()
    ringer.close()


def test_a_plain_file_in_the_doorbells_place_is_replaced(tmp_path):
    (tmp_path / "worker.bell").write_text("left behind by a restore")
    doorbell = Doorbell.listen(tmp_path, "worker")
    assert ring(tmp_path, "worker") is True
    doorbell.close()
