"""Validation and reading of events, rule by rule (docs/reference/collection.md)."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stammgast.events.contracts import EntryMeta, Event, EventSchema, Rejected, Rules
from stammgast.events.enrichment.snapshot import EnrichmentRules
from stammgast.events.reading import expand, read_entry, read_raw
from stammgast.events.wire import encode_meta
from stammgast.kernel.log import LogEntry

RECEIVED = 1_700_000_000_000  # 2023-11-14T22:13:20Z
ALICE = {"type": "track", "event": "Order Completed", "userId": "alice", "messageId": "m1"}
RULES = Rules()
SERVER = EntryMeta()


def entry(body, kind="batch", meta=SERVER, position=40):
    encoded = body if isinstance(body, bytes) else json.dumps(body).encode()
    return LogEntry(RECEIVED, 7, 1, kind, encode_meta(meta), encoded, position)


def read_batch(*events, rules=RULES, kind="batch", meta=SERVER, **batch):
    return read_entry(entry({"batch": list(events), **batch}, kind, meta), rules)


def read_one(event, **given_besides):
    (one,) = read_batch(event, **given_besides)
    return one


def reason_of(event, **given_besides):
    one = read_one(event, **given_besides)
    return one.reason if isinstance(one, Rejected) else None


def without(name, event=ALICE):
    return {key: value for key, value in event.items() if key != name}


def test_a_track_event_is_read_with_all_its_fields():
    event = read_one(ALICE | {"anonymousId": "a1", "properties": {"total": 20}, "context": {"locale": "de"}})
    assert (event.type, event.name, event.message_id) == ("track", "Order Completed", "m1")
    assert (event.user_id, event.anonymous_id, event.source) == ("alice", "a1", 7)
    assert (event.properties, event.context) == ({"total": 20}, {"locale": "de"})
    assert event.identifiers == (("anonymous_id", "a1"), ("user_id", "alice"))
    assert len(event.digest) == 16


@pytest.mark.parametrize("kind", ["track", "identify", "page", "screen", "group", "alias"])
def test_a_single_event_has_the_type_of_its_endpoint(kind):
    body = {"event": "E", "userId": "u", "groupId": "g", "previousId": "p", "messageId": "m"}
    (event,) = read_entry(entry(body, kind), RULES)
    assert event.type == kind


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (without("userId"), "missing_identity"),
        (ALICE | {"userId": "  ", "anonymousId": None}, "missing_identity"),
        (without("event"), "missing_event"),
        (ALICE | {"event": " "}, "missing_event"),
        (without("type"), "unknown_type"),
        (ALICE | {"type": "trakc"}, "unknown_type"),
        ({"type": "group", "userId": "u"}, "missing_group"),
        ({"type": "alias", "userId": "u"}, "missing_previous"),
        (ALICE | {"messageId": "x" * 101}, "message_id_too_long"),
        (ALICE | {"userId": "x" * 513}, "identifier_too_long"),
        (ALICE | {"event": "x" * 256}, "name_too_long"),
        (ALICE | {"properties": {str(number): 1 for number in range(301)}}, "too_many_properties"),
        (ALICE | {"properties": ["no", "object"]}, "wrong_type"),
        (ALICE | {"userId": True}, "wrong_type"),
        (ALICE | {"timestamp": "yesterday"}, "invalid_timestamp"),
        (ALICE | {"timestamp": "1750-01-01T00:00:00Z"}, "invalid_timestamp"),
        (ALICE | {"properties": {"text": "a\0b"}}, "nul_character"),
        (ALICE | {"properties": {"text": "\ud83d half"}}, "lone_surrogate"),
        (ALICE | {"properties": {"text": "\udc00"}}, "lone_surrogate"),
        (ALICE | {"properties": {"price": float("nan")}}, "not_a_number"),
        (ALICE | {"properties": {"price": float("-inf")}}, "not_a_number"),
        (ALICE | {"properties": {"text": "x" * 33_000}}, "event_too_large"),
        ("no object", "wrong_type"),
        (None, "wrong_type"),
    ],
)
def test_an_event_that_is_not_valid_is_refused_with_its_reason(event, reason):
    assert reason_of(event) == reason


def test_what_is_just_within_the_limits_is_taken():
    event = ALICE | {"messageId": "x" * 100, "properties": {str(number): 1 for number in range(300)}}
    assert isinstance(read_one(event), Event)


def nested(levels):
    value = 1
    for _ in range(levels):
        value = {"in": [value]} if isinstance(value, int) else {"in": value}
    return value


def test_nesting_is_allowed_to_64_levels():
    # The event is level 1, properties 2, so 61 objects more and the innermost list make 64.
    assert reason_of(ALICE | {"properties": {"deep": nested(61)}}) is None
    assert reason_of(ALICE | {"properties": {"deep": nested(62)}}) == "nested_too_deep"


def test_nesting_so_deep_that_a_decoder_would_give_up_spoils_no_other_event():
    deep = b'{"type":"track","event":"E","userId":"u","properties":{"a":' + b"[" * 5_000 + b"]" * 5_000 + b"}}"
    good = json.dumps(ALICE).encode()
    first, second = read_entry(entry(b'{"batch":[' + deep + b"," + good + b"]}"), RULES)
    assert (first.reason, second.message_id) == ("nested_too_deep", "m1")


def test_a_broken_event_leaves_its_neighbours_alone():
    bad = ALICE | {"messageId": "bad", "properties": {"price": float("nan")}}
    first, second, third = read_batch(ALICE, bad, ALICE | {"messageId": "m3"})
    assert (first.message_id, second.reason, third.message_id) == ("m1", "not_a_number", "m3")


def test_the_words_nan_and_null_bytes_inside_texts_are_not_taken_for_values():
    assert reason_of(ALICE | {"properties": {"text": 'NaN "Infinity" \\u0000'}}) is None


def test_ids_are_trimmed_and_numbers_become_texts():
    event = read_one({"type": "track", "event": " Viewed ", "userId": 42, "anonymousId": " a ", "messageId": 7.0})
    assert (event.user_id, event.anonymous_id, event.message_id, event.name) == ("42", "a", "7", "Viewed")


def test_a_missing_or_blank_message_id_is_made_and_is_the_same_when_the_entry_is_read_again():
    body = {"batch": [without("messageId"), ALICE | {"messageId": " "}, without("messageId")]}
    first, again = read_entry(entry(body), RULES), read_entry(entry(body), RULES)
    ids = [one.message_id for one in first]
    assert ids == [one.message_id for one in again]
    assert len(set(ids)) == 3
    elsewhere = read_entry(entry(body, position=41), RULES)
    assert set(ids).isdisjoint(one.message_id for one in elsewhere)


def test_batch_context_fills_what_an_event_lacks_and_replays_with_it():
    first, second = read_batch(
        ALICE, ALICE | {"context": {"locale": "fr"}}, context={"locale": "de", "timezone": "UTC"}, integrations={"A": 1}
    )
    assert first.context == {"locale": "de", "timezone": "UTC"}
    assert second.context == {"locale": "fr", "timezone": "UTC"}
    assert json.loads(first.raw)["integrations"] == {"A": 1}
    assert json.loads(second.raw)["context"]["timezone"] == "UTC"


def test_the_batch_says_when_it_was_sent():
    event = read_one(ALICE | {"timestamp": "2023-11-14T21:00:00Z"}, sentAt="2023-11-14T21:00:10+00:00")
    assert (event.time, event.original_time) == (RECEIVED - 10_000, RECEIVED - 4_400_000)


def test_imports_keep_the_time_they_say():
    event = read_one(ALICE | {"timestamp": "1999-12-31T00:00:00"}, sentAt="2023-11-14T21:00:10Z", kind="import")
    assert (event.time, event.is_import, event.flags) == (946_598_400_000, True, ())


def test_imports_have_message_ids_of_their_own():
    assert read_one(ALICE).digest != read_one(ALICE, kind="import").digest


def test_nobody_is_only_for_imports_and_our_own_events():
    anonymous = without("userId") | {"subject": "none"}
    assert reason_of(anonymous) == "missing_identity"
    event = read_one(anonymous | {"properties": {"email": "a@x.example"}}, kind="import")
    assert event.is_subjectless
    assert event.identifiers == ()
    assert read_one(anonymous, kind="own").is_subjectless


def test_identifiers_come_from_traits_context_and_a_tracks_properties():
    identify = {"type": "identify", "userId": "u", "traits": {"email": "A@x.example", "phone": 491711234567}}
    assert read_one(identify).identifiers == (("email", "A@x.example"), ("phone", "491711234567"), ("user_id", "u"))
    device = {"context": {"device": {"id": "d1"}, "traits": {"email": "b@x.example"}}}
    assert ("device_id", "d1") in read_one(ALICE | device).identifiers
    assert ("email", "b@x.example") in read_one(ALICE | device).identifiers
    assert ("email", "c@x.example") in read_one(ALICE | {"properties": {"email": "c@x.example"}}).identifiers
    page = {"type": "page", "userId": "u", "properties": {"email": "of the page's owner"}}
    assert read_one(page).identifiers == (("user_id", "u"),)


def test_a_group_is_an_account_and_no_identifier():
    group = {"type": "group", "userId": "u", "groupId": "acme", "traits": {"email": "info@acme.example"}}
    event = read_one(group)
    assert (event.group_id, event.traits) == ("acme", {"email": "info@acme.example"})
    assert event.identifiers == (("user_id", "u"),)


@pytest.mark.parametrize(
    ("said", "account"), [("acme", "acme"), (7, "7"), (" acme ", "acme"), ("x" * 513, ""), ({"id": 1}, ""), (True, "")]
)
def test_an_event_names_its_account_in_the_context_too_and_nonsense_there_names_none(said, account):
    assert read_one({**ALICE, "context": {"groupId": said}}).group_id == account


def test_the_account_in_the_context_is_no_part_of_what_a_message_says():
    assert read_one({**ALICE, "context": {"groupId": "acme"}}).content == read_one(ALICE).content


def test_an_alias_links_the_previous_id_whichever_kind_it_was():
    event = read_one({"type": "alias", "userId": "new", "previousId": "old"})
    assert event.identifiers == (("anonymous_id", "old"), ("user_id", "new"), ("user_id", "old"))


def test_an_identify_takes_traits_that_its_sdk_keeps_in_context():
    event = read_one(
        {"type": "identify", "userId": "u", "traits": {"plan": "new"}, "context": {"traits": {"plan": "x", "age": 3}}}
    )
    assert event.traits == {"plan": "new", "age": 3}


def test_consent_is_read_and_global_privacy_control_is_a_refusal_of_sale():
    said = {"context": {"consent": {"categoryPreferences": {"analytics": True, "ads": False, "odd": "yes"}}}}
    assert read_one(ALICE | said).consent == {"analytics": True, "ads": False}
    assert read_one(ALICE).consent is None
    assert read_one(ALICE, meta=EntryMeta(opts_out_of_sale=True)).consent == {"sale_of_data": False}


def test_the_content_is_the_same_for_a_resend_and_differs_when_anything_said_differs():
    sent = read_one(ALICE | {"sentAt": "2023-11-14T22:00:00Z", "context": {"retry": 0}})
    again = read_one({"sentAt": "2023-11-14T23:00:00Z", "context": {"retry": 1}} | ALICE)
    other = read_one(ALICE | {"properties": {"total": 1}})
    assert sent.content == again.content != other.content


def test_money_of_orders_and_refunds_is_exact():
    order = read_one(ALICE | {"properties": {"total": 0.1, "revenue": 5, "currency": "EUR"}})
    assert (order.amount, order.currency) == (100_000, "EUR")
    refund = read_one(ALICE | {"event": "Order Refunded", "properties": {"total": 3}}, rules=Rules(currency="GBP"))
    assert (refund.amount, refund.currency) == (-3_000_000, "GBP")


def test_a_schema_demands_properties_and_can_block_a_name():
    rules = Rules(
        schemas={
            "Order Completed": EventSchema("Order Completed", (("total", "number"),)),
            "Debug": EventSchema("Debug", is_blocked=True),
        }
    )
    mismatch = read_one(ALICE, rules=rules)
    assert (mismatch.reason, mismatch.detail) == ("schema_mismatch", "properties.total is missing")
    assert (mismatch.message_id, mismatch.name, mismatch.time) == ("m1", "Order Completed", RECEIVED)
    assert reason_of(ALICE | {"properties": {"total": 1.5}}, rules=rules) is None
    assert reason_of(ALICE | {"event": "Debug"}, rules=rules) == "event_blocked"


def test_a_replay_after_the_schema_was_put_right_gives_what_the_first_reading_would_have_given():
    strict = Rules(schemas={"Order Completed": EventSchema("Order Completed", (("total", "number"),))})
    sent = {"timestamp": "2023-11-14T21:00:00Z", "context": {"locale": "de"}}
    refused = read_one(ALICE | sent, rules=strict, sentAt="2023-11-14T21:00:10Z", meta=EntryMeta(ip="1.2.3.0"))
    expected = read_one(ALICE | sent, sentAt="2023-11-14T21:00:10Z", meta=EntryMeta(ip="1.2.3.0"))
    assert read_raw(refused.raw, RULES) == expected


def test_the_customers_address_is_taken_from_browsers_but_not_from_servers():
    rules = Rules(enrichment=EnrichmentRules())
    browser = EntryMeta(ip="203.0.113.0", user_agent="Mozilla/5.0", is_browser=True)
    server = EntryMeta(ip="203.0.113.0", user_agent="analytics-python/2.3.5")
    assert read_one(ALICE, rules=rules, meta=browser).context["ip"] == "203.0.113.0"
    assert "ip" not in read_one(ALICE, rules=rules, meta=server).context
    assert read_one(ALICE | {"context": {"direct": True}}, rules=rules, meta=server).context["ip"] == "203.0.113.0"
    own = ALICE | {"context": {"ip": "198.51.100.0"}}
    assert read_one(own, rules=rules, meta=browser).context["ip"] == "198.51.100.0"


def test_orders_to_the_worker_hold_no_events():
    assert read_entry(entry({"action": "replay", "ids": [1]}, "internal"), RULES) == []


def test_every_event_of_an_entry_keeps_its_place():
    raws = list(expand(entry({"batch": [ALICE, {}, ALICE]})))
    assert [(one.position, one.ordinal) for one in raws] == [(40, 0), (40, 1), (40, 2)]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
fields = st.sampled_from(
    [
        "type",
        "event",
        "userId",
        "anonymousId",
        "messageId",
        "timestamp",
        "sentAt",
        "originalTimestamp",
        "context",
        "properties",
        "traits",
        "groupId",
        "previousId",
        "name",
        "subject",
        "integrations",
    ]
)


@given(st.lists(st.dictionaries(fields, json_values, max_size=6), max_size=4), st.sampled_from(["batch", "import"]))
def test_whatever_json_comes_each_event_is_read_or_refused_and_can_be_stored(events, kind):
    read = read_entry(entry({"batch": events}, kind), RULES)
    assert len(read) == len(events)
    for one in read:
        if isinstance(one, Event):
            stored = msgspec.json.encode([one.properties, one.traits, one.context, one.identifiers])
            assert b"\\u0000" not in stored.replace(b"\\\\", b"")
            assert -(2**63) <= one.content < 2**63
        else:
            assert one.reason
            (one.message_id + one.name + one.type + one.detail).encode()
