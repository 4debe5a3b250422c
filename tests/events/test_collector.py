"""The collection API over real HTTP: a process of its own, its log read back."""

import base64
import gzip
import http.client
import json
import socket
import threading
import zlib
from urllib.parse import urlencode

import httpx
import msgspec
import pytest
import requests

from stammgast.events.contracts import Event, Rejected, Rules
from stammgast.events.enrichment.snapshot import EnrichmentRules
from stammgast.events.reading import read_entry
from stammgast.events.wire import read_meta
from tools.collector import STAFF, start_collector

SHOP = {"Origin": "https://shop.example"}
ALICE = {"userId": "alice", "messageId": "m1"}


@pytest.fixture
def client(collector):
    with httpx.Client(base_url=collector.url, auth=("key", "")) as client:
        yield client


@pytest.fixture
def anyone(collector):
    with httpx.Client(base_url=collector.url) as client:
        yield client


def error_code(answer):
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    assert told["message"]
    return told["code"]


FIELDS = {
    "track": {"event": "Order Completed", "properties": {"total": 9.5}},
    "identify": {"traits": {"name": "Alice"}},
    "page": {"name": "Home", "properties": {"url": "https://shop.example/"}},
    "screen": {"name": "Start"},
    "group": {"groupId": "acme", "traits": {"employees": 3}},
    "alias": {"previousId": "a1"},
}


@pytest.mark.parametrize("kind", FIELDS)
@pytest.mark.parametrize("form", ["long", "short"])
def test_every_call_has_its_endpoint_and_its_short_form(client, collector, kind, form):
    path = f"/v1/{kind if form == 'long' else kind[0]}"
    answer = client.post(path, content=json.dumps(ALICE | FIELDS[kind]), headers={"content-type": "text/plain"})
    assert (answer.status_code, answer.text) == (200, '{"success": true}')
    (event,) = collector.events()
    assert (event.type, event.user_id, event.source) == (kind, "alice", 7)


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/b", "/v1/import", "/v1/beacon/batch", "/v1/batch/"])
def test_batches_come_in_on_all_their_paths(client, collector, path):
    batch = [ALICE | {"type": kind, "messageId": kind} | fields for kind, fields in FIELDS.items()]
    assert client.post(path, json={"batch": batch}).text == '{"success": true}'
    events = collector.events()
    assert [one.type for one in events] == list(FIELDS)
    assert {one.is_import for one in events} == {path == "/v1/import"}


def test_one_entry_counts_all_its_events(client, collector):
    before = collector.position
    client.post("/v1/batch", json={"batch": [ALICE | {"type": "page"}] * 50})
    (entry,) = collector.entries()
    assert (entry.count, entry.position) == (50, before + 50)


def test_an_empty_batch_is_fine_and_stores_nothing(client, collector):
    assert client.post("/v1/batch", json={"batch": []}).status_code == 200
    assert collector.entries() == []


def test_telemetry_of_the_browser_sdk_is_thrown_away(anyone, collector):
    assert anyone.post("/v1/m", json={"series": [{"type": "Counter"}]}).status_code == 200
    assert collector.entries() == []


@pytest.mark.parametrize("where", ["basic", "bearer", "body", "query"])
def test_the_write_key_may_stand_in_four_places(anyone, collector, where):
    headers = {
        "basic": {"Authorization": "Basic " + base64.b64encode(b"key:").decode()},
        "bearer": {"Authorization": "Bearer key"},
    }.get(where, {})
    body = {"batch": [ALICE | {"type": "page"}]} | ({"writeKey": "key"} if where == "body" else {})
    path = "/v1/batch" + ("?writeKey=key" if where == "query" else "")
    assert anyone.post(path, json=body, headers=headers).status_code == 200
    assert [one.source for one in collector.events()] == [7]


def test_a_write_key_is_never_stored(anyone, collector):
    anyone.post("/v1/track", json=ALICE | {"event": "E", "writeKey": "key"})
    (entry,) = collector.entries()
    assert b"writeKey" not in entry.body
    assert json.loads(entry.body) == ALICE | {"event": "E"}


@pytest.mark.parametrize("key", ["wrong", "", "x" * 5000])
def test_an_unknown_key_is_told_so(anyone, collector, key):
    answer = anyone.post("/v1/track", json=ALICE | {"event": "E"}, auth=(key, ""))
    assert (answer.status_code, error_code(answer)) == (401, "invalid_write_key")
    assert collector.entries() == []


def test_only_allowed_pages_may_use_a_picky_key(anyone, collector):
    track = ALICE | {"event": "E", "writeKey": "picky"}
    assert anyone.post("/v1/t", json=track, headers=SHOP).status_code == 200
    refused = anyone.post("/v1/t", json=track, headers={"Origin": "https://evil.example"})
    assert (refused.status_code, error_code(refused)) == (403, "origin_not_allowed")
    assert len(collector.events()) == 1


def test_a_page_may_ask_first_and_read_the_answer(anyone):
    asked = SHOP | {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,x-new"}
    answer = anyone.options("/v1/t", headers=asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "authorization,x-new"
    said = anyone.post("/v1/t", json={}, headers=SHOP)
    assert said.headers["access-control-allow-origin"] == "https://shop.example"
    assert said.headers["access-control-expose-headers"] == "Retry-After"


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_bodies_may_be_compressed(client, collector, encoding, pack):
    body = pack(json.dumps({"batch": [ALICE | {"type": "page"}]}).encode())
    assert client.post("/v1/batch", content=body, headers={"Content-Encoding": encoding}).status_code == 200
    assert len(collector.events()) == 1


@pytest.mark.parametrize(
    ("encoding", "body", "status", "code"),
    [
        ("gzip", gzip.compress(b" " * 50_000_000), 413, "body_too_large"),
        ("gzip", b"not gzip", 400, "broken_encoding"),
        ("gzip", gzip.compress(b"{}")[:-4], 400, "broken_encoding"),
        ("br", b"{}", 415, "unknown_encoding"),
    ],
    ids=["bomb", "not gzip", "cut", "unknown"],
)
def test_bombs_and_broken_compression_are_refused(client, collector, encoding, body, status, code):
    answer = client.post("/v1/batch", content=body, headers={"Content-Encoding": encoding})
    assert (answer.status_code, error_code(answer)) == (status, code)
    assert collector.entries() == []


@pytest.mark.parametrize("body", ["", "{", "7", "null", '"text"', "[]", '{"batch": 7}', '{"batch": [}', "{}"])
def test_what_is_no_batch_is_told_so(client, body):
    answer = client.post("/v1/batch", content=body)
    assert (answer.status_code, error_code(answer)) == (400, "invalid_json")


def test_an_event_that_is_not_valid_reaches_the_log_and_its_batch_succeeds(client, collector):
    good = json.dumps(ALICE | {"type": "page"})
    body = f'{{"batch": [{good}, {{"type": "track", "userId": "u", "properties": {{"price": NaN}}}}, {good}]}}'
    assert client.post("/v1/batch", content=body).status_code == 200
    assert [type(one) for one in collector.events()] == [Event, Rejected, Event]


@pytest.mark.parametrize(
    ("path", "size"),
    [("/v1/track", 33_000), ("/v1/track", 60_000_000), ("/v1/batch", 600_000), ("/v1/batch", 20_000_000)],
)
def test_a_body_too_large_is_answered_and_never_reset(collector, path, size):
    # `requests` writes its whole body before it reads, as most SDKs do: a reset would be an error here.
    answer = requests.post(collector.url + path, data=b"x" * size, auth=("key", ""), timeout=30)
    assert answer.status_code == 413
    assert answer.json()["code"] == "body_too_large"
    assert answer.headers["connection"] == "close"


def test_a_chunked_body_too_large_is_answered_too(client):
    answer = client.post("/v1/track", content=(b"x" * 65_536 for _ in range(100)))
    assert (answer.status_code, error_code(answer)) == (413, "body_too_large")


def test_a_batch_of_2500_events_is_taken_and_one_more_is_not(client, collector):
    event = {"type": "page", "userId": "u"}
    assert client.post("/v1/batch", json={"batch": [event] * 2500}).status_code == 200
    answer = client.post("/v1/batch", json={"batch": [event] * 2501})
    assert (answer.status_code, error_code(answer)) == (400, "too_many_events")
    assert len(collector.events()) == 2500


def test_an_event_too_large_in_a_batch_is_quarantined_alone_and_an_import_takes_it(client, collector):
    large = {"type": "page", "userId": "u", "properties": {"text": "x" * 40_000}}
    assert client.post("/v1/batch", json={"batch": [large, ALICE | {"type": "page"}]}).status_code == 200
    first, second = collector.events()
    assert (first.reason, second.message_id) == ("event_too_large", "m1")
    assert client.post("/v1/import", json={"batch": [large]}).status_code == 200
    assert isinstance(collector.events()[0], Event)


def test_a_source_over_its_rate_is_asked_to_wait(anyone):
    batch = {"batch": [{"type": "page", "userId": "u"}] * 100, "writeKey": "slow"}
    assert anyone.post("/v1/batch", json=batch).status_code == 200
    answer = anyone.post("/v1/batch", json=batch, headers=SHOP)
    assert (answer.status_code, error_code(answer)) == (429, "rate_limited")
    # 100 events against an allowance of 50 and 5 a second: 10 s to wait, less what has passed since.
    assert 1 <= int(answer.headers["retry-after"]) <= 10


def test_when_the_log_is_full_senders_are_asked_to_wait(tmp_path):
    collector = start_collector(tmp_path, backlog_limit=100)
    try:
        batch = {"batch": [{"type": "page", "userId": "u"}] * 100, "writeKey": "key"}
        assert httpx.post(f"{collector.url}/v1/batch", json=batch).status_code == 200
        # The backlog may be a fifth of a second old.
        while (answer := httpx.post(f"{collector.url}/v1/batch", json=batch)).status_code == 200:
            pass
        assert (answer.status_code, error_code(answer)) == (429, "overloaded")
        assert 1 <= int(answer.headers["retry-after"]) <= 300
        collector.reader.publish(collector.reader.head())
        while (answer := httpx.post(f"{collector.url}/v1/batch", json=batch)).status_code == 429:
            pass
        assert answer.status_code == 200
    finally:
        collector.stop()


def test_addresses_are_truncated_before_anything_is_stored(client, collector):
    client.post("/v1/track", json=ALICE | {"event": "E", "context": {"ip": "203.0.113.77"}}, headers=SHOP)
    (entry,) = collector.entries()
    meta = read_meta(entry.meta)
    assert (meta.ip, meta.is_browser) == ("127.0.0.0", True)
    assert b"203.0.113.0" in entry.body
    assert b"203.0.113.77" not in entry.body


def read_as_the_worker(collector):
    rules = Rules(enrichment=EnrichmentRules(staff=STAFF))
    return [event for entry in collector.entries() for event in read_entry(entry, rules)]


def test_staff_are_told_from_their_neighbours_by_the_full_address(client, collector):
    addresses = (
        "203.0.113.77",
        "203.0.113.78",
        "::ffff:203.0.113.77",
        "2001:db8:7::5",
        "2001:db8:7::6",
        "198.51.100.9",
    )
    batch = [{"type": "track", "event": "E", "context": {"ip": one}} | ALICE for one in addresses]
    client.post("/v1/batch", json={"batch": batch})
    marks = [event.is_staff for event in read_as_the_worker(collector)]
    assert dict(zip(addresses, marks, strict=True)) == {
        "203.0.113.77": True,
        "203.0.113.78": False,
        "::ffff:203.0.113.77": True,
        "2001:db8:7::5": True,
        "2001:db8:7::6": False,
        "198.51.100.9": True,
    }


def test_the_address_of_a_batch_counts_for_its_events_that_name_none(client, collector):
    own = {"context": {"ip": "192.0.2.9"}}
    batch = [
        one | {"type": "track", "event": "E"} | ALICE for one in (own, {}, {"context": 7}, {"context": {"ip": None}})
    ]
    client.post("/v1/batch", json={"batch": batch, "context": {"ip": "203.0.113.77"}})
    marks = [isinstance(event, Event) and event.is_staff for event in read_as_the_worker(collector)]
    assert marks[:3] == [False, True, False]


@pytest.mark.parametrize(
    ("headers", "said", "is_staff"),
    [
        (SHOP, {}, True),
        ({}, {}, False),
        ({}, {"context": {"direct": True}}, True),
        (SHOP, {"context": {"ip": "192.0.2.9"}}, False),
    ],
)
def test_a_page_in_a_staff_network_is_staffs_but_a_server_there_is_not(client, collector, headers, said, is_staff):
    client.post("/v1/track", json=ALICE | {"event": "E"} | said, headers={"User-Agent": "python/3"} | headers)
    assert [event.is_staff for event in read_as_the_worker(collector)] == [is_staff]


def test_a_server_sdk_is_not_taken_for_a_browser_and_a_privacy_signal_is_kept(client, collector):
    headers = {"User-Agent": "analytics-python/2.3.5", "Sec-GPC": "1"}
    client.post("/v1/track", json=ALICE | {"event": "E"}, headers=headers)
    (entry,) = collector.entries()
    meta = read_meta(entry.meta)
    assert (meta.user_agent, meta.is_browser, meta.opts_out_of_sale) == ("analytics-python/2.3.5", False, True)


def pixel_data(event):
    return base64.b64encode(json.dumps(event).encode()).decode()


@pytest.mark.parametrize("kind", ["track", "page"])
@pytest.mark.parametrize("key_in", ["query", "data"])
def test_a_pixel_brings_an_event(anyone, collector, kind, key_in):
    event = ALICE | {"event": "Email Opened"} | ({"writeKey": "key"} if key_in == "data" else {})
    query = {"data": pixel_data(event)} | ({"writeKey": "key"} if key_in == "query" else {})
    answer = anyone.get(f"/v1/pixel/{kind}?{urlencode(query)}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
    assert answer.content[:6] == b"GIF89a"
    (read,) = collector.events()
    assert (read.type, read.user_id) == (kind, "alice")


@pytest.mark.parametrize(
    "query", ["", "writeKey=key", "data=%%%", "writeKey=wrong&data=e30=", "writeKey=key&data=W10="]
)
def test_a_pixel_is_always_an_image(anyone, collector, query):
    answer = anyone.get(f"/v1/pixel/track?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
    assert collector.entries() == []


def test_a_beacon_brings_a_batch(anyone, collector):
    body = json.dumps({"batch": [ALICE | {"type": "page"}]})
    answer = anyone.post("/v1/beacon/batch?writeKey=key", content=body, headers={"content-type": "text/plain"} | SHOP)
    assert answer.status_code == 200
    assert len(collector.events()) == 1


def test_the_tracker_learns_to_send_to_the_host_it_came_from(anyone, collector):
    answer = anyone.get("/v1/projects/key/settings", headers=SHOP)
    segment = answer.json()["integrations"]["Segment.io"]
    host = collector.url.removeprefix("http://")
    assert segment == {"apiKey": "key", "apiHost": f"{host}/v1", "protocol": "http"}
    assert answer.json()["metrics"]["sampleRate"] == 0
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert error_code(anyone.get("/v1/projects/wrong/settings")) == "invalid_write_key"


def test_a_forged_host_is_not_repeated(anyone):
    answer = anyone.get("/v1/projects/key/settings", headers={"Host": 'x"};alert(1)//'})
    assert "alert" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/track", 405, "method_not_allowed"),
        ("PUT", "/v1/batch", 405, "method_not_allowed"),
        ("GET", "/v1/nothing", 404, "not_found"),
        ("POST", "/v1/nothing", 404, "not_found"),
        ("POST", "/v1/", 404, "not_found"),
        ("GET", "/analytics-next/bundles/../../secret.js", 404, "not_found"),
        ("GET", "/analytics-next/bundles/none.bundle.00.js", 404, "not_found"),
    ],
)
def test_what_is_not_there_is_told_as_json(anyone, method, path, status, code):
    answer = anyone.request(method, path)
    assert (answer.status_code, error_code(answer)) == (status, code)


def test_a_client_that_leaves_in_the_middle_of_its_body_leaves_nothing_behind(collector):
    with socket.create_connection(("127.0.0.1", int(collector.url.rpartition(":")[2]))) as connection:
        connection.sendall(b"POST /v1/track HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
    test_client = httpx.post(f"{collector.url}/v1/track", json=ALICE | {"event": "E"}, auth=("key", ""))
    assert test_client.status_code == 200
    assert len(collector.events()) == 1


def test_connections_are_kept_alive(collector):
    connection = http.client.HTTPConnection("127.0.0.1", int(collector.url.rpartition(":")[2]))
    body = msgspec.json.encode(ALICE | {"event": "E", "writeKey": "key"})
    sockets = set()
    for _ in range(5):
        connection.request("POST", "/v1/track", body)
        assert connection.getresponse().read() == b'{"success": true}'
        sockets.add(id(connection.sock))
    connection.close()
    assert len(sockets) == 1
    assert len(collector.events()) == 5


def test_many_senders_at_once_are_all_on_disk_when_they_are_answered(collector):
    answered = []

    def send(sender):
        with httpx.Client(base_url=collector.url, auth=("key", "")) as client:
            for number in range(25):
                message_id = f"{sender}-{number}"
                if client.post("/v1/track", json={"event": "E", "userId": "u", "messageId": message_id}).is_success:
                    answered.append(message_id)

    threads = [threading.Thread(target=send, args=(sender,)) for sender in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answered) == 200
    assert sorted(one.message_id for one in collector.events()) == sorted(answered)


@pytest.mark.slow
def test_everything_that_was_answered_200_survives_kill_dash_nine(tmp_path):
    answered = set()
    for round_number in range(3):
        collector = start_collector(tmp_path)
        killer = threading.Timer(0.8, collector.process.kill)
        killer.start()
        try:
            with httpx.Client(base_url=collector.url, auth=("key", "")) as client:
                for number in range(100_000):
                    batch = [
                        {"type": "page", "userId": "u", "messageId": f"{round_number}-{number}-{n}"} for n in (1, 2)
                    ]
                    assert client.post("/v1/batch", json={"batch": batch}).status_code == 200
                    answered.update(one["messageId"] for one in batch)
        except httpx.TransportError:
            collector.process.wait(20)
        killer.join()
    stored = {one.message_id for one in collector.events()}
    assert len(answered) > 100
    assert answered <= stored
