"""Asking for profiles, timelines and lists, in Python and over HTTP."""

from decimal import Decimal

import pytest
from litestar.testing import TestClient
from msgspec import structs

from stammgast.profiles import api
from stammgast.profiles.contracts import CustomerFilter, NoSuchProfile, WrongCursor
from stammgast.web.app import make_app
from stammgast.workspace import api as workspace
from stammgast.workspace.contracts import Actor
from tools.workbench import Workbench, track

# Other modules' handlers are loaded with ours.

HOUR = 3_600_000
RECEIVED = 1_790_000_000_000


@pytest.fixture(scope="module")
def shop(tmp_path_factory, history_server):
    """A workbench with three customers, shared by all tests here, which only read."""
    from clickhouse_connect import get_client

    from stammgast.app import migrate
    from stammgast.kernel.settings import Settings

    database = f"shop_{tmp_path_factory.mktemp('shop').parent.name.replace('-', '_')}"
    client = get_client(dsn=history_server)
    client.command(f"DROP DATABASE IF EXISTS {database} SYNC")
    client.command(f"CREATE DATABASE {database}")
    settings = Settings(data=tmp_path_factory.mktemp("shop") / "data", history_url=f"{history_server}/{database}")
    migrate(settings)
    bench = Workbench(settings)
    fill(bench)
    yield bench
    bench.close()
    client.command(f"DROP DATABASE {database} SYNC")
    client.close()


def fill(bench):
    anna = {"userId": "anna", "anonymousId": "phone", "context": {"channel": "web"}}
    traits = {
        "firstName": "Anna",
        "lastName": "Maurer",
        "email": "Anna@Example.com",
        "phone": "0171 2345678",
        "vip": True,
    }
    bench.send({**anna, "type": "identify", "messageId": "a0", "traits": traits}, received_at=RECEIVED - 30 * HOUR)
    for number in range(1, 8):
        order = track("anna", "Order Completed", f"a{number}", total=number, currency="EUR", order_id=number)
        bench.send({**order, "context": {"channel": "shop"}}, received_at=RECEIVED - number * HOUR)
    consent = {"consent": {"categoryPreferences": {"analytics": True, "ads": False}}}
    bench.send({**anna, "type": "page", "name": "Home", "messageId": "a8", "context": consent}, received_at=RECEIVED)
    bob = {"userId": "bob", "anonymousId": "till/7"}
    bench.send({**bob, "type": "identify", "messageId": "b0", "traits": {"name": "Bob Ápló"}}, received_at=RECEIVED)
    bench.send({"type": "page", "anonymousId": "tablet-1", "messageId": "c0"}, received_at=RECEIVED + HOUR)
    robot = {"userAgent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}
    bench.send({"type": "page", "anonymousId": "bot", "messageId": "d0", "context": robot}, received_at=RECEIVED)
    bench.work()


@pytest.mark.parametrize(
    "reference", ["user_id:anna", "email:ANNA@example.com", "phone:+49 171 2345678", "anonymous_id:phone", "profile:1"]
)
def test_a_profile_answers_to_every_identifier_in_every_writing(shop, reference):
    assert shop.profile(reference).name == "Anna Maurer"


@pytest.mark.parametrize(
    "reference", ["user_id:nobody", "anna", "", ":", "profile:", "profile:0", "profile:x", "profile:99", "email:null"]
)
def test_who_is_not_known_is_not_found(shop, reference):
    with pytest.raises(NoSuchProfile):
        shop.profile(reference)


def test_a_profile_tells_where_each_identifier_came_from(shop):
    found = {
        (one.namespace, one.value): (one.message_id, one.first_seen) for one in shop.profile("user_id:anna").identifiers
    }
    assert found == {
        ("anonymous_id", "phone"): ("a0", RECEIVED - 30 * HOUR),
        ("email", "anna@example.com"): ("a0", RECEIVED - 30 * HOUR),
        ("phone", "+491712345678"): ("a0", RECEIVED - 30 * HOUR),
        ("user_id", "anna"): ("a0", RECEIVED - 30 * HOUR),
    }


def test_consent_is_the_last_word_on_each_category(shop):
    told = {one.category: (one.is_agreed, one.message_id) for one in shop.profile("user_id:anna").consent}
    assert told == {"analytics": (True, "a8"), "ads": (False, "a8")}


def test_a_timeline_is_read_in_pages_newest_first(shop):
    anchors = shop.profile("user_id:anna").anchors
    seen, cursor = [], ""
    while cursor is not None:
        page = api.timeline(shop.runtime, anchors, before=cursor, limit=4)
        assert len(page.events) <= 4
        seen += [one.message_id for one in page.events]
        cursor = page.next
    assert seen == ["a8", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a0"]


def test_a_timeline_shows_what_the_columns_of_history_say(workbench):
    page = {"path": "/tea", "title": "Tea", "url": "https://shop.example.com/tea?utm_campaign=autumn"}
    context = {
        "page": {**page, "referrer": "https://www.google.com/", "search": "?utm_campaign=autumn"},
        "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
        "location": {"country": "AT"},
        "channel": "web",
        "touchpoint": "basket",
    }
    order = track("anna", "Order Completed", "m1", total=12.5, currency="EUR") | {"anonymousId": "phone"}
    sent = {**order, "context": {**context, "groupId": "acme"}, "originalTimestamp": "2026-09-20T08:13:20.250Z"}
    workbench.take(sent)
    (event,) = api.timeline(workbench.runtime, workbench.profile("user_id:anna").anchors).events
    told = structs.asdict(event)
    direct = [
        name for name in told if name not in ("time", "received_at", "original_time", "amount", "properties", "traits")
    ]
    ((*said, time, received, original, amount),) = workbench.runtime.history.query(
        f"SELECT {', '.join(direct)}, toUnixTimestamp64Milli(time), toUnixTimestamp64Milli(received_at),"
        " toUnixTimestamp64Milli(assumeNotNull(original_time)), amount FROM events"
    )
    assert {**told, "flags": list(event.flags)} == {
        **dict(zip(direct, said, strict=True)),
        "time": time,
        "received_at": received,
        "original_time": original,
        "amount": int(Decimal(amount) * 1_000_000),
        "properties": sent["properties"],
        "traits": {},
    }
    texts = [one for one in said if isinstance(one, str) and one]
    assert len(texts) == len(set(texts)) >= 14  # each its own, so that none can stand for another


def test_a_page_that_ends_with_the_last_event_has_no_next(shop):
    assert api.timeline(shop.runtime, shop.profile("user_id:anna").anchors, limit=9).next is None


def test_a_timeline_is_filtered_by_name_channel_and_type(shop):
    anchors = shop.profile("user_id:anna").anchors

    def ids(**wanted):
        return [one.message_id for one in api.timeline(shop.runtime, anchors, limit=3, **wanted).events]

    assert ids(names=["Home"]) == ["a8"]
    assert ids(channels=["shop"]) == ["a1", "a2", "a3"]
    assert ids(types=["identify"]) == ["a0"]


@pytest.mark.parametrize("cursor", ["x", "kgWhbQ==", "kgWhbQ", "é", "AAAA"])
def test_a_cursor_of_ones_own_making_is_refused(shop, cursor):
    with pytest.raises(WrongCursor):
        api.timeline(shop.runtime, shop.profile("user_id:anna").anchors, before=cursor)
    with pytest.raises(WrongCursor):
        api.list_customers(shop.runtime, after=cursor)


def test_the_raw_event_is_there_on_demand(shop):
    raw = api.raw_event(shop.runtime, shop.profile("user_id:anna").anchors, "a3")
    assert '"order_id":3' in raw
    assert api.raw_event(shop.runtime, shop.profile("user_id:bob").anchors, "a3") is None


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("anna", ["Anna Maurer"]),
        ("MAU", ["Anna Maurer"]),
        ("anna maur", ["Anna Maurer"]),
        ("anna bob", []),
        ("anna@ex", ["Anna Maurer"]),
        ("0171 2345678", ["Anna Maurer"]),
        ("bob ápló", ["Bob Ápló"]),
        ("tablet", ["Visitor f6ba"]),
        ("%", []),
        ("_", []),
        ("", ["Visitor f6ba", "Bob Ápló", "Anna Maurer"]),
    ],
)
def test_customers_are_found_by_the_beginnings_of_words_and_identifiers(shop, query, names):
    assert sorted(one.name for one in api.list_customers(shop.runtime, query).rows) == sorted(names)


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("last_seen", ["Visitor f6ba", "Bob Ápló", "Anna Maurer"]),
        ("first_seen", ["Visitor f6ba", "Bob Ápló", "Anna Maurer"]),
        ("name", ["Anna Maurer", "Bob Ápló", "Visitor f6ba"]),
        ("events", ["Anna Maurer", "Visitor f6ba", "Bob Ápló"]),
        ("orders", ["Anna Maurer", "Visitor f6ba", "Bob Ápló"]),
        ("revenue", ["Anna Maurer", "Visitor f6ba", "Bob Ápló"]),
    ],
)
@pytest.mark.parametrize("is_reversed", [False, True])
def test_customers_are_sorted_and_paged_without_gaps(shop, sort, names, is_reversed):
    seen, cursor = [], ""
    while cursor is not None:
        page = api.list_customers(shop.runtime, sort=sort, is_reversed=is_reversed, after=cursor, limit=1)
        seen += [one.name for one in page.rows]
        cursor = page.next
    assert page.total == 3
    assert seen == (names[::-1] if is_reversed else names)


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (CustomerFilter(narrowed=(("channel", "shop"),)), ["Anna Maurer"]),
        (CustomerFilter(is_identified=False), ["Visitor f6ba"]),
        (CustomerFilter(has_orders=True), ["Anna Maurer"]),
        (CustomerFilter(has_orders=False, is_identified=True), ["Bob Ápló"]),
        (CustomerFilter(seen_after=RECEIVED + 1), ["Visitor f6ba"]),
        (CustomerFilter(seen_before=RECEIVED), []),
        (CustomerFilter(brand=7), []),
        (CustomerFilter(with_bots=True, is_identified=False), ["Visitor f6ba", "Visitor ffbc"]),
    ],
)
def test_customers_are_filtered(shop, wanted, names):
    page = api.list_customers(shop.runtime, wanted=wanted, sort="name")
    assert [one.name for one in page.rows] == names
    assert page.total == len(names)


def test_a_line_shows_net_revenue_in_the_currency_most_used(shop):
    (anna,) = api.list_customers(shop.runtime, "anna").rows
    assert (anna.events, anna.orders, anna.revenue, anna.currency) == (9, 7, 28_000_000, "EUR")


def test_home_counts_events_by_channel_without_robots(shop):
    start = RECEIVED - 40 * HOUR
    counts = api.events_by_channel(shop.runtime, start=start, end=RECEIVED + 2 * HOUR, bucket_seconds=86_400)
    assert sum(one.events for one in counts) == 11
    assert sum(one.events for one in counts if one.channel == "shop") == 7
    assert {(one.time - start) % 86_400_000 for one in counts} == {0}


def test_home_shows_the_newest_customers_first(shop):
    assert [one.name for one in api.newest_customers(shop.runtime, limit=2)] == ["Visitor f6ba", "Bob Ápló"]


@pytest.fixture(scope="module")
def client(shop):
    _, secret = workspace.create_token(shop.runtime, Actor("command", 0, "tests"), "agent's", "agent")
    with TestClient(make_app(shop.runtime), base_url="http://testserver.local") as client:
        client.headers["Authorization"] = f"Bearer {secret}"
        yield client


def test_http_gives_a_profile(client):
    answer = client.get("/api/profiles/email:anna@example.com")
    assert answer.status_code == 200
    told = answer.json()
    assert told["profileId"] == 1
    assert {"namespace": "user_id", "value": "anna"}.items() <= told["identifiers"][3].items()
    assert told["traits"]["vip"] is True
    assert told["features"]["orders"] == 7
    assert told["features"]["revenue"] == {"EUR": 28.0}
    assert told["features"]["events"] == {"Order Completed": 7, "identify": 1, "page": 1}
    assert told["consent"] == {"analytics": True, "ads": False}
    assert (told["firstSeen"], told["lastSeen"]) == ("2026-09-20T08:13:20.000Z", "2026-09-21T14:13:20.000Z")


def test_http_gives_a_timeline_in_pages(client):
    first = client.get("/api/profiles/user_id:anna/events", params={"limit": 2, "name": "Order Completed"}).json()
    second = client.get(
        "/api/profiles/user_id:anna/events", params={"limit": 2, "name": "Order Completed", "before": first["next"]}
    ).json()
    assert [one["messageId"] for one in (*first["events"], *second["events"])] == ["a1", "a2", "a3", "a4"]
    event = first["events"][0]
    assert (event["type"], event["event"], event["timestamp"]) == (
        "track",
        "Order Completed",
        "2026-09-21T13:13:20.000Z",
    )
    assert event["properties"] == {"total": 1, "currency": "EUR", "order_id": 1}


def test_http_takes_a_slash_within_a_reference(client):
    assert client.get("/api/profiles/anonymous_id:till%2F7").json()["name"] == "Bob Ápló"
    assert [one["messageId"] for one in client.get("/api/profiles/anonymous_id:till%2f7/events").json()["events"]] == [
        "b0"
    ]
    assert client.get("/api/profiles/anonymous_id:till/7").status_code == 404


@pytest.mark.parametrize("devices", [1, 16, 17, 40])
def test_a_profile_of_many_anchors_is_told_as_one_of_few(workbench, devices):
    for number in range(devices):
        workbench.send(track("carl", "Login", f"m{number}") | {"anonymousId": f"device-{number}"}, received_at=RECEIVED)
    workbench.work()
    told = api.get_profile(workbench.runtime, "user_id:carl")
    assert len(told.anchors) == devices
    glanced = api.glance_at_profile(workbench.runtime, "user_id:carl")
    assert glanced == (told if devices <= 16 else None)
    _, secret = workspace.create_token(workbench.runtime, Actor("command", 0, "tests"), "agent's", "agent")
    with TestClient(make_app(workbench.runtime), base_url="http://testserver.local") as client:
        answer = client.get("/api/profiles/user_id:carl", headers={"Authorization": f"Bearer {secret}"})
    assert answer.json()["features"]["events"] == {"Login": devices}
    assert len(answer.json()["identifiers"]) == devices + 1


@pytest.mark.parametrize("accounts", [16, 17])
def test_a_profile_of_many_accounts_is_not_glanced_at(workbench, accounts):
    for number in range(accounts):
        workbench.send({"type": "group", "userId": "carl", "groupId": f"g{number}", "messageId": f"m{number}"})
    workbench.work()
    assert (api.glance_at_profile(workbench.runtime, "user_id:carl") is None) == (accounts > 16)


def test_http_finds_profiles(client):
    told = client.get("/api/profiles", params={"query": "mau"}).json()
    assert [(one["name"], one["revenue"]) for one in told["profiles"]] == [("Anna Maurer", "28.00")]
    assert (told["total"], told["next"]) == (1, None)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/profiles/user_id:nobody", 404),
        ("/api/profiles/user_id:nobody/events", 404),
        ("/api/profiles/user_id:anna/events?limit=0", 400),
        ("/api/profiles/user_id:anna/events?limit=1001", 400),
        ("/api/profiles/user_id:anna/events?before=x", 422),
        ("/api/profiles?after=x", 422),
        ("/api/profiles?sort=shoe_size", 400),
    ],
)
def test_http_refuses_with_a_problem(client, path, status):
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_http_asks_for_a_token(client):
    assert client.get("/api/profiles/user_id:anna", headers={"Authorization": ""}).status_code == 401
