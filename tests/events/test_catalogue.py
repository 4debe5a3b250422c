"""The catalogue, filled through the real log, worker and history."""

import pytest
from litestar.testing import TestClient

from stammgast.events import api
from stammgast.events.api import EventDescription, EventName
from stammgast.events.catalogue import gathering
from stammgast.events.catalogue.contracts import EventUnknown
from stammgast.events.store import catalogue as store
from stammgast.kernel.errors import Invalid
from stammgast.web.app import make_app
from stammgast.workspace import api as workspace
from stammgast.workspace.contracts import Actor
from tools.workbench import track

BY = Actor("command", 0, "tests")
ORDER = EventName("track", "Order Completed")


@pytest.fixture
def bench(workbench):
    workspace.create_source(workbench.runtime, BY, "Shop")
    return workbench


def order(number, **properties):
    return track("anna", "Order Completed", f"order-{number}", **properties)


def named(runtime, **how):
    return {one.event: one for one in api.seen_events(runtime, **how)}


def test_events_are_listed_with_how_often_when_and_from_where(bench):
    bench.take(order(1, total=3), order(2, total=4.5), {"type": "page", "name": "Home", "userId": "anna"})
    gathering.gather(bench.runtime)
    seen = named(bench.runtime)
    assert {event.name or event.type: one.events for event, one in seen.items()} == {"Order Completed": 2, "page": 1}
    one = seen[ORDER]
    assert one.sources == (1,)
    assert one.days[-1] == 2
    assert sum(one.days) == 2
    assert one.first_at <= one.last_at


def test_properties_are_listed_with_the_kinds_of_their_values_one_level_down(bench):
    bench.take(
        order(1, total=3, coupon=None, items=[1], paid=True, address={"city": "Köln", "a`b": 1}),
        order(2, total=4.5, coupon="X", day="2026-03-01", **{"with.dot": "y"}),
    )
    gathering.gather(bench.runtime)
    found = {one.name: one for one in api.seen_properties(bench.runtime, ORDER)}
    assert {name: one.kind for name, one in found.items()} == {
        "total": "number",
        "coupon": "text",
        "items": "list",
        "paid": "yes_no",
        "address": "object",
        "address.city": "text",
        "address.a`b": "whole",
        "day": "time",
        "with.dot": "text",
    }
    assert dict(found["total"].kinds) == {"whole": 1, "number": 1}
    assert dict(found["coupon"].kinds) == {"empty": 1, "text": 1}


def test_traits_of_identify_are_its_properties(bench):
    bench.take({"type": "identify", "userId": "anna", "traits": {"plan": "gold"}})
    gathering.gather(bench.runtime)
    event = EventName("identify")
    assert [one.name for one in api.seen_properties(bench.runtime, event)] == ["plan"]
    assert [one.value for one in api.property_values(bench.runtime, event, "plan")] == ["gold"]


def test_what_comes_later_is_added_and_nothing_is_counted_twice(bench):
    bench.take(order(1, total=3))
    gathering.gather(bench.runtime)
    gathering.gather(bench.runtime)
    bench.take(order(1, total=3), order(2, total=1))
    gathering.gather(bench.runtime)
    gathering.gather(bench.runtime)
    assert named(bench.runtime)[ORDER].events == 2
    assert [one.events for one in api.seen_properties(bench.runtime, ORDER)] == [2]


def test_of_two_processes_that_count_the_same_batches_one_writes(bench):
    bench.take(order(1, total=3))
    with bench.runtime.control.write() as connection:
        assert store.move_progress(connection, 0, 7, 2)
        assert not store.move_progress(connection, 0, 7, 2)
        assert store.move_progress(connection, 7, 8, 1)
        assert store.left_out(connection) == 3
        assert store.gathered_batch(connection) == 8


def test_what_is_not_delivered_waits_with_all_that_came_after_it(bench, monkeypatch):
    bench.take(order(1))
    first = gathering.delivered_batch(bench.runtime)
    bench.take(order(2))
    monkeypatch.setattr(gathering, "first_parcel", lambda _connection: first + 1)
    assert gathering.delivered_batch(bench.runtime) == first
    gathering.gather(bench.runtime)
    assert named(bench.runtime)[ORDER].events == 1
    monkeypatch.undo()
    gathering.gather(bench.runtime)
    assert named(bench.runtime)[ORDER].events == 2


def test_many_batches_are_counted_in_parts(bench, monkeypatch):
    monkeypatch.setattr(gathering, "ROWS_MAX", 2)
    for number in range(5):
        bench.take(order(number, total=number))
    turns = 1
    while gathering.gather_next(bench.runtime):
        turns += 1
    assert turns >= 3
    assert named(bench.runtime)[ORDER].events == 5


def test_names_without_end_are_counted_and_not_listed(bench, monkeypatch):
    monkeypatch.setattr(gathering, "NAMES_MAX", 3)
    monkeypatch.setattr(gathering, "PROPERTIES_MAX", 2)
    bench.take(*(track("anna", f"Viewed {number}", f"m{number}") for number in range(10)))
    gathering.gather(bench.runtime)
    assert len(named(bench.runtime)) == 3
    assert api.events_left_out(bench.runtime) == 7
    listed = next(iter(named(bench.runtime)))
    bench.take(*(track("anna", listed.name, f"n{number}", **{f"p{number}": 1, "often": 1}) for number in range(6)))
    gathering.gather(bench.runtime)
    found = [one.name for one in api.seen_properties(bench.runtime, listed)]
    assert len(found) == 2
    assert "often" in found


def test_somebody_who_sees_one_brand_finds_what_its_sources_sent(bench):
    runtime = bench.runtime
    other = workspace.create_brand(runtime, BY, "Other")
    empty = workspace.create_brand(runtime, BY, "Empty")
    workspace.create_source(runtime, BY, "Elsewhere", brand=other.id)
    bench.take(order(1, total=3))
    gathering.gather(runtime)
    assert ORDER in named(runtime, brands=(1,))
    assert named(runtime, brands=(other.id,)) == named(runtime, brands=(empty.id,)) == {}
    assert api.seen_properties(runtime, ORDER, brands=(other.id,)) == []
    assert api.property_values(runtime, ORDER, "total", brands=(other.id,)) == []
    assert api.example_values(runtime, ORDER, brands=(other.id,)) == {}
    with pytest.raises(EventUnknown):
        api.seen_event(runtime, ORDER, brands=(other.id,))


@pytest.mark.parametrize(
    "name", ["plain", "with.dot", "back`tick", "quo'te", 'dou"ble', "back\\slash", "ü ß", "{x:String}", "a..b", "."]
)
def test_values_of_any_property_are_told_most_frequent_first(bench, name):
    bench.take(*(order(number, **{name: "b" if number else "a"}) for number in range(3)))
    values = api.property_values(bench.runtime, ORDER, name)
    assert [(one.value, one.events) for one in values] == [("b", 2), ("a", 1)]
    assert [one.value for one in api.property_values(bench.runtime, ORDER, name, text="A")] == ["a"]


@pytest.mark.parametrize("name", ["", "\0", "a\0b"])
def test_what_can_be_no_property_has_no_values(bench, name):
    bench.take(order(1, total=3))
    assert api.property_values(bench.runtime, ORDER, name) == []


def test_pages_are_one_event_whose_name_is_a_property(bench):
    bench.take(*({"type": "page", "name": name, "userId": "anna"} for name in ("Home", "Home", "Tea")))
    values = api.property_values(bench.runtime, EventName("page"), "name")
    assert [(one.value, one.events) for one in values] == [("Home", 2), ("Tea", 1)]


def test_people_say_what_an_event_means_and_what_its_properties_are(bench):
    runtime = bench.runtime
    owner = workspace.create_user(runtime, BY, email="anna@inn.test", name="Anna", role="analyst").id
    api.describe_event(runtime, BY, ORDER, EventDescription("Somebody bought", owner, is_expected=True))
    api.describe_properties(runtime, BY, ORDER, {"total": ("text", "With tax"), "vat": ("number", ""), "x": ("", "")})
    before = api.seen_event(runtime, ORDER)
    assert (before.description, before.owner, before.is_expected, before.events) == ("Somebody bought", owner, True, 0)
    assert before.last_at is None
    bench.take(order(1, total=3))
    gathering.gather(runtime)
    total, vat = api.seen_properties(runtime, ORDER)
    assert (total.name, total.kind, total.strange_kinds, total.description) == ("total", "text", ("whole",), "With tax")
    assert (vat.name, vat.kind, vat.events) == ("vat", "number", 0)
    assert api.declared_kinds(runtime) == {(ORDER, "total"): "text", (ORDER, "vat"): "number"}
    assert [one.event for one in api.seen_events(runtime, text="BOUGHT")] == [ORDER]
    with pytest.raises(Invalid):
        api.describe_properties(runtime, BY, ORDER, {"total": ("poem", "")})
    with pytest.raises(Invalid):
        api.describe_event(runtime, BY, ORDER, EventDescription(owner=999))


def test_the_api_tells_and_takes_the_catalogue(bench):
    runtime = bench.runtime
    _made, secret = workspace.create_token(runtime, BY, "analyst", "analyst")
    headers = {"Authorization": f"Bearer {secret}"}
    bench.take(order(1, total=3, city="Köln"))
    gathering.gather(runtime)
    with TestClient(make_app(runtime), base_url="http://inn.example") as client:
        client.headers.update(headers)
        (listed,) = client.get("/api/catalogue/events").json()
        assert (listed["name"], listed["events"], listed["sources"]) == ("Order Completed", 1, [1])
        said = {"description": "Bought", "expected": True, "properties": {"city": {"kind": "text"}}}
        told = client.put("/api/catalogue/event?name=Order%20Completed", json=said).json()
        assert told["expected"] is True
        assert {one["name"]: (one["declared"], one["examples"]) for one in told["properties"]} == {
            "city": ("text", ['"Köln"']),
            "total": (None, ["3"]),
        }
        values = client.get("/api/catalogue/values?name=Order%20Completed&property=city").json()
        assert values == [{"value": "Köln", "events": 1}]
        assert client.get("/api/catalogue/event?name=Nothing").status_code == 404


def test_the_pages_show_and_keep_what_is_said(bench):
    runtime = bench.runtime
    _made, secret = workspace.create_token(runtime, BY, "analyst", "analyst")
    headers = {"Authorization": f"Bearer {secret}"}
    bench.take(order(1, total=3, city="Köln"))
    gathering.gather(runtime)
    with TestClient(make_app(runtime), base_url="http://inn.example") as client:
        client.headers.update(headers)
        assert "Order Completed" in client.get("/connect/catalogue").text
        assert "Order Completed" not in client.get("/connect/catalogue?q=refund").text
        page = client.get("/connect/catalogue/event?type=track&name=Order+Completed").text
        assert "Köln" in page
        values = client.get("/connect/catalogue/values?type=track&name=Order+Completed&property=city").text
        assert "Köln" in values
        fields = {
            "type": "track",
            "event": "Order Completed",
            "what": "event",
            "description": "Bought",
            "is_expected": "y",
        }
        kept = client.post("/connect/catalogue/event", data=fields, follow_redirects=False)
        assert kept.headers["location"] == "/connect/catalogue/event?type=track&name=Order+Completed"
        assert "Bought" in client.get(kept.headers["location"]).text
        fields = {"type": "track", "event": "Order Completed", "what": "properties", "property": ["city", "total"]}
        fields |= {"kind": ["text", "text"], "about": ["Where to", ""]}
        assert client.post("/connect/catalogue/event", data=fields, follow_redirects=False).status_code == 303
        page = client.get("/connect/catalogue/event?type=track&name=Order+Completed").text
        assert "Where to" in page
        assert "Differs from what is declared" in page
        expected = client.post("/connect/catalogue/new", data={"event": "Never Sent"}, follow_redirects=False)
        assert "not seen yet" in client.get(expected.headers["location"]).text
        assert "Never Sent" in client.get("/connect/catalogue?shown=silent").text
        assert "/connect/catalogue/event?type=track&amp;name=Never+Sent" in client.get("/search?q=never").text
