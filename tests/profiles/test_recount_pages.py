"""Counting anew as people and programs see it: the page, the customer's page, home, status, metrics, API, commands."""

import json
import re
import time
import uuid

import pytest
from playwright.sync_api import expect

from stammgast.profiles import api
from stammgast.workspace import api as workspace
from stammgast.workspace.contracts import Actor
from tests.profiles.test_feature_versions import give, raised
from tests.profiles.test_pages import PASSWORD, Visitor
from tools.workbench import track

BY = Actor("command", 0, "tests")


@pytest.fixture(scope="module")
def role():
    return "administrator"


@pytest.fixture
def upgraded(workbench, monkeypatch):
    """A shop whose new version counts orders differently; its worker has just begun to count them anew."""
    events = [track("anna", "Order Completed", f"m{one}", total=one, currency="EUR") for one in range(3)]
    workbench.take(*events, {"type": "group", "userId": "anna", "groupId": "inn", "messageId": "g"})
    give(workbench, monkeypatch, lambda features: raised(features, "orders"))
    workbench.restart()
    workspace.create_user(
        workbench.runtime, BY, email="alice@inn.test", name="Alice", role="administrator", password=PASSWORD
    )
    return workbench


def text_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def test_every_place_says_that_orders_are_being_counted_anew_and_nobody_shows_them(upgraded):
    alice = Visitor(upgraded.runtime, "alice@inn.test")
    number = upgraded.profile("user_id:anna").profile
    customer = text_of(alice.get(f"/customers/{number}"))
    assert "Being counted anew, 0 %" in customer
    assert "Orders 0 %" in customer
    assert "Figures are being counted anew, 0 %" in text_of(alice.fragment("/home/worker"))
    page = text_of(alice.get("/settings/recount"))
    assert "Being counted anew Orders · since they are counted differently now" in page
    assert 'stammgast_recount_progress{feature="orders"} 0\n' in alice.get("/metrics").text
    status = alice.get("/api/status").json()["recount"]
    assert status == {"state": "going_on", "percent": 0, "features": ["orders"], "setAside": 0}
    told = alice.get("/api/profiles/user_id:anna").json()
    assert (told["recounting"], "orders" in told["features"]) == ({"orders": 0}, False)
    found = alice.get("/api/recount").json()
    assert (found["state"], found["features"], found["percent"]) == ("going_on", ["orders"], 0)
    upgraded.work()
    assert "ounted anew, " not in text_of(alice.get(f"/customers/{number}"))
    assert "ounted anew" not in text_of(alice.fragment("/home/worker"))
    assert "stammgast_recount_progress{" not in alice.get("/metrics").text
    assert alice.get("/api/status").json()["recount"] is None
    told = alice.get("/api/profiles/user_id:anna").json()
    assert (told["recounting"], told["features"]["orders"]) == ({}, 3)
    assert "Counted anew Orders" in text_of(alice.get("/settings/recount"))


def test_it_is_paused_and_resumed_over_the_api_and_by_the_page(upgraded):
    alice = Visitor(upgraded.runtime, "alice@inn.test")
    csrf = re.search(r'name="csrf" content="(\w+)"', alice.get("/settings/recount").text)[1]

    def send(**form):
        answer = alice.client.post("/settings/recount", data={"_csrf": csrf, **form}, follow_redirects=False)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    place = send(do="pause")
    assert place.startswith("/settings/recount?order=")
    upgraded.work()
    while api.recount(upgraded.runtime).state != "paused":
        upgraded.worker.turn()
    page = alice.get(place)
    assert "Paused" in text_of(page)
    assert 'value="resume"' in page.text
    assert alice.fragment(f"/settings/recount/progress?state=going_on&{place.partition('?')[2]}").headers["HX-Redirect"]
    send(do="resume")
    while api.recount(upgraded.runtime).state != "done":
        upgraded.worker.turn()


def test_a_look_says_what_would_be_counted_and_no_such_figure_is_refused(upgraded):
    upgraded.work()
    alice = Visitor(upgraded.runtime, "alice@inn.test")
    assert "3 events of 1 sets of identifiers and 0 accounts would be counted" in text_of(
        alice.get("/settings/recount?look=yes&features=orders")
    )
    assert alice.get("/settings/recount?look=yes&features=nonsense").status_code == 422
    before = api.recount(upgraded.runtime)
    upgraded.work()
    assert api.recount(upgraded.runtime) == before


def test_commands_look_order_and_tell(running):
    running.token()
    looked = json.loads(running.run("recount", "look", "orders", "--json"))
    assert looked["features"] == ["orders"]
    running.run("recount", "start", "orders", "events")
    deadline = time.monotonic() + 60
    while True:
        found = json.loads(running.run("recount", "show", "--json"))
        if found["state"] == "done" and {"orders", "events"} <= set(found["features"]):
            break
        assert time.monotonic() < deadline, found
        time.sleep(0.3)
    assert "Counted anew: " in running.run("recount", "show")


@pytest.mark.browser
def test_an_administrator_has_everything_counted_anew_and_sees_it_done(open_page, running):
    key = running.source(f"Theke {uuid.uuid4().hex[:8]}")
    event = {"type": "track", "event": "Order Completed", "userId": uuid.uuid4().hex, "writeKey": key}
    assert running.ask("/v1/track", body=event)[0] == 200
    page = open_page("/settings/recount")
    page.get_by_label("Orders", exact=True).check()
    page.get_by_role("button", name="Only look what it would go through").click()
    expect(page.get_by_text("Nothing has changed yet")).to_be_visible()
    expect(page.get_by_label("Orders", exact=True)).to_be_checked()
    page.get_by_role("button", name="Count anew", exact=True).click()
    expect(page.get_by_role("heading", name="Counted anew")).to_be_visible(timeout=30_000)
