"""The live view: whose events are, what they carried, which fit a search, and that none is missed."""

import pytest
from litestar.testing import TestClient

from stammgast.events import api as events
from stammgast.events.words import EVENT_LABELS
from stammgast.profiles import history, live
from stammgast.profiles.live import LiveQuery
from stammgast.web.app import make_app
from stammgast.workspace import api as workspace
from stammgast.workspace.contracts import Actor
from tools.workbench import track

BY = Actor("command", 0, "tests")


@pytest.fixture
def bench(workbench):
    workspace.create_source(workbench.runtime, BY, "Till")
    workbench.take(
        {"type": "identify", "userId": "anna", "messageId": "who", "traits": {"name": "Anna Berg"}},
        track("anna", "Order Completed", "order-1", total=42.5, address={"city": "Köln"}),
        track("bert", "Product Viewed", "view-1", sku="tea"),
        {"type": "track", "messageId": "nameless", "userId": "anna"},
    )
    return workbench


def found(bench, after=0, sources=None, is_bound=False, **wanted):
    sources = {1: "Till"} if sources is None else sources
    page = live.live_page(
        bench.runtime, LiveQuery(**wanted), sources=sources, words=EVENT_LABELS, after=after, is_bound=is_bound
    )
    return {row.event.message_id for row in page.rows}


EVERYTHING = {"who", "order-1", "view-1", "nameless"}


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ({}, EVERYTHING),
        ({"text": "anna berg"}, {"who", "order-1"}),
        ({"text": "ORDER comp"}, {"order-1"}),
        ({"text": "view-1"}, {"view-1"}),
        ({"text": "till"}, EVERYTHING),
        ({"fate": "quarantined"}, {"nameless"}),
        ({"source": 2}, set()),
        ({"path": "total"}, {"order-1"}),
        ({"path": "total", "value": "42"}, {"order-1"}),
        ({"path": "total", "value": "43"}, set()),
        ({"path": "address.city", "value": "kö"}, {"order-1"}),
        ({"path": "name", "value": "berg"}, {"who"}),
        ({"path": "userId", "value": "anna"}, {"who", "order-1", "nameless"}),
        ({"path": "sku", "text": "anna"}, set()),
    ],
)
def test_events_are_found_by_who_what_and_what_they_carried(bench, wanted, ids):
    assert found(bench, **wanted) == ids


def test_somebody_bound_sees_the_events_of_their_sources_only(bench):
    assert found(bench, sources={}, is_bound=True) == set()
    assert found(bench, sources={1: "Till"}, is_bound=True) == EVERYTHING


def test_asking_on_gives_what_is_new_and_nothing_twice(bench):
    page = live.live_page(bench.runtime, LiveQuery(), sources={}, words={})
    assert found(bench, after=page.newest) == set()
    bench.take(track("anna", "Order Completed", "order-2"))
    assert found(bench, after=page.newest) == {"order-2"}


def test_an_event_that_is_not_in_history_yet_is_not_missed_by_a_search_for_what_it_carries(bench, monkeypatch):
    before = live.live_page(bench.runtime, LiveQuery(), sources={}, words={}).newest
    bench.take(track("anna", "Order Completed", "order-2", total=7), track("anna", "Seen", "seen", total=7))
    read, late = history.raws_of, events.message_digest("order-2")
    monkeypatch.setattr(
        history, "raws_of", lambda *asked: {key: raw for key, raw in read(*asked).items() if key != late}
    )
    wanted = LiveQuery(path="total", value="7")
    page = live.live_page(bench.runtime, wanted, sources={}, words={}, after=before)
    monkeypatch.undo()
    rest = live.live_page(bench.runtime, wanted, sources={}, words={}, after=page.newest)
    assert {row.event.message_id for row in (*page.rows, *rest.rows)} == {"order-2", "seen"}
    assert len(page.rows) + len(rest.rows) == 2


def test_what_came_again_shows_what_it_carried_first(bench):
    bench.take(track("anna", "Order Completed", "order-1", total=42.5, address={"city": "Köln"}))
    assert found(bench, fate="deduplicated", path="total", value="42.5") == {"order-1"}


def test_of_a_message_id_used_twice_each_shows_its_own(bench):
    bench.take(track("anna", "Order Completed", "order-1", total=99))
    assert found(bench, fate="quarantined", path="total", value="99") == {"order-1"}
    assert found(bench, fate="processed", path="total", value="99") == set()


def test_the_page_names_people_and_shows_what_events_carried(bench):
    _made, secret = workspace.create_token(bench.runtime, BY, "viewer", "viewer")
    with TestClient(make_app(bench.runtime), base_url="http://inn.example") as client:
        client.headers["Authorization"] = f"Bearer {secret}"
        page = client.get("/connect/live?q=order").text
        assert "Anna Berg" in page
        assert "Product viewed" not in page
        assert 'data-live-log="/connect/live/rows?q=order"' in page
        numbers = {
            row.event.message_id: row.event.number
            for row in live.live_page(bench.runtime, LiveQuery(), sources={}, words={}).rows
        }
        assert "Köln" in client.get(f"/connect/live/event?number={numbers['order-1']}").text
        assert "nameless" in client.get(f"/connect/live/event?number={numbers['nameless']}").text
        assert client.get("/connect/live/event?number=999999").status_code == 404
        rows = client.get(f"/connect/live/rows?after={max(numbers.values())}").text
        assert "data-number" not in rows
        assert f'data-newest="{max(numbers.values())}"' in rows
