"""What leaves the house, in a whole installation: entered and tested in a browser, and its worker killed in the middle."""

import os
import signal
import time

import pytest
from playwright.sync_api import expect
from standardwebhooks.webhooks import Webhook

from tests.outgoing.conftest import Receiver
from tools.installation import enter

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def receiver():
    one = Receiver()
    one.start()
    yield one
    one.stop()


@pytest.fixture
def house(new_installation):
    installation = new_installation(environ={"STAMMGAST_OUTGOING_PRIVATE": "127.0.0.1"})
    installation.start()
    return installation


def wait_for(what, patience=30):
    deadline = time.monotonic() + patience
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_person_makes_a_webhook_tests_it_and_it_survives_the_death_of_the_worker(house, page, receiver):
    enter(house, page, "alice@inn.test", role="administrator")
    page.goto(f"{house.url}/connect/outgoing")
    expect(page.get_by_text("Nothing leaves the house yet")).to_be_visible()
    page.get_by_role("link", name="Make a target").click()
    page.get_by_role("main").get_by_role("link", name="Webhook").click()
    page.get_by_label("Name").fill("CRM")
    page.get_by_label("Address").fill("https://192.168.0.1/hook")
    page.get_by_role("button", name="Make the target").click()
    expect(page.get_by_text("This is a private address")).to_be_visible()
    assert page.get_by_label("Name").input_value() == "CRM"
    page.get_by_label("Address").fill(receiver.url())
    page.get_by_role("button", name="Make the target").click()
    secret = page.locator("#secret").inner_text().strip()
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_text("HTTP 200")).to_be_visible()
    Webhook(secret).verify(receiver.got[0].body.decode(), receiver.got[0].headers)

    worker = house.pid("worker")
    receiver.answers = [lambda _request: os.kill(worker, signal.SIGKILL) or (200,)]
    page.get_by_role("button", name="Send a test").click()
    wait_for(lambda: len(receiver.got) >= 3)
    assert len(set(receiver.ids()[1:])) == 1
    assert house.pid("worker") != worker
    page.goto(f"{house.url}/connect/outgoing/deliveries/2")
    wait_for(lambda: page.reload() and page.get_by_text("Sent", exact=True).count())
    page.goto(f"{house.url}/connect/outgoing/1")
    expect(page.get_by_text("Well", exact=True)).to_be_visible()


def test_its_pages_fit_in_german_on_a_phone_and_on_a_desk(house, browser, receiver):
    token = house.token()
    receiver.answers = [(410, {}, "x" * 300)]
    name = "Kundenbeziehungsverwaltung " * 3
    house.ask("/api/outgoing/targets", token, {"name": name, "kind": "webhook", "url": receiver.url("/" + "a" * 300)})
    house.ask("/api/outgoing/targets/1/test", token, {})
    wait_for(lambda: house.ask("/api/outgoing/deliveries?state=failed", token)[1]["deliveries"])
    context = browser.new_context(locale="de-DE", timezone_id="Europe/Berlin")
    page = context.new_page()
    enter(house, page, "bob@inn.test", role="administrator")
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        for path in (
            "",
            "/new",
            "/new?kind=mail",
            "/new?kind=webhook",
            "/1",
            "/1/change",
            "/deliveries",
            "/deliveries/1",
        ):
            page.goto(f"{house.url}/connect/outgoing{path}")
            assert page.locator("html").get_attribute("lang") == "de"
            over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert page.evaluate(over) <= 0, (path, width)
    expect(page.get_by_text("HTTP 410: xxx").first).to_be_visible()
    context.close()
