"""Receipts, quarantine, schemas and channel rules over the Management API, with a real log and real databases."""

from urllib.parse import quote

import httpx
import msgspec
import pytest
from litestar.testing import TestClient

from stammgast.events import api as events
from stammgast.events import waiting
from stammgast.events.contracts import MessageBook, MessageRecord, RawEvent, Rejected
from stammgast.events.enrichment.rules import DEFAULT_CHANNEL_RULES, PAYMENT_HOSTS
from stammgast.events.manifest import MANIFEST as EVENTS
from stammgast.events.reading import message_digest
from stammgast.kernel.log import LogEntry, LogReader, LogWriter
from stammgast.kernel.runtime import Runtime
from stammgast.kernel.settings import Settings
from stammgast.kernel.state import open_state
from stammgast.web.app import make_app
from stammgast.web.manifest import MANIFEST as WEB
from stammgast.workspace import api as workspace
from stammgast.workspace.contracts import Actor
from stammgast.workspace.manifest import MANIFEST as WORKSPACE

BY = Actor("command", 0, "tests")
MANIFESTS = (WEB, WORKSPACE, EVENTS)


@pytest.fixture
def house(tmp_path):
    settings = Settings(data=tmp_path)
    states = {name: open_state(settings, name) for name in ("control", "customers")}
    for name, state in states.items():
        folders = [one.subfolder("migrations", name) for one in MANIFESTS]
        state.migrate([folder for folder in folders if folder])
    runtime = Runtime(settings, MANIFESTS, states["control"], states["customers"], NoHistory(), process="web")
    yield runtime
    runtime.close()


class NoHistory:
    """These tests ask nothing of history."""

    def close(self):
        pass


@pytest.fixture
def client_as(house):
    """Return a function: role -> client that holds a token of that role."""
    opened = []

    def make(role):
        _, secret = workspace.create_token(house, BY, f"{role}'s", role)
        opened.append(TestClient(make_app(house), base_url="http://testserver.local"))
        client = opened[-1].__enter__()
        client.headers["Authorization"] = f"Bearer {secret}"
        return client

    yield make
    for one in opened:
        one.__exit__(None, None, None)


def quarantine(house, *reasons):
    rows = [
        Rejected(
            raw=RawEvent(place, 0, 1, 1_700_000_000_000, b'{"type":"track","odd":"\xff"}'),
            reason=reason,
            detail="why",
            message_id=f"m{place}",
            digest=message_digest(f"m{place}"),
            type="track",
        )
        for place, reason in enumerate(reasons, 1)
    ]
    with house.customers.write() as connection:
        events.add_quarantined(connection, rows, at=1_700_000_001_000)


def orders(house):
    entries = LogReader(house.settings.log_dir, "worker").read(0, 1000)
    return [(order.action, order.ids) for entry in entries if (order := events.read_order(entry))]


def test_the_quarantine_is_listed_in_pages(house, client_as):
    quarantine(house, *["missing_event"] * 3, "wrong_type")
    client = client_as("agent")
    first = client.get("/api/quarantine?limit=3").json()
    assert [one["messageId"] for one in first["events"]] == ["m4", "m3", "m2"]
    assert first["counts"] == {"missing_event": 3, "wrong_type": 1}
    rest = client.get(f"/api/quarantine?limit=3&before={first['next']}").json()
    assert ([one["messageId"] for one in rest["events"]], rest["next"]) == (["m1"], None)
    (only,) = client.get("/api/quarantine?reason=wrong_type").json()["events"]
    assert only["explanation"] == "A field has a type that it can't have."
    assert only["receivedAt"] == "2023-11-14T22:13:20.000Z"
    assert only["raw"].startswith('{"type":"track"')


def test_a_replay_is_ordered_through_the_log(house, client_as):
    quarantine(house, "missing_event", "wrong_type", "missing_event")
    client = client_as("analyst")
    answer = client.post("/api/quarantine/replay", json={"ids": [2]})
    assert (answer.status_code, answer.json()) == (202, {"ordered": 1})
    assert client.post("/api/quarantine/discard", json={"reason": "missing_event"}).json() == {"ordered": 2}
    assert orders(house) == [("replay", (2,)), ("discard", (1, 3))]
    assert "quarantine.discard" in {one.action for one in workspace.list_audit(house)[0]}


@pytest.mark.parametrize("order", [{}, {"ids": [1], "reason": "wrong_type"}, {"reason": "unheard of"}])
def test_an_order_must_say_what_it_means(client_as, order):
    answer = client_as("analyst").post("/api/quarantine/replay", json=order)
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_only_analysts_replay_and_only_agents_see_raw_events(client_as):
    assert client_as("agent").post("/api/quarantine/replay", json={"ids": [1]}).status_code == 403
    assert client_as("viewer").get("/api/quarantine").status_code == 403


def test_a_quarantined_message_has_a_receipt(house, client_as):
    quarantine(house, "missing_event")
    client = client_as("viewer")
    receipt = client.get("/api/messages/m1").json()
    assert (receipt["fate"], receipt["reason"], receipt["detail"]) == ("quarantined", "missing_event", "why")
    with house.customers.write() as connection:
        events.discard_quarantined(connection, [receipt["quarantineId"]])
    assert client.get("/api/messages/m1").json()["fate"] == "discarded"
    assert client.get("/api/messages/unknown").status_code == 404


@pytest.mark.parametrize(
    ("record", "fate"),
    [
        (MessageRecord(profile=12, received_at=1_700_000_000_000), "processed"),
        (MessageRecord(profile=12, copies=2), "deduplicated"),
        (MessageRecord(suppressed_by="erasure 4"), "suppressed"),
    ],
)
@pytest.mark.parametrize("is_import", [False, True])
def test_a_message_the_worker_knows_has_its_receipt(house, client_as, record, fate, is_import):
    known = {message_digest("m1", is_import=is_import): record}
    house.services[MessageBook] = MessageBook(lambda: 0, known.get)
    receipt = client_as("viewer").get("/api/messages/m1").json()
    assert (receipt["fate"], receipt["profileId"], receipt["copies"]) == (fate, record.profile, record.copies)


def append(house, *ids, kind="batch"):
    body = msgspec.json.encode(
        {"batch": [{"type": "track", "event": "E", "userId": "u", "messageId": one} for one in ids]}
    )
    entry = LogEntry(1_700_000_000_000, 1, len(ids), kind, b"", body)
    return house.service(LogWriter).append_sync(entry)


def test_a_message_that_waits_in_the_log_is_accepted(house, client_as):
    append(house, "m1", "  m2 ", 'zwölf "m3"')
    client = client_as("viewer")
    for message_id in ("m1", "m2", 'zwölf "m3"'):
        receipt = client.get(f"/api/messages/{quote(message_id)}").json()
        assert (receipt["fate"], receipt["receivedAt"]) == ("accepted", "2023-11-14T22:13:20.000Z")
    assert client.get("/api/messages/m").status_code == 404


def test_what_the_worker_has_passed_is_not_looked_for_in_the_log(house, client_as):
    passed = append(house, "m1")
    append(house, "m2")
    house.services[MessageBook] = MessageBook(lambda: passed, {}.get)
    client = client_as("viewer")
    assert client.get("/api/messages/m1").status_code == 404
    assert client.get("/api/messages/m2").json()["fate"] == "accepted"


def test_only_the_beginning_of_a_long_log_is_looked_through(house, monkeypatch):
    monkeypatch.setattr(waiting, "SEARCHED_EVENTS_MAX", 2)
    append(house, "m1")
    append(house, "m2")
    append(house, "m3")
    assert waiting.waiting_since(house, "m2", 0) == 1_700_000_000_000
    assert waiting.waiting_since(house, "m3", 0) is None


@pytest.mark.parametrize("message_id", ["https://shop.example/orders/1/", "a/b", "/a", "100%", "a?b", "a b"])
def test_a_message_id_may_hold_anything_that_an_address_can_carry(house, client_as, message_id):
    append(house, message_id)
    client = client_as("viewer")
    receipt = client.get(f"/api/messages/{quote(message_id, safe='')}").json()
    assert (receipt["messageId"], receipt["fate"]) == (message_id, "accepted")


def test_an_event_schema_holds_a_second_later_at_most(house, client_as):
    client = client_as("analyst")
    assert events.rules(house).schemas == {}
    schema = {"name": "Order Completed", "required": {"total": "number"}, "blocked": False}
    assert client.put("/api/event-schemas", json=schema).json() == schema
    assert client.get("/api/event-schemas").json() == [schema]
    assert events.rules(house).schemas["Order Completed"].required == (("total", "number"),)
    assert events.rules(house) is events.rules(house)
    assert client.delete("/api/event-schemas?name=Order%20Completed").status_code == 204
    assert events.rules(house).schemas == {}
    assert client.delete("/api/event-schemas?name=Order%20Completed").status_code == 404


@pytest.mark.parametrize("schema", [{"name": " "}, {"name": "x" * 256}, {"name": "A", "required": {"total": "money"}}])
def test_a_schema_of_a_wrong_form_is_refused(client_as, schema):
    assert client_as("analyst").put("/api/event-schemas", json=schema).status_code in (400, 422)


def test_channel_rules_are_replaced_and_brought_back(house, client_as):
    client = client_as("analyst")
    assert len(client.get("/api/channel-rules").json()) == len(DEFAULT_CHANNEL_RULES)
    (line,) = client.put("/api/channel-rules", json=[{"event": "Till *", "channel": "shop"}]).json()
    assert (line["event"], line["channel"], line["source"]) == ("Till *", "shop", 0)
    assert [one.channel for one in events.rules(house).enrichment.channels] == ["shop"]
    assert len(client.put("/api/channel-rules", json=[]).json()) == len(DEFAULT_CHANNEL_RULES)


def test_rules_know_brands_kinds_and_the_companys_currency(house):
    made = workspace.create_source(house, BY, "Shop", kind="browser")
    rules = events.rules(house)
    assert rules.brands[made.source.id] == made.source.brand
    assert rules.enrichment.source_kinds[made.source.id] == "browser"
    assert rules.currency == "EUR"


def test_a_source_made_in_the_workspace_can_send_until_it_is_revoked(house, client_as):
    made = workspace.create_source(house, BY, "Shop", kind="browser")
    client = client_as("viewer")
    client.headers.pop("Authorization")
    event = {"userId": "alice", "event": "E", "writeKey": made.write_key}
    assert client.post("/v1/track", json=event).text == '{"success": true}'
    workspace.revoke_source(house, BY, made.source.id)
    assert client.post("/v1/track", json=event).status_code == httpx.codes.UNAUTHORIZED
    assert house.service(LogWriter).head() == 1


def test_our_own_events_may_belong_to_nobody(house):
    events.append_own(house, 3, [{"type": "track", "event": "Survey Answered", "subject": "none"}])
    (entry,) = LogReader(house.settings.log_dir, "worker").read(0, 10)
    (event,) = events.read_entry(entry, events.rules(house))
    assert (event.is_subjectless, event.source, event.identifiers) == (True, 3, ())


def test_payment_providers_are_listed_changed_and_brought_back(house, client_as):
    analyst = client_as("analyst")
    assert "paypal.com" in analyst.get("/api/payment-hosts").json()["hosts"]
    changed = analyst.put("/api/payment-hosts", json={"hosts": ["https://www.Bezahlen.example/kasse", "paypal.com"]})
    assert changed.json() == {"hosts": ["bezahlen.example", "paypal.com"]}
    wrong = analyst.put("/api/payment-hosts", json={"hosts": ["no host"]})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "hosts")
    assert events.rules(house).enrichment.payments == {"bezahlen.example", "paypal.com"}
    events.change_payment_hosts(house, BY, None)
    assert events.payment_hosts(house) == PAYMENT_HOSTS
    assert client_as("viewer").put("/api/payment-hosts", json={"hosts": []}).status_code == 403
