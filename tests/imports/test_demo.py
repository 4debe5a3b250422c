"""The demo shop's pages and the demo company's months."""

from __future__ import annotations

from collections import Counter

import pytest

from stammgast.demo.catalogue import PRODUCTS
from stammgast.demo.company import SOURCES, make_company
from stammgast.demo.loading import load_demo
from stammgast.demo.people import MAIL_DOMAIN
from stammgast.demo.source import demo_key
from stammgast.events import api
from stammgast.events.contracts import Event, Rules
from stammgast.events.enrichment.snapshot import EnrichmentRules
from stammgast.imports.sinks import batch_body
from stammgast.kernel.log import LogEntry
from stammgast.workspace.api import list_sources
from stammgast.workspace.contracts import Actor

BY = Actor("command", 0, "tests")
TODAY = 1_790_000_000_000


@pytest.fixture(scope="module")
def company():
    return list(make_company(TODAY, people=120))


def test_the_demo_company_is_the_same_every_time(company):
    assert list(make_company(TODAY, people=120)) == company


def test_an_hour_later_the_same_lives_are_told_an_hour_longer(company):
    later = {event.wire["messageId"] for event in make_company(TODAY + 3_600_000, people=120)}
    assert {event.wire["messageId"] for event in company} <= later


def test_message_ids_are_distinct_and_nothing_lies_ahead(company):
    assert len({event.wire["messageId"] for event in company}) == len(company)
    assert max(event.time for event in company) <= TODAY


def test_collection_takes_every_event_and_finds_all_channels(company):
    channels, names = Counter(), Counter()
    kinds = dict(enumerate(SOURCES.values(), 1))
    rules = Rules(enrichment=EnrichmentRules(source_kinds=kinds))
    for number, source in enumerate(SOURCES, 1):
        mine = [event for event in company if event.source == source]
        body = batch_body([_Encoded(event) for event in mine])
        for event in api.read_entry(LogEntry(TODAY, number, len(mine), "import", b"", body, 1), rules):
            assert isinstance(event, Event), event
            channels[event.channel] += 1
            names[event.name or event.type] += 1
    assert {"web", "app", "mail", "phone", "shop", "social", "chat"} <= set(channels)
    wanted = {"Order Completed", "Order Refunded", "Case Opened", "Case Resolved", "Survey Answered", "Review Posted"}
    assert wanted <= set(names)


def test_made_up_people_are_marked_and_cannot_be_real(company):
    traits = [event.wire["traits"] for event in company if event.wire["type"] == "identify"]
    assert traits
    assert all(one["is_demo"] and one["email"].endswith(f"@{MAIL_DOMAIN}") for one in traits)


class _Encoded:
    def __init__(self, event):
        import msgspec

        self.body = msgspec.json.encode(event.wire)


class Kept:
    def __init__(self):
        self.durable = 0

    def send(self, batch):
        self.durable += len(batch)

    def flush(self):
        pass


def test_the_demo_is_loaded_once_and_connects_the_shop(house):
    sinks = {}
    count = load_demo(house, BY, "", people=5, make_sink=lambda _address, key: sinks.setdefault(key, Kept()))
    assert count == sum(sink.durable for sink in sinks.values()) > 50
    assert {source.name for source in list_sources(house)} == {*SOURCES, "Demo shop"}
    assert demo_key(house)
    assert load_demo(house, BY, "", people=5, make_sink=lambda _address, key: sinks.setdefault(key, Kept())) == 0


def test_the_shop_speaks_both_languages_and_carries_the_key_it_was_given(analyst):
    page = analyst.client.get("/demo/shop?writeKey=sgk_abc", headers={"Accept-Language": "de"}).text
    assert 'data-write-key="sgk_abc"' in page
    assert "Bergkäse" in page
    assert "/demo/shop/product/LH-201?writeKey=sgk_abc" in page
    assert "Mountain cheese" in analyst.client.get("/demo/shop", headers={"Accept-Language": "en"}).text


def test_every_page_of_the_shop_opens_without_a_log_in_and_without_a_key(analyst):
    analyst.client.cookies.clear()
    for path in (
        "",
        "/basket",
        "/checkout",
        "?category=bakery",
        "?q=cheese",
        "?q=nothing",
        *(f"/product/{one.sku}" for one in PRODUCTS),
    ):
        assert analyst.client.get(f"/demo/shop{path}").status_code == 200
    assert analyst.client.get("/demo/shop/product/none").status_code == 404


def test_a_key_that_is_none_is_not_put_into_the_page(analyst):
    page = analyst.client.get('/demo/shop?writeKey="><script>').text
    assert "<script>" not in page.replace("<script defer", "")
