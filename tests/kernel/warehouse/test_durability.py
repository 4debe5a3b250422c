"""What survives: a kill of the process, a restart, the machine's limits while nothing happens."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from types import SimpleNamespace

import pytest

from stammgast.kernel.errors import StammgastError
from stammgast.kernel.warehouse import engine as engine_module
from stammgast.kernel.warehouse.engine import Engine
from stammgast.kernel.warehouse.options import WarehouseOptions


@pytest.mark.slow
def test_every_answered_insert_survives_kill_9_exactly_once(start_warehouse):
    warehouse = start_warehouse("--memory-fraction", "0.1")
    warehouse.post("CREATE TABLE kept (batch UInt32, n UInt32) ENGINE = MergeTree ORDER BY (batch, n)")
    seed = random.Random(7)
    answered, number = set(), 0
    for _ in range(4):
        killer = threading.Timer(seed.uniform(0.3, 1.0), warehouse.kill)
        killer.start()
        with contextlib.suppress(StammgastError):
            history = warehouse.history()
            while True:
                number += 1
                lines = b"".join(b'{"batch":%d,"n":%d}\n' % (number, n) for n in range(200))
                assert history.insert_json_lines("kept", lines, query_id=f"batch-{number}") == 200
                answered.add(number)
        killer.join()
        warehouse.start()
    rows = warehouse.history().query("SELECT batch, count(), uniqExact(n) FROM kept GROUP BY batch")
    found = {batch: (count, different) for batch, count, different in rows}
    assert len(answered) > 20
    assert {batch: found.get(batch) for batch in answered} == dict.fromkeys(answered, (200, 200))
    # An insert that was under way is there whole or not at all.
    assert all(each == (200, 200) for each in found.values())


def test_a_restart_finds_tables_views_and_dictionaries(start_warehouse):
    warehouse = start_warehouse("--memory-fraction", "0.1")
    assert warehouse.seconds_to_ready < 4
    dictionary = (
        "CREATE DICTIONARY d (k UInt64, v UInt64) PRIMARY KEY k SOURCE(CLICKHOUSE(TABLE 'a' DB 'stammgast'))"
        " LAYOUT(FLAT(MAX_ARRAY_SIZE 1000)) LIFETIME(0)"
    )
    for sql in (
        "CREATE TABLE a (k UInt64, v UInt64) ENGINE = MergeTree ORDER BY k",
        "INSERT INTO a VALUES (1, 10)",
        dictionary,
        "CREATE VIEW stammgast_bi.v DEFINER = default SQL SECURITY DEFINER AS SELECT v FROM stammgast.a",
    ):
        assert warehouse.post(sql).status == 200
    assert warehouse.stop() == 0
    warehouse.start()
    assert warehouse.seconds_to_ready < 4
    assert warehouse.post("SELECT dictGet('d', 'v', toUInt64(1))").data == b"10\n"
    assert warehouse.post("SELECT v FROM v", ("bi", "reader:secret")).data == b"10\n"


def test_closing_waits_for_a_spare_connection_that_is_being_made(monkeypatch, tmp_path):
    """chDB does not survive both at once; whose request is answered already may still be making one."""
    happened, may_go_on = [], threading.Event()

    class Native:
        def close(self):
            happened.append("closed")

        def query(self, *_, **__):
            return SimpleNamespace(bytes=lambda: b"26\tUTC\n")

    def connect(_where):
        if threading.current_thread() is not threading.main_thread():
            happened.append("connecting")
            may_go_on.wait(10)
            happened.append("connected")
        return Native()

    monkeypatch.setattr(engine_module, "load_native", lambda: SimpleNamespace(connect=connect))
    engine = Engine(WarehouseOptions(directory=tmp_path, user="a", password="b"))
    happened.clear()
    making = threading.Thread(target=engine.make_spare)
    making.start()
    closing = threading.Thread(target=engine.close)
    while not happened:
        time.sleep(0.001)
    closing.start()
    time.sleep(0.05)
    may_go_on.set()
    for thread in (making, closing):
        thread.join(10)
    assert happened == ["connecting", "connected", "closed", "closed"]
    engine.make_spare()
    assert len(happened) == 4


@pytest.mark.slow
def test_idle_it_takes_little_memory_and_hardly_any_time(start_warehouse):
    """The budget is 700 MB and 2 % of a core for all three processes; the warehouse may take half and a quarter."""
    warehouse = start_warehouse()
    warehouse.client().query("SELECT number FROM numbers(1000)")
    time.sleep(3)
    before = warehouse.cpu_seconds()
    time.sleep(10)
    assert (warehouse.cpu_seconds() - before) / 10 < 0.015
    assert warehouse.resident_mb() < 350


def test_leftovers_of_a_killed_insert_are_cleared_away(start_warehouse):
    warehouse = start_warehouse()
    warehouse.kill()
    (warehouse.directory / "spool" / "left.insert").write_bytes(b"x")
    warehouse.start()
    assert list((warehouse.directory / "spool").iterdir()) == []


def test_a_second_warehouse_on_the_same_directory_does_not_start(start_warehouse, capfd):
    first = start_warehouse()
    with pytest.raises(pytest.fail.Exception, match="ended before"):
        start_warehouse()
    assert "Another process already uses the warehouse" in capfd.readouterr().err
    assert first.post("SELECT 1").data == b"1\n"
