"""The history client and its migrations against a real warehouse."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import numpy as np
import pytest

from stammgast.kernel.history import HistoryClient, HistoryRefused, HistoryUnavailable, open_history
from stammgast.kernel.history_migrations import HistoryMigrationChanged, migrate_history, read_migrations
from stammgast.kernel.settings import Settings


@pytest.fixture
def history(settings):
    client = HistoryClient(settings.history_url)
    client.create_database()
    yield client
    client.close()


def test_queries_return_rows_and_values(history):
    sql = "SELECT number AS n, toString(number) AS s FROM numbers({count:UInt8})"
    assert history.query(sql, {"count": 2}) == [(0, "0"), (1, "1")]
    assert history.query("SELECT toDecimal128(1.5, 6), [1]", row=tuple[Decimal, list[int]]) == [(Decimal("1.5"), [1])]
    assert list(history.stream(sql, {"count": 2})) == [(0, "0"), (1, "1")]
    assert history.command("SELECT 1 + 1") == "2"
    assert history.command("CREATE TABLE nothing (a Int8) ENGINE = Memory") == ""
    assert history.ping()


TEXTS = ["", "it's", 'say "so"', "back\\slash \\n \\N", "tab\there\nline\r\b\f\0", "{a:String}", "Grüße 🛒", "[1,'x']"]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_parameter_arrives_as_it_is_alone_and_in_a_list(history, text):
    sql = "SELECT {one:String}, {many:Array(String)}"
    assert history.query(sql, {"one": text, "many": [text, "last"]}) == [(text, [text, "last"])]


def test_parameters_of_every_kind_arrive(history):
    moment = datetime(2026, 3, 1, 12, 30, 0, 250_000, tzinfo=UTC)
    sql = (
        "SELECT {yes:Bool}, {none:Nullable(Int8)}, {big:UInt64}, {at:DateTime64(3, 'UTC')},"
        " {ids:Array(UUID)}, toInt64(-9007199254740993)"
    )
    digest = "00000000-0000-0000-0000-000000000001"
    row = tuple[bool, int | None, int, datetime, list[str], int]
    asked = {"yes": True, "none": None, "big": 2**64 - 1, "at": moment, "ids": [digest]}
    assert history.query(sql, asked, row=row) == [(True, None, 2**64 - 1, moment, [digest], -9007199254740993)]


def test_lists_longer_than_a_server_takes_as_parameters_arrive_all_the_same(history):
    numbers, texts = list(range(60_000)), [f"{text} {number}" for number in range(1_000) for text in TEXTS]
    asked = {"n": numbers, "t": texts, "one": "it's {t:Array(String)}" * 9_000, "short": "{one:String}"}
    sql = (
        "SELECT length({n:Array(UInt32)}), arraySum({n:Array(UInt32)}), {t:Array(String)}, {one:String}, {short:String}"
    )
    expected = (len(numbers), sum(numbers), texts, asked["one"], asked["short"])
    assert history.query(sql, asked) == [expected]
    assert list(history.stream(sql, asked)) == [expected]
    assert [column.tolist() for column in history.query_numpy_columns(sql, asked).values()] == [
        [one] for one in expected
    ]
    ids = [str(UUID(int=number)) for number in range(100)]
    assert history.command("SELECT toTypeName({ids:Array(UUID)})", {"ids": ids}) == "Array(UUID)"
    assert history.query("SELECT {ids:Array(UUID)}", {"ids": ids}) == [(ids,)]


def test_columns_come_as_arrays_with_their_types(history):
    columns = history.query_numpy_columns(
        "SELECT toUInt32(number) AS n, number / 2 AS f, toString(number) AS s, toDateTime64(number, 3, 'UTC') AS at,"
        " toDate(number) AS d, if(number = 1, NULL, number) AS gap, if(number = 1, NULL, toDateTime(5, 'UTC')) AS late,"
        " number = 1 AS flag, [number] AS list FROM numbers(3)"
    )
    assert columns["n"].dtype == np.uint32
    assert columns["f"].tolist() == [0.0, 0.5, 1.0]
    assert columns["s"].tolist() == ["0", "1", "2"]
    assert columns["at"].tolist() == np.array([0, 1000, 2000], dtype="datetime64[ms]").tolist()
    assert columns["d"].dtype == np.dtype("datetime64[D]")
    assert np.isnan(columns["gap"]).tolist() == [False, True, False]
    assert np.isnat(columns["late"]).tolist() == [False, True, False]
    assert columns["list"].tolist() == [[0], [1], [2]]


def test_columns_of_an_empty_result_are_empty_arrays(history):
    columns = history.query_numpy_columns("SELECT number AS n, now64(3) AS at FROM numbers(1) WHERE n > 5")
    assert {name: (len(column), column.dtype.kind) for name, column in columns.items()} == {
        "n": (0, "u"),
        "at": (0, "M"),
    }


def test_many_threads_ask_with_one_client(history):
    found = []
    threads = [threading.Thread(target=lambda: found.append(history.command("SELECT sleep(0.1)"))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["0"] * 6


def test_json_lines_are_inserted_once_and_counted(history):
    history.command("CREATE TABLE lines (a UInt32, at DateTime64(3, 'UTC')) ENGINE = MergeTree ORDER BY a")
    lines = b'{"a":1,"at":"2024-01-01T10:00:00.250Z"}\n{"a":2,"at":"2024-01-01 10:00:00"}\n'
    assert history.insert_json_lines("lines", lines, query_id="lines-1") == 2
    assert history.insert_json_lines("lines", b'{"a":3}\n', query_id="lines-2", columns=["a"]) == 1
    assert history.query("SELECT a, toUnixTimestamp64Milli(at) FROM lines ORDER BY a LIMIT 1") == [(1, 1704103200250)]


@pytest.mark.parametrize(
    ("sql", "kind", "code"),
    [
        ("SELECT nope", HistoryRefused, 47),
        ("SELECT * FROM nowhere", HistoryRefused, 60),
        ("SELECT sleep(2) SETTINGS max_execution_time = 0.1", HistoryUnavailable, None),
        ("SELECT groupArray(number) FROM numbers(1e9) SETTINGS max_memory_usage = 1e7", HistoryUnavailable, None),
    ],
)
def test_an_error_says_whether_trying_again_helps(history, sql, kind, code):
    with pytest.raises(kind) as caught:
        history.query(sql)
    assert caught.value.retry is (kind is HistoryUnavailable)
    assert caught.value.facts.get("history_code") == code


def test_what_an_error_says_holds_no_row(history):
    history.command("CREATE TABLE strict (a UInt32) ENGINE = Memory")
    with pytest.raises(HistoryRefused) as caught:
        history.insert_json_lines("strict", b'{"a":"alice@example.org"}', query_id="strict-1")
    assert "alice" not in str(caught.value)
    assert "alice" in caught.value.detail


def test_a_history_that_is_gone_is_unavailable(tmp_path):
    for client in (HistoryClient("http://a:b@127.0.0.1:1/x"), open_history(Settings(data=tmp_path))):
        assert not client.ping()
        with pytest.raises(HistoryUnavailable):
            client.query("SELECT 1")
        with pytest.raises(HistoryUnavailable):
            client.insert_json_lines("t", b"{}", query_id="x")
        client.close()


@pytest.mark.parametrize("url", ["127.0.0.1:8123", "tcp://h:1/x", "http:///x", ""])
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(HistoryRefused, match="must look like"):
        HistoryClient(url).query("SELECT 1")


def test_migrations_are_applied_once_in_order(history, tmp_path):
    folder = tmp_path / "events" / "migrations" / "history"
    folder.mkdir(parents=True)
    (folder / "0001_first.sql").write_text(
        "-- The first table.\nCREATE TABLE IF NOT EXISTS one (a Int8) ENGINE = Memory;\n"
    )
    (folder / "0002_second.sql").write_text("INSERT INTO one VALUES (1);\n\nINSERT INTO one VALUES (2);\n")
    (folder / "README.md").write_text("not a migration")
    applied = migrate_history(history, [folder])
    assert [(each.module, each.number, each.name) for each in applied] == [
        ("events", 1, "first"),
        ("events", 2, "second"),
    ]
    assert migrate_history(history, [folder]) == []
    (folder / "0003_third.sql").write_text("INSERT INTO one VALUES (3);")
    assert [each.number for each in migrate_history(history, [folder])] == [3]
    assert history.query("SELECT a FROM one ORDER BY a") == [(1,), (2,), (3,)]


def test_a_migration_that_was_changed_stops_everything(history, tmp_path):
    folder = tmp_path / "events" / "migrations" / "history"
    folder.mkdir(parents=True)
    (folder / "0001_first.sql").write_text("SELECT 1;\n")
    migrate_history(history, [folder])
    (folder / "0001_first.sql").write_text("SELECT 2;\n")
    (folder / "0002_second.sql").write_text("CREATE TABLE two (a Int8) ENGINE = Memory;\n")
    with pytest.raises(HistoryMigrationChanged, match="0001_first"):
        migrate_history(history, [folder])
    assert history.query("EXISTS TABLE two") == [(0,)]


def test_the_migrations_of_two_modules_do_not_meet(tmp_path):
    for module in ("events", "profiles"):
        folder = tmp_path / module / "sql" / "migrations"
        folder.mkdir(parents=True)
        (folder / "0001_first.sql").write_text("SELECT 1;\n")
    found = [read_migrations(tmp_path / module / "sql" / "migrations")[0] for module in ("events", "profiles")]
    assert [(each.module, each.number) for each in found] == [("events", 1), ("profiles", 1)]
