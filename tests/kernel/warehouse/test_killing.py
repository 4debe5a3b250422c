"""Ending statements: by their id, by replacing them, by going away; and what a kill leaves behind."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time

import pytest
import urllib3

SLOW = "SELECT count() FROM numbers(1000000000000)"


def in_background(ask, *arguments, **fields):
    answers = []
    thread = threading.Thread(target=lambda: answers.append(ask(*arguments, **fields)))
    thread.start()
    return thread, answers


def wait_until(is_true, seconds=20.0):
    until = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < until
        time.sleep(0.02)


def arrived(warehouse, query_id):
    return query_id.encode() in warehouse.post(f"KILL QUERY WHERE query_id = '{query_id}' TEST").data


def running(client, query_id):
    return client.command(f"SELECT count() FROM system.processes WHERE Settings['log_comment'] = '{query_id}'")


@pytest.mark.parametrize(
    "condition",
    ["query_id = 'slow-1'", "query_id IN ('slow-1')", "startsWith(query_id, 'slow-')", "query LIKE '%100000000000%'"],
)
def test_a_query_is_killed_by_the_id_its_client_gave(warehouse, client, condition):
    thread, answers = in_background(warehouse.post, SLOW, query_id="slow-1")
    wait_until(lambda: running(client, "slow-1"))
    killed = warehouse.post(f"KILL QUERY WHERE {condition} SYNC")
    assert killed.data == b"finished\tslow-1\tdefault\t\n"
    thread.join(20)
    assert answers[0].headers["X-ClickHouse-Exception-Code"] == "394"


def test_kill_test_kills_nothing_and_no_match_is_no_error(warehouse, client):
    thread, answers = in_background(warehouse.post, "SELECT sleep(1)", query_id="tested")
    wait_until(lambda: running(client, "tested"))
    assert b"tested" in warehouse.post("KILL QUERY WHERE query_id = 'tested' TEST").data
    assert warehouse.post("KILL QUERY WHERE query_id = 'nobody' SYNC").data == b""
    thread.join()
    assert answers[0].status == 200


def test_an_id_in_use_is_refused_unless_it_replaces(warehouse, client):
    thread, answers = in_background(warehouse.post, SLOW, query_id="twice")
    wait_until(lambda: running(client, "twice"))
    assert warehouse.post("SELECT 1", query_id="twice").headers["X-ClickHouse-Exception-Code"] == "216"
    assert warehouse.post("SELECT 1", query_id="twice", replace_running_query=1).data == b"1\n"
    thread.join(20)
    assert answers[0].status == 500


def test_a_client_that_goes_away_ends_its_query(warehouse, client):
    credentials = urllib3.make_headers(basic_auth="stammgast:owner's secret")["authorization"]
    with socket.create_connection(("127.0.0.1", warehouse.port)) as peer:
        head = f"POST /?query_id=left HTTP/1.1\r\nAuthorization: {credentials}\r\nContent-Length: {len(SLOW)}\r\n\r\n"
        peer.sendall((head + SLOW).encode())
        wait_until(lambda: running(client, "left"))
    wait_until(lambda: not running(client, "left"))


def test_a_client_that_goes_away_in_the_middle_of_a_stream_ends_its_query(warehouse, client):
    headers = urllib3.make_headers(basic_auth="stammgast:owner's secret")
    sql = "SELECT number, repeat('x', 100) FROM numbers(1000000000) FORMAT TSV"
    answer = urllib3.request(
        "POST", warehouse.url + "?query_id=dropped", body=sql, headers=headers, preload_content=False
    )
    assert answer.read(1000)
    answer.close()
    wait_until(lambda: not running(client, "dropped"))


def test_an_insert_whose_client_goes_away_after_its_last_byte_takes_effect(warehouse, client):
    client.command("CREATE TABLE orphan (a UInt64) ENGINE = MergeTree ORDER BY a")
    credentials = urllib3.make_headers(basic_auth="stammgast:owner's secret")["authorization"]
    sql = "INSERT INTO orphan SELECT number + sleepEachRow(0.05) FROM numbers(10) SETTINGS max_block_size = 1"
    with socket.create_connection(("127.0.0.1", warehouse.port)) as peer:
        head = f"POST /?query_id=orphan HTTP/1.1\r\nAuthorization: {credentials}\r\nContent-Length: {len(sql)}\r\n\r\n"
        peer.sendall((head + sql).encode())
        wait_until(lambda: running(client, "orphan"))
    wait_until(lambda: not running(client, "orphan"))
    assert client.command("SELECT count() FROM orphan") == 10


def test_a_killed_insert_that_still_receives_writes_nothing(warehouse, client):
    client.command("CREATE TABLE late (a Int32) ENGINE = MergeTree ORDER BY a")
    credentials = urllib3.make_headers(basic_auth="stammgast:owner's secret")["authorization"]
    with socket.create_connection(("127.0.0.1", warehouse.port)) as peer:
        head = "POST /?query=INSERT+INTO+late+FORMAT+TSV&query_id=batch-7-1 HTTP/1.1\r\nContent-Length: 4\r\n"
        peer.sendall(f"{head}Authorization: {credentials}\r\n\r\n1\n".encode())
        wait_until(lambda: arrived(warehouse, "batch-7-1"))
        kill = "KILL QUERY WHERE startsWith(query_id, 'batch-7-') SYNC"
        killing, answers = in_background(client.query, kill, settings={"query_id": "the kill"})
        wait_until(lambda: arrived(warehouse, "the kill"))
        time.sleep(1)
        # The kill waits until the insert cannot have any effect any more, and it is still receiving.
        assert killing.is_alive()
        peer.sendall(b"2\n")
        assert b"X-ClickHouse-Exception-Code: 394" in peer.recv(2000)
    killing.join(20)
    assert answers[0].result_rows[0][1] == "batch-7-1"
    assert client.command("SELECT count() FROM late") == 0


def test_a_killed_insert_is_there_whole_or_not_at_all_and_nothing_changes_after_the_kill(warehouse, client):
    """Answered means every row. Refused means all or none, and what is there when KILL ... SYNC returns is final."""
    body = b"".join(b'{"a":%d,"s":"%s"}\n' % (number, b"x" * 50) for number in range(120_000))
    for attempt in range(8):
        client.command("DROP TABLE IF EXISTS whole SYNC")
        client.command("CREATE TABLE whole (a UInt64, s String) ENGINE = MergeTree ORDER BY a")
        thread, answers = in_background(
            warehouse.post, body, query="INSERT INTO whole FORMAT JSONEachRow", query_id=f"whole-{attempt}"
        )
        wait_until(lambda attempt=attempt, answers=answers: arrived(warehouse, f"whole-{attempt}") or answers)
        time.sleep(0.02 * attempt)
        client.command(f"KILL QUERY WHERE query_id = 'whole-{attempt}' SYNC")
        found = client.command("SELECT count() FROM whole")
        thread.join(20)
        assert found in ({120_000} if answers[0].status == 200 else {0, 120_000})
        assert client.command("SELECT count() FROM whole") == found


def test_an_insert_over_its_time_writes_nothing_and_says_so(warehouse, client):
    client.command("CREATE TABLE slow_insert (a UInt64, s String) ENGINE = MergeTree ORDER BY a")
    body = b"".join(b'{"a":%d,"s":"%s"}\n' % (number, b"x" * 50) for number in range(120_000))
    answer = warehouse.post(body, query="INSERT INTO slow_insert FORMAT JSONEachRow", max_execution_time=0.01)
    assert answer.headers["X-ClickHouse-Exception-Code"] == "159"
    assert client.command("SELECT count() FROM slow_insert") == 0


def test_stopping_lets_an_insert_finish_and_ends_a_query(start_warehouse):
    warehouse = start_warehouse("--memory-fraction", "0.1")
    warehouse.post("CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a")
    query, query_answers = in_background(warehouse.post, SLOW, query_id="slow")
    sql = "INSERT INTO t SELECT number + sleepEachRow(0.02) FROM numbers(100) SETTINGS max_block_size = 1"
    insert, insert_answers = in_background(warehouse.post, sql, query_id="insert")
    wait_until(lambda: arrived(warehouse, "slow") and arrived(warehouse, "insert"))
    assert warehouse.stop() == 0
    query.join(20)
    insert.join(20)
    assert query_answers[0].headers["X-ClickHouse-Exception-Code"] == "394"
    assert insert_answers[0].status == 200
    warehouse.start()
    assert warehouse.post("SELECT count() FROM t").data == b"100\n"


CATCHES_ELSEWHERE = """
import signal, sys, threading
from pathlib import Path
from stammgast.kernel.warehouse.options import WarehouseOptions
from stammgast.kernel.warehouse.server import serve

def on_ready(port):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    print(port, flush=True)

serve(WarehouseOptions(directory=Path(sys.argv[1]), user="a", password="b", port=0, on_ready=on_ready))
"""


def test_it_stops_even_when_the_signal_reaches_another_thread_than_the_waiting_one(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", CATCHES_ELSEWHERE, str(tmp_path)], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline()
        process.terminate()
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.stdout.close()
