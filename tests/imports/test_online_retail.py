"""The ready map over the retailer's real file. Every figure stands in the data's README; pandas counts the rest."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

import stammgast.imports
from stammgast.events.contracts import Event, Rules
from stammgast.events.reading import read_entry
from stammgast.imports.mapping import load_map
from stammgast.imports.run import Run
from stammgast.imports.sinks import batch_body
from stammgast.kernel.log import LogEntry


class Figures:
    """A sink that adds up what it is given."""

    def __init__(self):
        self.durable = 0
        self.names = Counter()
        self.lines = 0
        self.customers = set()
        self.ids = set()
        self.nobodys = 0
        self.amount = 0
        self.refused = []
        self.first_times = {}
        self.order_536591 = None

    def send(self, batch):
        self.durable += len(batch)
        entry = LogEntry(1_700_000_000_000, 1, len(batch), "import", b"", batch_body(batch), 1)
        for event in read_entry(entry, Rules()):
            if not isinstance(event, Event):
                self.refused.append(event)
                continue
            self.ids.add(event.message_id)
            self.names[event.name] += 1
            self.lines += len(event.properties["products"])
            self.nobodys += event.is_subjectless
            self.customers.add(event.user_id)
            self.amount += event.amount
            if event.properties["order_id"] == "536591":
                self.order_536591 = event

    def flush(self):
        pass


@pytest.fixture(scope="module")
def figures(shared_data):
    plan = load_map(Path(stammgast.imports.__file__).parent / "maps" / "online_retail.yaml")
    sink = Figures()
    sink.summary = Run(shared_data("online_retail/online_retail_all.csv.gz"), plan).send(sink)
    return sink


def test_no_line_is_refused_by_the_map_or_by_collection(figures):
    assert (figures.summary.rows, figures.summary.refused, figures.refused) == (541_909, 0, [])


def test_every_line_is_in_its_order_exact_duplicates_too(figures):
    assert figures.lines == 541_909


def test_every_invoice_is_one_event_though_one_stands_in_two_places(figures):
    assert sum(figures.names.values()) == len(figures.ids) == 25_900


def test_cancellations_are_refunds(figures):
    # 3,836 invoices with 9,288 lines begin with C: pandas nunique() over the file.
    assert figures.names == {"Order Completed": 22_064, "Order Refunded": 3_836}


def test_customers_are_counted_and_sales_without_one_belong_to_nobody(figures):
    assert len(figures.customers - {""}) == 4_372
    # 3,710 invoices have lines without a customer, and none of these has lines with one: pandas.
    assert figures.nobodys == 3_710


def test_money_adds_up_to_the_last_digit(figures):
    assert Decimal(figures.amount) / 1_000_000 == Decimal("9747747.934")


def test_an_orders_time_is_its_first_lines(figures):
    # Lines of 536591 carry 16:57 and 16:58.
    assert figures.order_536591.time == 1_291_222_620_000  # 2010-12-01T16:57:00Z


def test_bodies_are_json_with_numbers_as_the_source_writes_them(shared_data):
    plan = load_map(Path(stammgast.imports.__file__).parent / "maps" / "online_retail.yaml")
    first = json.loads(Run(shared_data("online_retail/online_retail_all.csv.gz"), plan).dry().first_events[0])
    assert first["properties"]["products"][0] == {
        "product_id": "85123A",
        "name": "WHITE HANGING HEART T-LIGHT HOLDER",
        "quantity": 6,
        "price": 2.55,
    }
    # 15.30 + 20.34 + 22.00 + 20.34 + 20.34 + 15.30 + 25.50
    assert first["properties"]["total"] == 139.12
