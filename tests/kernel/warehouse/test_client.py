"""What an unmodified clickhouse-connect does with the warehouse."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal

import pyarrow as pa
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from clickhouse_connect.driver.external import ExternalData

TYPES = [
    ("u8", "UInt8", 255),
    ("i64", "Int64", -(2**63)),
    ("u64", "UInt64", 2**64 - 1),
    ("f64", "Float64", 0.1),
    ("dec", "Decimal(38, 6)", Decimal("12345678901234567890123456789012.123456")),
    ("s", "String", "Grüße\n\t'\\ \x00"),
    ("lc", "LowCardinality(String)", "web"),
    ("fs", "FixedString(3)", b"abc"),
    ("d", "Date", dt.date(2024, 2, 29)),
    ("ts", "DateTime64(3, 'UTC')", dt.datetime(2024, 2, 29, 12, 30, 1, 250_000, tzinfo=dt.UTC)),
    ("id", "UUID", uuid.UUID("12345678-1234-5678-1234-567812345678")),
    ("n", "Nullable(Int32)", None),
    ("arr", "Array(String)", ["a", "b'c"]),
    ("m", "Map(String, Float64)", {"a": 1.5}),
    ("t", "Tuple(String, Int8)", ("a", -1)),
    ("e", "Enum8('a' = 1, 'b' = 2)", "b"),
    ("b", "Bool", True),
    ("j", "JSON(max_dynamic_paths=2)", {"price": 1.5, "a": {"b": "x"}, "c": 1, "d": "2024-01-01"}),
]


@pytest.mark.parametrize("compress", ["lz4", "zstd", "gzip", "deflate", False])
def test_every_encoding_of_the_client_carries_rows_both_ways(warehouse, compress):
    # Deflate is one the client reads but does not write; there it sends plain.
    client = warehouse.client(compress=compress if compress != "deflate" else False)
    if compress == "deflate":
        client._backend.compression = "deflate"
    client.command(f"CREATE TABLE encoded_{compress} (a UInt64, s String) ENGINE = MergeTree ORDER BY a")
    rows = [[number, "x" * 50] for number in range(5_000)]
    client.insert(f"encoded_{compress}", rows, column_names=["a", "s"])
    assert client.query(f"SELECT * FROM encoded_{compress} ORDER BY a").result_rows == [tuple(row) for row in rows]


def test_types_come_back_as_they_went(client):
    client.command(f"CREATE TABLE types ({', '.join(f'{n} {t}' for n, t, _ in TYPES)}) ENGINE = MergeTree ORDER BY u8")
    # A server, too, would make a date of the string in the JSON column unless it is told not to.
    plain = {"input_format_try_infer_dates": 0, "input_format_try_infer_datetimes": 0}
    client.insert("types", [[value for *_, value in TYPES]], [name for name, *_ in TYPES], settings=plain)
    row = client.query("SELECT * FROM types", query_formats={"FixedString": "bytes"}).first_row
    for (name, _, value), found in zip(TYPES, row, strict=True):
        is_naive = isinstance(found, dt.datetime) and found.tzinfo is None
        assert (found.replace(tzinfo=dt.UTC) if is_naive else found) == value, name


@pytest.mark.parametrize("value", ["plain", "tab\there", "line\nbreak", "back\\slash", "quo'te", "\\N", "ü☃", ""])
def test_a_string_parameter_arrives_unchanged(client, value):
    found = client.query("SELECT {value:String}, length({value:String})", parameters={"value": value}).first_row
    assert found == (value, len(value.encode()))


def test_parameters_of_other_types_arrive(client):
    given = {
        "n": 5,
        "list": ["a", "b'"],
        "at": dt.datetime(2024, 1, 1, 12, tzinfo=dt.UTC),
        "none": None,
        "table": "numbers",
    }
    sql = "SELECT {n:Int32}, {list:Array(String)}, {at:DateTime('UTC')} = '2024-01-01 12:00:00', {none:Nullable(Int8)}"
    assert client.query(sql, parameters=given).first_row == (5, ["a", "b'"], 1, None)
    rows = client.query("SELECT count() FROM numbers(3) WHERE number < {n:UInt8}", parameters={"n": 2})
    assert rows.first_row == (2,)


def test_a_result_without_rows_still_names_its_columns(client):
    result = client.query(
        "SELECT number AS a, toString(number) AS b FROM numbers(5) WHERE a > 9 SETTINGS max_threads = 1"
    )
    assert (result.column_names, result.result_rows) == (("a", "b"), [])
    assert [kind.name for kind in result.column_types] == ["UInt64", "String"]


def test_columns_are_probed_with_limit_0(client):
    assert client.query("SELECT 1 AS a, 'x' AS b LIMIT 0").column_names == ("a", "b")


def test_arrow_goes_both_ways(client):
    client.command("CREATE TABLE arrows (a UInt32, s String) ENGINE = MergeTree ORDER BY a")
    sent = pa.table({"a": pa.array([1, 2, 3], pa.uint32()), "s": ["x", "y", "z"]})
    client.insert_arrow("arrows", sent)
    assert client.query_arrow("SELECT * FROM arrows ORDER BY a", use_strings=True).to_pydict() == sent.to_pydict()


def test_data_frames_come_out(client):
    frame = client.query_df("SELECT number AS n, toString(number) AS s FROM numbers(3)")
    assert frame["n"].tolist() == [0, 1, 2]
    assert frame["s"].tolist() == ["0", "1", "2"]


def test_a_large_insert_goes_through_a_file_and_loses_nothing(client, warehouse):
    client.command("CREATE TABLE large (a UInt64, s String) ENGINE = MergeTree ORDER BY a")
    line = b'{"a":%d,"s":"' + b"y" * 90 + b'"}\n'
    body = b"".join(line % number for number in range(200_000))
    assert len(body) > 16 << 20
    summary = client.raw_insert("large", ["a", "s"], body, fmt="JSONEachRow", settings={"max_insert_threads": 1})
    assert summary.written_rows == 200_000
    found = client.query("SELECT count(), sum(a), uniqExact(a) FROM large").first_row
    # Source: 0 + 1 + ... + 199,999 = 199,999 * 100,000.
    assert found == (200_000, 199_999 * 100_000, 200_000)
    client.command("INSERT INTO large SETTINGS max_insert_threads = 1 FORMAT JSONEachRow", data=body)
    assert client.command("SELECT count() FROM large") == 400_000
    assert list((warehouse.directory / "spool").iterdir()) == []


def test_an_insert_may_carry_its_values_in_the_statement(client):
    client.command("CREATE TABLE inline (a Int32, s String) ENGINE = Memory")
    client.command("INSERT INTO inline VALUES (1, 'a;b'), (2, 'c')")
    client.command("INSERT INTO inline (a, s) SELECT 3, 'FORMAT CSV'")
    client.command("INSERT INTO inline (a, s) FORMAT JSONEachRow", data='{"a": 4, "s": "d"}')
    assert client.query("SELECT a, s FROM inline ORDER BY a").result_rows == [
        (1, "a;b"), (2, "c"), (3, "FORMAT CSV"), (4, "d"),
    ]  # fmt: skip


def test_an_insert_without_a_row_writes_nothing(client):
    client.command("CREATE TABLE empty (a Int32) ENGINE = Memory")
    assert client.raw_insert("empty", ["a"], b"", fmt="JSONEachRow").written_rows == 0
    assert client.command("SELECT count() FROM empty") == 0


def test_tables_sent_along_are_seen_by_this_query_only(client):
    sent = ExternalData(file_name="movies", data=b"7\tAlien\n8\tBrazil\n", fmt="TSV", structure="n Int8, name String")
    rows = client.query("SELECT name FROM movies WHERE n = {n:Int8}", parameters={"n": 8}, external_data=sent)
    assert rows.result_rows == [("Brazil",)]
    with pytest.raises(DatabaseError, match="UNKNOWN_TABLE"):
        client.query("SELECT * FROM movies")


def test_query_and_parameters_may_come_as_a_form(warehouse):
    client = warehouse.client(form_encode_query_params=True)
    assert client.query("SELECT {a:String}", parameters={"a": "x" * 20_000}).first_row == ("x" * 20_000,)


def test_a_parameter_longer_than_a_server_takes_is_refused_as_there(warehouse):
    client = warehouse.client(form_encode_query_params=True)
    most = "x" * (128 << 10)
    assert client.query("SELECT length({a:String})", parameters={"a": most}).first_row == (len(most),)
    with pytest.raises(DatabaseError, match="Field value too long"):
        client.query("SELECT length({a:String})", parameters={"a": most + "x"})


def test_the_summary_and_the_query_id_are_told(client):
    client.command("CREATE TABLE told (a Int32) ENGINE = MergeTree ORDER BY a")
    summary = client.insert("told", [[1], [2]], column_names=["a"], settings={"query_id": "my-insert-1"})
    assert (summary.written_rows, summary.query_id()) == (2, "my-insert-1")
    result = client.query("SELECT * FROM told")
    assert int(result.summary["read_rows"]) == 2


def test_ddl_answers_nothing_and_show_answers_rows(client):
    assert client.command("CREATE TABLE IF NOT EXISTS shown (a Int32) ENGINE = Memory").as_query_result().result_rows
    assert ("shown",) in client.query("SHOW TABLES").result_rows
    assert client.query("DESCRIBE TABLE shown").first_row[:2] == ("a", "Int32")
    assert client.command("EXISTS TABLE shown") == 1


def test_rows_stream(client):
    with client.query_rows_stream("SELECT number FROM numbers(300000)") as rows:
        assert sum(row[0] for row in rows) == 299_999 * 150_000


def test_another_database_by_parameter_does_not_stick(warehouse, client):
    client.command("CREATE DATABASE IF NOT EXISTS elsewhere")
    other = warehouse.client(database="elsewhere")
    assert other.command("SELECT currentDatabase()") == "elsewhere"
    assert client.command("SELECT currentDatabase()") == "stammgast"


def test_two_line_breaks_inside_the_data_end_nothing(client):
    """chDB takes a blank line for the end of an insert's data and runs what follows as SQL; the warehouse must not."""
    client.command("CREATE TABLE blank_lines (a UInt64, s String) ENGINE = MergeTree ORDER BY a")
    lines = b'{"a":1,"s":"x"}\n\n\n{"a":2570,"s":"\\n\\n; DROP TABLE blank_lines"}\n\nDROP TABLE blank_lines\n'
    with pytest.raises(DatabaseError, match="CANNOT_PARSE"):
        client.raw_insert("blank_lines", ["a", "s"], lines, fmt="JSONEachRow")
    client.raw_insert("blank_lines", ["a", "s"], lines.partition(b"\n\nDROP")[0], fmt="JSONEachRow")
    # 2570 is two line breaks in the bytes of a UInt64.
    client.insert("blank_lines", [[2570, "\n\n"], [59, ";"]], column_names=["a", "s"])
    assert client.query("SELECT a FROM blank_lines ORDER BY a").result_columns == [[1, 59, 2570, 2570]]
