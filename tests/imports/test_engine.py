"""Files of every kind become events: exactly, once, and with a reason for every line that can't."""

from __future__ import annotations

import csv
import gzip
import io
import json
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from stammgast.imports.contracts import UnknownColumn, UnreadableFile
from stammgast.imports.mapping import build_map
from stammgast.imports.run import Run

ORDERS = {
    "name": "orders",
    "timestamp": {"column": "date", "zone": "Europe/Berlin"},
    "identifiers": {"user_id": {"column": "customer", "as": "whole_number"}},
    "events": [
        {"event": "Order Completed", "properties": {"order_id": "number", "price": {"column": "price", "as": "number"}}}
    ],
}
HEADER = "number,customer,date,price\n"
LINES = HEADER + "1,7.0,2026-03-01 10:00:00,19.90\n2,8,2026-07-01 10:00:00,5\n"


class Kept:
    """A sink that keeps what it is given."""

    def __init__(self):
        self.events = []
        self.durable = 0

    def send(self, batch):
        self.events += batch
        self.durable += len(batch)

    def flush(self):
        pass


def made(path, plan, refused=None):
    sink = Kept()
    summary = Run(path, build_map(plan)).send(sink, refused=refused)
    return [json.loads(event.body) for event in sink.events], summary


def written(tmp_path, text, name="orders.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


def test_each_line_of_a_csv_file_becomes_an_event(tmp_path):
    events, summary = made(written(tmp_path, LINES), ORDERS)
    assert [event["userId"] for event in events] == ["7", "8"]
    assert events[0]["properties"] == {"order_id": "1", "price": 19.9}
    # Berlin is one hour ahead of UTC in March, two in July.
    assert [event["timestamp"] for event in events] == ["2026-03-01T09:00:00.000Z", "2026-07-01T08:00:00.000Z"]
    assert (summary.rows, summary.events, summary.refused) == (2, 2, 0)


def as_jsonl(rows):
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


ROWS = [
    {"number": "1", "customer": 7, "date": "2026-03-01 10:00:00", "price": 19.9},
    {"number": "2", "customer": 8, "date": "2026-07-01 10:00:00", "price": 5},
]


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "jsonl", "jsonl.gz", "parquet", "parquet.gz"])
def test_every_format_gives_the_same_events(tmp_path, ending):
    path = tmp_path / f"orders.{ending}"
    if "csv" in ending:
        content = LINES.encode()
    elif "jsonl" in ending:
        content = as_jsonl(ROWS)
    else:
        sink = io.BytesIO()
        parquet.write_table(pa.Table.from_pylist(ROWS), sink)
        content = sink.getvalue()
    path.write_bytes(gzip.compress(content) if ending.endswith("gz") else content)
    events, _ = made(path, ORDERS)
    expected, _ = made(written(tmp_path, LINES, "expected.csv"), ORDERS)
    for one in (*events, *expected):
        del one["messageId"]  # Made of the line as it is written, so it differs between formats.
    assert events == expected


def test_a_file_sent_twice_has_the_same_message_ids_and_equal_lines_stay_two(tmp_path):
    path = written(tmp_path, LINES + "2,8,2026-07-01 10:00:00,5\n")
    first, _ = made(path, ORDERS)
    again, _ = made(path, ORDERS)
    assert [one["messageId"] for one in first] == [one["messageId"] for one in again]
    assert len({one["messageId"] for one in first}) == 3


def test_a_file_that_grew_adds_only_its_new_lines(tmp_path):
    first, _ = made(written(tmp_path, LINES), ORDERS)
    grown, _ = made(written(tmp_path, LINES + "3,9,2026-08-01,1\n"), ORDERS)
    assert len({one["messageId"] for one in (*first, *grown)}) == 3


def test_another_maps_name_makes_other_ids(tmp_path):
    path = written(tmp_path, LINES)
    first, _ = made(path, ORDERS)
    other, _ = made(path, {**ORDERS, "name": "other"})
    assert not {one["messageId"] for one in first} & {one["messageId"] for one in other}


GROUPED = {
    **ORDERS,
    "group": "number",
    "amount": {"sum": {"multiply": ["quantity", "price"]}},
    "currency": {"value": "EUR"},
    "events": [
        {
            "event": "Order Completed",
            "properties": {
                "products": {"lines": {"price": {"column": "price", "as": "number"}}},
                "count": {"count": "lines"},
            },
        }
    ],
}


def test_lines_of_one_order_are_one_event_though_others_stand_between_them(tmp_path):
    text = "number,customer,date,quantity,price\n"
    text += "1,7,2026-01-01 10:00:00,2,0.10\n2,8,2026-01-02,1,5\n1,7,2026-01-01 10:01:00,1,0.20\n3,7,2026-01-03,1,1\n"
    events, summary = made(written(tmp_path, text), GROUPED)
    assert summary.events == 3
    orders = {event["properties"]["total"]: event for event in events}
    order = orders[0.4]
    assert order["properties"]["count"] == 2
    assert order["properties"]["products"] == [{"price": 0.1}, {"price": 0.2}]
    assert order["timestamp"] == "2026-01-01T09:00:00.000Z"  # Its first line's, in UTC.


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.decimals("-999.99", "999.99", places=2)), max_size=60))
@settings(max_examples=40, deadline=None)
def test_sums_are_exact_however_lines_are_mixed(tmp_path_factory, lines):
    rows = "".join(f"{key},1,2026-01-01,1,{price}\n" for key, price in lines)
    path = written(tmp_path_factory.mktemp("mixed"), "number,customer,date,quantity,price\n" + rows)
    sink = Kept()
    Run(path, build_map(GROUPED)).send(sink)
    found = [json.loads(event.body, parse_float=Decimal, parse_int=Decimal) for event in sink.events]
    expected = {}
    for key, price in lines:
        expected[key] = expected.get(key, Decimal(0)) + price
    assert sorted(event["properties"]["total"] for event in found) == sorted(expected.values())


def test_every_line_that_cannot_be_used_is_written_down_with_its_reason(tmp_path):
    text = (
        LINES
        + "3,x,2026-01-01,1\n4,9,never,1\n5,9,2026-01-01,much\n6,,2026-01-01,1\n7,9,,1\n8,9\n9,9,2026-01-01,=2+2\n"
    )
    refused = tmp_path / "refused.csv"
    _, summary = made(written(tmp_path, text), ORDERS, refused)
    with refused.open(newline="") as file:
        rows = {int(row["row"]): row for row in csv.DictReader(file)}
    assert summary.events == 2
    assert {row: line["reason"] for row, line in rows.items()} == {
        4: "wrong_number",
        5: "wrong_time",
        6: "wrong_number",
        7: "nobody_named",
        8: "missing_time",
        9: "wrong_number_of_cells",
        10: "wrong_number",
    }
    assert "customer: 'x' is no number" in rows[4]["detail"]
    assert rows[10]["price"] == "'=2+2"
    assert summary.reasons["wrong_number"] == 3


def test_one_bad_line_refuses_its_whole_order_and_says_which_line(tmp_path):
    text = "number,customer,date,quantity,price\n1,7,2026-01-01,2,0.10\n1,7,2026-01-01,two,1\n2,8,2026-01-02,1,5\n"
    refused = tmp_path / "refused.csv"
    events, summary = made(written(tmp_path, text), GROUPED, refused)
    assert [event["userId"] for event in events] == ["8"]
    assert summary.refused == 2
    told = refused.read_text()
    assert "quantity: 'two' is no number" in told
    assert "belongs to the event of row 3" in told


def test_a_line_in_another_encoding_is_refused_alone(tmp_path):
    lines = LINES + "".join(f"{n},9,2026-01-01,{n} €\n" for n in range(3, 6))
    _, summary = made(written(tmp_path, lines.encode() + "6,9,2026-01-01,1 €\n".encode("cp1252")), ORDERS)
    assert (summary.events, summary.reasons) == (5, {"wrong_encoding": 1})


def test_delimiter_encoding_decimal_comma_and_columns_can_be_said(tmp_path):
    plan = {
        "name": "german",
        "file": {"delimiter": ";", "encoding": "cp1252", "columns": ["Nr", "Kunde", "Datum", "Preis", "Ort"]},
        "timestamp": {"column": "Datum", "format": "%d.%m.%Y", "zone": "Europe/Berlin"},
        "identifiers": {"user_id": "Kunde"},
        "amount": {"column": "Preis", "decimal": ","},
        "currency": {"value": "EUR"},
        "traits": {"city": "Ort"},
        "events": [{"event": "Order Completed"}],
    }
    text = '1;K7;01.03.2026;1.234,50;"Köln; Süd"\n'
    events, _ = made(written(tmp_path, text, encoding="cp1252"), plan)
    assert events[0]["properties"] == {"total": 1234.5, "currency": "EUR"}
    assert events[0]["context"]["traits"] == {"city": "Köln; Süd"}


def test_a_line_without_a_customer_can_be_nobodys(tmp_path):
    events, _ = made(written(tmp_path, HEADER + "1,,2026-01-01,1\n"), {**ORDERS, "subject": "optional"})
    assert events[0]["subject"] == "none"
    assert "userId" not in events[0]


def test_an_identify_carries_traits_and_other_identifiers(tmp_path):
    plan = {
        "name": "people",
        "timestamp": "since",
        "identifiers": {"email": {"column": "mail", "lower": True}},
        "traits": {"name": "name", "tags": {"column": "tags", "as": "list", "separator": "|"}},
        "events": [{"type": "identify"}],
    }
    text = "mail,name,since,tags\nAnn@Inn.Example,Ann,2026-01-01,a| b\n"
    events, _ = made(written(tmp_path, text), plan)
    assert events[0]["traits"] == {"email": "ann@inn.example", "name": "Ann", "tags": ["a", "b"]}
    assert events[0]["anonymousId"].startswith("import-")


def test_conditions_choose_the_event_and_skip_lines(tmp_path):
    plan = {
        **ORDERS,
        "skip": {"column": "number", "equals": 0},
        "events": [
            {"event": "Cheap", "when": {"column": "price", "less_than": 10}},
            {"event": "Dear", "when": {"column": "price", "greater_than": 100}},
        ],
    }
    text = HEADER + "0,1,2026-01-01,1\n1,1,2026-01-01,9\n2,1,2026-01-01,50\n3,1,2026-01-01,101\n"
    events, summary = made(written(tmp_path, text), plan)
    assert [event["event"] for event in events] == ["Cheap", "Dear"]
    assert (summary.rows, summary.reasons) == (3, {"no_event": 1})


def test_json_lines_keep_types_and_reach_into_inner_objects(tmp_path):
    plan = {
        "name": "clicks",
        "timestamp": {"column": "at", "format": "unix_ms"},
        "identifiers": {"user_id": "user.id"},
        "events": [{"event": {"column": "what"}, "properties": {"n": "n", "tags": "tags", "ok": "ok"}}],
    }
    lines = as_jsonl(
        [{"at": 1767225600000, "user": {"id": 5}, "what": "Clicked", "n": 1.10, "tags": ["a"], "ok": True}]
    )
    events, summary = made(written(tmp_path, lines + b"{broken\n\n", "clicks.jsonl"), plan)
    assert events[0]["timestamp"] == "2026-01-01T00:00:00.000Z"
    assert (events[0]["userId"], events[0]["event"]) == ("5", "Clicked")
    assert events[0]["properties"] == {"n": 1.1, "tags": ["a"], "ok": True}
    assert summary.reasons == {"wrong_json": 1}


def test_a_column_the_file_does_not_have_is_told_with_the_likely_one(tmp_path):
    with pytest.raises(UnknownColumn, match="Did you mean date"):
        Run(written(tmp_path, LINES), build_map({**ORDERS, "timestamp": "dat"})).dry()


def test_files_that_cannot_be_read_are_refused_in_words(tmp_path):
    plan = build_map(ORDERS)
    for name, content in {
        "empty.csv": b"",
        "x.parquet": b"no",
        "cut.csv.gz": gzip.compress(LINES.encode())[:20],
    }.items():
        with pytest.raises(UnreadableFile):
            Run(written(tmp_path, content, name), plan).dry()
    with pytest.raises(UnreadableFile):
        Run(tmp_path / "absent.csv", plan)


def test_a_dry_run_shows_the_first_events_and_sends_nothing(tmp_path):
    summary = Run(written(tmp_path, LINES), build_map(ORDERS)).dry()
    assert (summary.events, summary.sent, len(summary.first_events)) == (2, 0, 2)


def test_a_run_goes_on_where_an_earlier_one_was_interrupted(tmp_path):
    path = written(tmp_path, HEADER + "".join(f"{n},1,2026-01-01,{n}\n" for n in range(1200)))
    plan = build_map(ORDERS)
    whole = Kept()
    Run(path, plan).send(whole)
    rest = Kept()
    counts = []
    Run(path, plan).send(rest, skip=700, checkpoint=counts.append)
    assert [event.message_id for event in rest.events] == [event.message_id for event in whole.events[700:]]
    assert counts[-1] == 1200


def test_an_event_larger_than_the_limit_is_refused(tmp_path):
    text = "number,customer,date,price\n" + f'"{"x" * 1_100_000}",1,2026-01-01,1\n'
    _, summary = made(written(tmp_path, text), ORDERS)
    assert summary.reasons == {"event_too_large": 1}
