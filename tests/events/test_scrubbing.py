"""No full address and no write key gets past the collector."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stammgast.events.collecting.scrubbing import scrub_body, truncate_address


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("2001:db8:abcd:12::7", "2001:db8:abcd::"),
        ("::ffff:203.0.113.77", "203.0.113.0"),
        ("fe80::1%eth0", "fe80::"),
        ("[2001:db8:1:2::3]", "2001:db8:1::"),
        ("unknown", ""),
        ("", ""),
    ],
)
def test_addresses_keep_24_or_48_bits(address, kept):
    assert truncate_address(address) == kept


@pytest.mark.parametrize(
    ("body", "clean"),
    [
        ({"context": {"ip": "203.0.113.77"}}, {"context": {"ip": "203.0.113.0"}}),
        ({"ip": "203.0.113.77, 198.51.100.9"}, {"ip": "203.0.113.0,198.51.100.0"}),
        ({"ip": "203.0.113.77:8080"}, {"ip": "203.0.113.0:8080"}),
        ({"ip": "intellectual property"}, {"ip": "intellectual property"}),
        ({"text": '"ip": "203.0.113.77"'}, {"text": '"ip": "203.0.113.77"'}),
        ({"ip": None, "a": 1}, {"ip": None, "a": 1}),
        ({"writeKey": "k"}, {}),
        ({"writeKey": "k", "a": 1}, {"a": 1}),
        ({"a": 1, "writeKey": "k"}, {"a": 1}),
        ({"a": 1, "writeKey": "k", "b": 2}, {"a": 1, "b": 2}),
        ({"a": {"writeKey": "k"}, "writeKey": None}, {"a": {}}),
        ({"text": "writeKey"}, {"text": "writeKey"}),
        ({"writeKey": {"odd": 1}, "a": 1}, {"writeKey": {"odd": 1}, "a": 1}),
    ],
)
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_a_body_is_cleaned_and_stays_json(body, clean, separators):
    assert json.loads(scrub_body(json.dumps(body, separators=separators).encode())) == clean


def test_letters_in_disguise_do_not_hide_an_address():
    assert b"113.77" not in scrub_body(rb'{"\u0069\u0070": "203.0.113.77"}')
    assert b"77" not in scrub_body(rb'{"ip": "203.0.113.\u0037\u0037"}')


@pytest.mark.parametrize(
    "name",
    [
        *("ipAddress", "ipAddr", "ip_address", "clientIp", "client_ip", "remote_ip", "remote_addr", "user_ip"),
        *("x-forwarded-for", "X-Forwarded-For", "xForwardedFor", "x_forwarded_for"),
    ],
)
@pytest.mark.parametrize("place", ["context", "properties", "traits"])
def test_addresses_under_the_names_that_integrations_use_are_truncated(name, place):
    body = {place: {"deep": {name: "203.0.113.77"}, "order": "203.0.113.77"}}
    cleaned = json.loads(scrub_body(json.dumps(body).encode()))
    assert cleaned == {place: {"deep": {name: "203.0.113.0"}, "order": "203.0.113.77"}}


@pytest.mark.parametrize("name", ["zip", "ship_address", "shippingAddress", "Ipsum", "description"])
def test_other_members_stay_as_they_are(name):
    body = json.dumps({"traits": {name: "Mill Lane 7, 12345 Inn"}, "properties": {"zip": "1.2.3.4"}}).encode()
    assert scrub_body(body) == body


@given(
    st.dictionaries(
        st.sampled_from(["ip", "writeKey", "a", "context"]),
        st.ip_addresses().map(str) | st.text() | st.dictionaries(st.just("ip"), st.ip_addresses().map(str)),
    ),
    st.booleans(),
)
def test_whatever_is_cleaned_stays_json_without_full_addresses(body, ascii_only):
    cleaned = json.loads(scrub_body(json.dumps(body, ensure_ascii=ascii_only).encode()))
    assert set(cleaned) == set(body) - {"writeKey"} or not isinstance(body.get("writeKey"), str)
    inner = cleaned.get("context")
    if isinstance(inner, dict) and "ip" in inner:
        assert inner["ip"] == truncate_address(inner["ip"])
