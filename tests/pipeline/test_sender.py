"""Each row reaches history exactly once, whatever becomes of an insert or of its answer."""

import threading

import pytest

from stammgast.events import orders
from stammgast.identity.deciding import Wish, decide_order
from stammgast.kernel.history import HistoryClient, HistoryRefused, HistoryUnavailable
from stammgast.profiles.history import rows_present
from tools.workbench import track


class Unreliable(HistoryClient):
    """The real history behind a connection that fails as told: one fault an insert of events, then none."""

    def __init__(self, url):
        super().__init__(url)
        self.faults = []
        self.killed = []
        self.sent = []

    def insert_json_lines(self, table, lines, *, query_id, columns=()):
        self.sent.append((table, query_id))
        fault = self.faults.pop(0) if self.faults and table == "events" else None
        if fault == "nothing arrives":
            raise HistoryUnavailable(reason="test")
        if fault == "half arrives":
            single = lines.splitlines(keepends=True)
            super().insert_json_lines(table, b"".join(single[::2]), query_id=query_id, columns=columns)
            raise HistoryUnavailable(reason="test")
        written = super().insert_json_lines(table, lines, query_id=query_id, columns=columns)
        if fault == "the answer is lost":
            raise HistoryUnavailable(reason="test")
        return written

    def kill(self, query_id_prefix):
        self.killed.append(query_id_prefix)
        super().kill(query_id_prefix)


@pytest.fixture
def unreliable(workbench):
    """A workbench whose worker delivers through an unreliable connection."""
    workbench.worker.close()
    workbench.runtime.history = Unreliable(workbench.settings.history_url)
    workbench.restart()
    return workbench


def logins(count, start=0):
    return [track("anna", "Login", f"m{number:03d}") for number in range(start, start + count)]


def ids(workbench):
    return [message_id for (message_id,) in workbench.rows("message_id")]


@pytest.mark.parametrize("fault", ["nothing arrives", "half arrives", "the answer is lost"])
def test_a_failed_insert_is_completed_without_a_row_twice(unreliable, fault):
    unreliable.runtime.history.faults = [fault]
    unreliable.take(*logins(9))
    assert ids(unreliable) == [f"m{number:03d}" for number in range(9)]
    assert unreliable.runtime.history.killed


@pytest.mark.parametrize("faults", [["half arrives", "half arrives", "the answer is lost"], ["nothing arrives"] * 4])
def test_recovering_may_fail_itself_any_number_of_times(unreliable, faults):
    unreliable.runtime.history.faults = faults
    unreliable.take(*logins(9))
    unreliable.take(*logins(3, start=9))
    assert ids(unreliable) == [f"m{number:03d}" for number in range(12)]


def test_what_waits_at_the_start_is_looked_for_before_it_is_sent(unreliable):
    history = unreliable.runtime.history
    history.faults = ["half arrives", *["nothing arrives"] * 99]
    unreliable.send(*logins(9))
    while unreliable.worker.position < unreliable.log.head():
        unreliable.worker.turn()
    while len(history.faults) > 98:
        threading.Event().wait(0.01)
    unreliable.worker.close()
    history.faults.clear()
    before = len(rows_present(history, 1))
    assert 0 < before < 9
    unreliable.restart()
    unreliable.work()
    assert len(rows_present(history, 1)) == 9
    assert len(ids(unreliable)) == 9


def test_a_clean_insert_is_sent_once_and_nothing_is_killed(unreliable):
    unreliable.take(*logins(5))
    history = unreliable.runtime.history
    assert [table for table, _ in history.sent] == ["events"]
    assert history.killed == []


def test_small_batches_that_wait_together_go_in_one_insert(unreliable):
    unreliable.worker._sender._stopping.set()  # Nothing is sent while they pile up.
    for number in range(5):
        unreliable.send(*logins(2, start=2 * number))
        while unreliable.worker.position < unreliable.log.head():
            unreliable.worker.turn()
    unreliable.restart()
    unreliable.work()
    assert len(ids(unreliable)) == 10


def test_a_row_that_history_refuses_is_kept_without_its_properties(unreliable):
    history = unreliable.runtime.history
    insert = history.insert_json_lines

    def refuse_odd(table, lines, *, query_id, columns=()):
        if b'"odd":' in lines:
            raise HistoryRefused(history_code=117, reason="test")
        return insert(table, lines, query_id=query_id, columns=columns)

    history.insert_json_lines = refuse_odd
    unreliable.take(*logins(4), track("anna", "Odd", "odd", odd=1), *logins(4, start=4))
    assert len(ids(unreliable)) == 9
    ((flags, raw),) = unreliable.rows("flags, raw", "message_id = 'odd'")
    assert flags == ["properties_unfit"]
    assert '"odd":1' in raw


def test_parcels_beyond_the_memory_limit_are_read_from_the_outbox(unreliable, monkeypatch):
    monkeypatch.setattr("stammgast.pipeline.sender.WAITING_BYTES_MAX", 1)
    for number in range(6):
        unreliable.send(*logins(3, start=3 * number))
        while unreliable.worker.position < unreliable.log.head():
            unreliable.worker.turn()
    unreliable.work()
    assert len(ids(unreliable)) == 18


def test_nothing_is_settled_before_moves_without_events_are_delivered(unreliable):
    unreliable.take({"type": "page", "userId": "anna"}, {"type": "page", "userId": "bert"})
    history, may_go = unreliable.runtime.history, threading.Event()
    insert = history.insert_json_lines

    def wait(table, lines, **how):
        assert may_go.wait(30)
        return insert(table, lines, **how)

    history.insert_json_lines = wait
    wish = Wish("merge", ("user_id", "anna"), ("user_id", "bert"))
    unreliable.log.append_sync(orders.order_entry(decide_order([wish], "Alice")))
    while unreliable.worker.position < unreliable.log.head() or not unreliable.worker._projection.is_clean:
        unreliable.worker.turn()
    assert not unreliable.worker.is_settled()
    may_go.set()
    unreliable.work()
    assert history.query("SELECT uniqExact(profile_of(anchor)) FROM events") == [(1,)]
