"""Enrichment of whole events, and laws that hold for anything a sender may write."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stammgast.events.contracts import Event
from stammgast.events.enrichment import geo
from stammgast.events.enrichment.api import ChannelRule, EnrichmentRules, enrich
from stammgast.kernel.ids import SourceId
from stammgast.workspace.contracts import StaffRules

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
RULES = EnrichmentRules(source_kinds={SourceId(1): "browser", SourceId(2): "server", SourceId(3): "mobile"})


def event(**given_fields) -> Event:
    fields = {"message_id": "m", "digest": b"", "content": 0, "type": "track", "time": 0, "received_at": 0}
    return Event(**{**fields, **given_fields})


def enriched(rules=RULES, ip="", user_agent="", **fields) -> Event:
    one = event(**fields)
    enrich(one, ip, user_agent, rules)
    return one


def test_a_browsers_request_tells_device_browser_and_system():
    one = enriched(user_agent=CHROME, name="Product Viewed")
    assert (one.device, one.browser, one.os, one.is_bot) == ("desktop", "Chrome", "Windows", False)


def test_the_user_agent_in_the_context_beats_the_requests():
    one = enriched(user_agent=CHROME, context={"userAgent": GOOGLEBOT})
    assert one.is_bot


def test_a_server_sdks_own_user_agent_says_nothing_about_the_customer():
    one = enriched(user_agent="python-requests/2.32.3", name="Order Completed")
    assert (one.device, one.browser, one.is_bot) == ("", "", False)


def test_a_mobile_sdk_knows_device_and_system_better_than_the_user_agent():
    one = enriched(type="screen", context={"os": {"name": "iPadOS"}, "device": {"type": "ios", "model": "iPad14,1"}})
    assert (one.device, one.os, one.channel) == ("tablet", "iPadOS", "app")


@pytest.mark.skipif(not geo.has_database(), reason="the country database is absent: run make setup")
@pytest.mark.parametrize(
    ("ip", "country"),
    # Registered at RIPE and ARIN: Telekom's and Vodafone Kabel's networks, Google's resolver, the BBC, A1.
    [("91.64.0.0", "DE"), ("2a02:8108::", "DE"), ("8.8.8.0", "US"), ("212.58.224.0", "GB"), ("84.112.0.0", "AT")],
)
def test_a_truncated_address_still_tells_its_country(ip, country):
    assert enriched(ip=ip).country == country


@pytest.mark.parametrize("ip", ["", "127.0.0.0", "10.0.0.0", "::1", "not an address", "999.1.1.1"])
def test_an_address_without_a_country_gives_none(ip):
    assert enriched(ip=ip).country == ""


def test_without_a_database_there_is_no_country_and_no_error(tmp_path, monkeypatch):
    monkeypatch.setattr(geo, "FOLDER", tmp_path)
    geo.country_of.cache_clear()
    assert enriched(ip="8.8.8.0").country == ""
    geo.country_of.cache_clear()


def test_a_damaged_database_is_as_good_as_none(tmp_path, monkeypatch):
    (tmp_path / "country.mmdb").write_bytes(b"not a database")
    monkeypatch.setattr(geo, "FOLDER", tmp_path)
    geo.country_of.cache_clear()
    assert enriched(ip="8.8.8.0").country == ""
    geo.country_of.cache_clear()


def test_a_page_view_tells_page_campaign_and_what_sent_it():
    page = {
        "url": "https://shop.example.com/sale?utm_source=letter&utm_medium=email&utm_campaign=May",
        "title": "Sale",
        "referrer": "https://www.google.com/",
    }
    one = enriched(type="page", name="Sale", properties=page, context={"locale": "de-CH"})
    assert (one.page_path, one.page_title, one.language) == ("/sale", "Sale", "de")
    assert (one.campaign_source, one.campaign_medium, one.campaign_name) == ("letter", "email", "May")
    assert one.referrer_medium == "mail"


def test_a_campaign_that_the_sdk_read_beats_the_address():
    page = {"url": "https://shop.example.com/?utm_source=a"}
    one = enriched(context={"page": page, "campaign": {"source": "b", "name": "n"}})
    assert (one.campaign_source, one.campaign_name) == ("b", "n")


def test_an_event_off_the_web_was_sent_by_no_place():
    assert enriched(name="Order Completed", source=SourceId(2)).referrer_medium == ""


@pytest.mark.parametrize(
    ("fields", "channel", "touchpoint"),
    [
        ({"name": "Product Viewed", "source": SourceId(1)}, "web", "Product page"),
        ({"name": "Order Completed", "source": SourceId(3)}, "app", "Order"),
        ({"name": "Email Opened", "source": SourceId(2)}, "mail", ""),
        ({"name": "Call Ended", "source": SourceId(1)}, "phone", "Call centre"),
        ({"type": "screen", "name": "Home"}, "app", ""),
        ({"name": "Order Completed", "source": SourceId(2)}, "server", "Order"),
        ({"name": "Order Completed", "source": SourceId(9)}, "", "Order"),
        ({"name": "X", "context": {"page": {"path": "/x"}}}, "web", ""),
        ({"name": "Email Opened", "context": {"channel": "letter", "touchpoint": "Postcard"}}, "letter", "Postcard"),
    ],
)
def test_default_rules_find_channel_and_touchpoint(fields, channel, touchpoint):
    one = enriched(**fields)
    assert (one.channel, one.touchpoint) == (channel, touchpoint)


def test_the_first_rule_that_fits_wins_and_a_later_one_may_add_the_touchpoint():
    rules = EnrichmentRules(
        channels=(
            ChannelRule(page="help.example.com/*", channel="service"),
            ChannelRule(page="/faq*", touchpoint="FAQ"),
            ChannelRule(type="page", channel="web", touchpoint="Page"),
        )
    )
    page = {"url": "https://help.example.com/faq/returns?x=1"}
    one = enriched(rules=rules, type="page", properties=page)
    assert (one.channel, one.touchpoint) == ("service", "FAQ")


@pytest.mark.parametrize(
    ("fields", "is_staff"),
    [
        ({"ip": "203.0.113.0"}, True),
        ({"ip": "203.0.114.0"}, False),
        ({"ip": "2001:db8:7::"}, True),
        ({"ip": "192.0.2.0"}, False),  # its network is narrower: only the full address tells, at collection
        ({"traits": {"email": "Ann@Inn.Example "}, "type": "identify"}, True),
        ({"traits": {"email": "ann@other.example"}, "type": "identify"}, False),
        ({"user_id": "till-1"}, True),
        ({}, False),
    ],
)
def test_staff_are_marked_by_network_mail_domain_and_user_id(fields, is_staff):
    staff = StaffRules(
        networks=("203.0.112.0/23", "192.0.2.7/32", "2001:db8:7::/48", "nonsense"),
        email_domains=frozenset({"inn.example"}),
        user_ids=frozenset({"till-1"}),
    )
    assert enriched(rules=EnrichmentRules(staff=staff), **fields).is_staff is is_staff


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
known_keys = st.sampled_from(
    ["page", "userAgent", "ip", "locale", "campaign", "library", "os", "device", "location", "channel", "touchpoint"]
)
page_keys = st.sampled_from(["url", "path", "search", "referrer", "title"])
contexts = st.dictionaries(known_keys, json_values | st.dictionaries(page_keys, json_values | st.text()), max_size=6)


@given(contexts, st.dictionaries(page_keys, json_values, max_size=4), st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_whatever_a_sender_writes_enrichment_ends_with_texts(context, properties, user_agent):
    one = enriched(type="page", context=context, properties=properties, user_agent=user_agent)
    told = (one.channel, one.touchpoint, one.device, one.browser, one.os, one.country, one.language)
    told += (one.referrer_medium, one.referrer_name, one.campaign_source, one.click_id, one.page_path, one.page_title)
    assert all(isinstance(text, str) for text in told)
