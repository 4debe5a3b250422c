"""ClickHouse's HTTP interface as any client sees it: accounts, errors, sessions, encodings, streams."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections import deque

import lz4.frame
import pytest
import urllib3
import zstandard
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError, StreamFailureError

ERRORS = [
    ("SELECT", 62, 400),
    ("SELECT nope", 47, 404),
    ("SELECT * FROM nowhere", 60, 404),
    ("SELECT * FROM nowhere.t", 81, 404),
    ("SELECT nofunction(1)", 46, 404),
    ("SELECT 1 SETTINGS no_such_setting = 1", 115, 404),
    ("SELECT 1; SELECT 2", 62, 400),
    ("", 62, 400),
    ("SELECT throwIf(1)", 395, 500),
    ("INSERT INTO nowhere FORMAT JSONEachRow {}", 60, 404),
    ("SELECT toDate('x')", 38, 400),
]


def unzstd(data):
    return zstandard.ZstdDecompressor().decompressobj().decompress(data)


def test_ping_needs_no_account(warehouse):
    for path in ("ping", "", "replicas_status"):
        answer = urllib3.request("GET", warehouse.url + path)
        assert (answer.status, answer.data) == (200, b"Ok.\n")


@pytest.mark.parametrize(
    ("headers", "query", "status", "code"),
    [
        ({}, "", 401, "194"),
        (urllib3.make_headers(basic_auth="stammgast:wrong"), "", 403, "516"),
        (urllib3.make_headers(basic_auth="nobody:owner's secret"), "", 403, "516"),
        ({"Authorization": "Basic !!!"}, "", 403, "516"),
        ({"X-ClickHouse-User": "stammgast", "X-ClickHouse-Key": ""}, "", 403, "516"),
        ({}, "&user=stammgast&password=", 403, "516"),
    ],
)
def test_nobody_gets_in_without_the_password(warehouse, headers, query, status, code):
    answer = urllib3.request("GET", f"{warehouse.url}?query=SELECT+1{query}", headers=headers)
    assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (status, code)
    assert answer.data.startswith(f"Code: {code}. DB::Exception: ".encode())


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        (urllib3.make_headers(basic_auth="stammgast:owner's secret"), ""),
        ({"X-ClickHouse-User": "stammgast", "X-ClickHouse-Key": "owner's secret"}, ""),
        ({}, "&user=stammgast&password=owner%27s+secret"),
    ],
)
def test_the_password_may_come_in_any_of_three_ways(warehouse, headers, query):
    answer = urllib3.request("GET", f"{warehouse.url}?query=SELECT+1{query}", headers=headers)
    assert (answer.status, answer.data) == (200, b"1\n")


@pytest.mark.parametrize(("sql", "code", "status"), ERRORS)
def test_errors_carry_clickhouses_code_and_status(warehouse, sql, code, status):
    answer = warehouse.post(sql)
    assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (status, str(code))
    assert answer.data.decode().startswith(f"Code: {code}. DB::Exception: ")


def test_an_unknown_setting_in_the_address_is_an_error_too(warehouse):
    assert warehouse.post("SELECT 1", no_such_setting="1").headers["X-ClickHouse-Exception-Code"] == "115"
    assert warehouse.post("SELECT 1", **{"x = 1; SELECT 1 --": "1"}).headers["X-ClickHouse-Exception-Code"] == "36"


def test_the_client_reads_code_and_words_of_an_error(client):
    with pytest.raises(DatabaseError) as caught:
        client.query("SELECT * FROM nowhere")
    assert (caught.value.code, caught.value.name) == (60, "UNKNOWN_TABLE")


@pytest.mark.parametrize(("output_format", "body"), [("JSON", None), ("TSV", b"1\n"), ("JSONEachRow", b'{"x":1}\n')])
def test_formats_are_named_in_the_headers(warehouse, output_format, body):
    for answer in (
        warehouse.post(f"SELECT 1 AS x FORMAT {output_format}"),
        warehouse.post("SELECT 1 AS x", default_format=output_format),
        warehouse.post("SELECT 1 AS x", headers={"X-ClickHouse-Format": output_format}),
    ):
        assert answer.headers["X-ClickHouse-Format"] == output_format
        assert answer.headers["X-ClickHouse-Timezone"] == "UTC"
        if body is None:
            assert json.loads(answer.data)["data"] == [{"x": 1}]
        else:
            assert answer.data == body


@pytest.mark.parametrize(
    ("name", "decode"), [("lz4", lz4.frame.decompress), ("gzip", gzip.decompress), ("zstd", unzstd)]
)
def test_answers_are_encoded_only_when_asked_for(warehouse, name, decode):
    sql = "SELECT number FROM numbers(1000)"
    plain = warehouse.post(sql, headers={"Accept-Encoding": name})
    assert "Content-Encoding" not in plain.headers
    encoded = warehouse.post(sql, headers={"Accept-Encoding": name}, enable_http_compression=1)
    assert encoded.headers["Content-Encoding"] == name
    assert decode(encoded.data) == plain.data


def test_encoded_bodies_of_several_frames_are_read(warehouse, client):
    client.command("CREATE TABLE frames (a Int32) ENGINE = MergeTree ORDER BY a")
    sql = "INSERT INTO frames FORMAT TSV"
    two_lz4 = lz4.frame.compress(b"1\n") + lz4.frame.compress(b"2\n")
    two_gzip = gzip.compress(b"3\n") + gzip.compress(b"4\n")
    for name, body in (("lz4", two_lz4), ("gzip", two_gzip), ("zstd", zstandard.compress(b"5\n"))):
        assert warehouse.post(body, headers={"Content-Encoding": name}, query=sql).status == 200
    assert client.query("SELECT a FROM frames ORDER BY a").result_columns == [[1, 2, 3, 4, 5]]


@pytest.mark.parametrize("encoding", ["lz4", "zstd", "gzip", "deflate"])
def test_a_broken_or_cut_encoding_inserts_nothing(warehouse, client, encoding):
    client.command(f"CREATE TABLE broken_{encoding} (a Int32) ENGINE = MergeTree ORDER BY a")
    whole = {"lz4": lz4.frame.compress, "zstd": zstandard.compress, "gzip": gzip.compress}.get(encoding, lambda x: x)
    body = b"".join(b"%d\n" % (number * 7919 % 10007) for number in range(5000))
    for sent in (b"nonsense", whole(body)[:-20] if encoding != "deflate" else b"\x00"):
        answer = warehouse.post(
            sent, headers={"Content-Encoding": encoding}, query=f"INSERT INTO broken_{encoding} FORMAT TSV"
        )
        assert answer.headers["X-ClickHouse-Exception-Code"] == "89"
    assert client.command(f"SELECT count() FROM broken_{encoding}") == 0


def test_an_unknown_encoding_is_refused_and_native_block_framing_too(warehouse):
    assert warehouse.post("SELECT 1", headers={"Content-Encoding": "snappy"}).status == 500
    assert warehouse.post("SELECT 1", compress=1).status == 501


def test_settings_of_one_request_do_not_reach_the_next(warehouse):
    name = "SELECT value FROM system.settings WHERE name = 'max_block_size'"
    assert warehouse.post(name, max_block_size=777).data == b"777\n"
    warehouse.post("SET max_block_size = 888")
    assert warehouse.post(name).data not in {b"777\n", b"888\n"}


def test_without_a_session_a_temporary_table_is_gone_at_once(client):
    client.command("CREATE TEMPORARY TABLE gone (a Int32)")
    with pytest.raises(DatabaseError, match="UNKNOWN_TABLE"):
        client.query("SELECT * FROM gone")


def test_a_session_keeps_its_temporary_table_settings_and_database(warehouse):
    client = warehouse.client(session_id="keeps")
    client.command("CREATE TEMPORARY TABLE kept (a Int32)")
    client.insert("kept", [[1], [2]], column_names=["a"])
    assert client.command("SELECT sum(a) FROM kept") == 3
    client.command("SET max_block_size = 999")
    value = "SELECT value FROM system.settings WHERE name = 'max_block_size'"
    assert client.command(value, settings={"max_block_size": 5}) == 5
    assert client.command(value) == 999
    assert warehouse.post("USE system", session_id="keeps", database="stammgast").status == 200
    assert warehouse.post("SELECT currentDatabase()", session_id="keeps").data == b"system\n"
    assert warehouse.post("SELECT currentDatabase()", session_id="keeps", database="stammgast").data == b"stammgast\n"
    assert warehouse.post("SELECT currentDatabase()", session_id="keeps").data == b"system\n"
    assert warehouse.post("SELECT currentDatabase()", session_id="other").data == b"stammgast\n"


def test_a_busy_session_refuses_a_second_request(warehouse):
    sleeping = threading.Thread(target=warehouse.post, args=("SELECT sleep(2)",), kwargs={"session_id": "busy"})
    sleeping.start()
    deadline = time.monotonic() + 10
    while warehouse.post("SELECT count() FROM system.processes WHERE query LIKE 'SELECT sleep(%'").data != b"1\n":
        assert time.monotonic() < deadline
    assert warehouse.post("SELECT 1", session_id="busy").headers["X-ClickHouse-Exception-Code"] == "373"
    sleeping.join()
    assert warehouse.post("SELECT 1", session_id="busy").data == b"1\n"


def test_a_session_expires(warehouse):
    made = warehouse.post("CREATE TEMPORARY TABLE short (a Int32)", session_id="short", session_timeout=1)
    assert made.status == 200
    assert warehouse.post("SELECT * FROM short", session_id="short", session_check=1, session_timeout=1).status == 200
    time.sleep(1.5)
    answer = warehouse.post("SELECT 1", session_id="short", session_check=1)
    assert answer.headers["X-ClickHouse-Exception-Code"] == "372"
    assert warehouse.post("SELECT 1", session_id="short", session_timeout=100_000).status == 400


def test_a_session_ends_when_the_request_says_so(warehouse):
    warehouse.post("CREATE TEMPORARY TABLE last (a Int32)", session_id="last")
    assert warehouse.post("SELECT count() FROM last", session_id="last", close_session=1).data == b"0\n"
    assert warehouse.post("SELECT 1", session_id="last", session_check=1).status == 500


def test_get_only_reads(warehouse):
    headers = urllib3.make_headers(basic_auth="stammgast:owner's secret")
    for sql, status in (
        ("SELECT+1", 200),
        ("CREATE+TABLE+got+(a+Int8)+ENGINE=Memory", 500),
        ("KILL+QUERY+WHERE+0", 500),
    ):
        answer = urllib3.request("GET", f"{warehouse.url}?query={sql}", headers=headers)
        assert answer.status == status
    assert answer.headers["X-ClickHouse-Exception-Code"] == "164"


def test_readonly_is_respected(warehouse):
    for sql in ("CREATE TABLE ro (a Int8) ENGINE = Memory", "INSERT INTO ro VALUES (1)", "DROP TABLE IF EXISTS ro"):
        assert warehouse.post(sql, readonly=1).headers["X-ClickHouse-Exception-Code"] == "164"
    assert warehouse.post("SELECT 1", readonly=1).data == b"1\n"


def test_a_million_rows_stream_in_bounded_memory(warehouse):
    """The result is some 600 MB; held in memory it would show. What is seen are some blocks of 20 MB each."""
    sql = "SELECT number, repeat('x', 600) AS s FROM numbers(1000000) SETTINGS max_block_size = 32768"
    client = warehouse.client(compress=False)
    client.query("SELECT 1")
    before, most, count = warehouse.resident_mb(), 0.0, 0
    with client.query_column_block_stream(sql) as blocks:
        for block in blocks:
            count += len(block[0])
            most = max(most, warehouse.resident_mb())
    assert count == 1_000_000
    assert most - before < 300


def test_an_error_after_the_first_byte_reaches_the_client(client):
    sql = "SELECT throwIf(number = 900000, 'too far'), repeat('x', 20) FROM numbers(1000000)"
    with client.query_rows_stream(sql) as rows, pytest.raises(StreamFailureError, match="too far"):
        deque(rows, maxlen=0)


def test_an_error_after_the_first_byte_breaks_the_answer_off(warehouse):
    sql = "SELECT throwIf(number = 900000, 'too far'), repeat('x', 20) FROM numbers(1000000) FORMAT TSV"
    sent = urllib3.make_headers(basic_auth="stammgast:owner's secret")
    answer = urllib3.request("POST", warehouse.url, body=sql, headers=sent, preload_content=False)
    assert answer.status == 200
    tag = answer.headers["X-ClickHouse-Exception-Tag"].encode()
    received = []
    with pytest.raises(urllib3.exceptions.ProtocolError):
        received.extend(answer.stream())
    end = b"".join(received[-2:])
    assert b"__exception__\r\n" + tag in end
    assert b"too far" in end


def test_waiting_for_the_end_turns_a_late_error_into_a_status(warehouse):
    sql = "SELECT throwIf(number = 900000, 'too far'), repeat('x', 20) FROM numbers(1000000) FORMAT TSV"
    answer = warehouse.post(sql, wait_end_of_query=1)
    assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (500, "395")
    whole = warehouse.post("SELECT number FROM numbers(2000000) FORMAT TSV", wait_end_of_query=1)
    assert int(whole.headers["Content-Length"]) == len(whole.data) > 8 << 20


def test_a_query_over_its_time_is_ended(client):
    with pytest.raises(DatabaseError) as caught:
        client.query("SELECT count() FROM numbers(100000000000)", settings={"max_execution_time": 0.3})
    assert caught.value.code == 159


def test_a_query_over_its_memory_is_ended_and_the_process_lives(client):
    with pytest.raises(DatabaseError) as caught:
        client.query(
            "SELECT groupArray(toString(number)) FROM numbers(100000000)", settings={"max_memory_usage": 50_000_000}
        )
    assert caught.value.code == 241
    assert client.command("SELECT 1") == 1


def test_the_memory_limit_cannot_be_raised(client):
    with pytest.raises(DatabaseError) as caught:
        client.query("SELECT 1", settings={"max_memory_usage": 1 << 50})
    assert caught.value.code == 452


def test_bodies_may_come_in_chunks_and_wait_for_a_go_ahead(warehouse, client):
    client.command("CREATE TABLE chunked (a Int32) ENGINE = Memory")
    credentials = urllib3.make_headers(basic_auth="stammgast:owner's secret")["authorization"]
    with socket.create_connection(("127.0.0.1", warehouse.port)) as peer:
        peer.sendall(
            b"POST /?query=INSERT+INTO+chunked+FORMAT+TSV HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
            b"Expect: 100-continue\r\nAuthorization: " + credentials.encode() + b"\r\n\r\n"
        )
        assert peer.recv(100).startswith(b"HTTP/1.1 100 Continue")
        for piece in (b"1\n2", b"\n3\n"):
            peer.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        peer.sendall(b"0\r\n\r\n")
        assert peer.recv(100).startswith(b"HTTP/1.1 200 OK")
    assert client.command("SELECT sum(a) FROM chunked") == 6


def test_a_body_that_breaks_off_inserts_nothing(warehouse, client):
    client.command("CREATE TABLE torn (a Int32) ENGINE = MergeTree ORDER BY a")
    credentials = urllib3.make_headers(basic_auth="stammgast:owner's secret")["authorization"].encode()
    with socket.create_connection(("127.0.0.1", warehouse.port)) as peer:
        head = b"POST /?query=INSERT+INTO+torn+FORMAT+TSV&query_id=torn-1 HTTP/1.1\r\nContent-Length: 1000\r\n"
        peer.sendall(head + b"Authorization: " + credentials + b"\r\n\r\n1\n2\n3\n")
        time.sleep(0.2)
    client.command("KILL QUERY WHERE query_id = 'torn-1' SYNC")
    assert client.command("SELECT count() FROM torn") == 0


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET /\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"\x00" * 100 + b"\r\n\r\n",
    ],
)
def test_what_is_not_http_gets_a_400(warehouse, sent):
    with socket.create_connection(("127.0.0.1", warehouse.port)) as peer:
        peer.sendall(sent)
        assert peer.recv(200).startswith(b"HTTP/1.1 400 ")
        assert peer.recv(200) == b""


def test_one_connection_answers_many_requests_even_after_errors(warehouse):
    pool = urllib3.HTTPConnectionPool("127.0.0.1", warehouse.port, maxsize=1)
    headers = urllib3.make_headers(basic_auth="stammgast:owner's secret")
    for sql, status in [("SELECT 1", 200), ("SELECT nope", 404), ("x" * 100_000, 400), ("SELECT 2", 200)] * 3:
        assert pool.request("POST", "/", body=sql, headers=headers, retries=False).status == status
    assert pool.num_connections == 1


def test_a_wrong_password_leaves_the_connection_usable_and_unreachable_is_an_operational_error(warehouse):
    with pytest.raises(DatabaseError) as caught:
        warehouse.client(("stammgast", "wrong"))
    assert caught.value.code == 516
    port, warehouse.port = warehouse.port, 1
    try:
        with pytest.raises(OperationalError):
            warehouse.client()
    finally:
        warehouse.port = port


def test_many_clients_ask_at_once(warehouse):
    found = []

    def ask(number):
        found.append(
            warehouse.client().command("SELECT {n:Int32} + sum(number) FROM numbers(10)", parameters={"n": number})
        )

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Source: the numbers below ten add up to 45.
    assert sorted(found) == [45 + number for number in range(12)]
