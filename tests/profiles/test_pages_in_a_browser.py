"""The pages of customers in a real browser, on a whole installation. Screenshots lie in tests/screenshots/out afterwards."""

import re
import time
import uuid
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

OUT = Path(__file__).parents[1] / "screenshots" / "out"
LOOKS = {
    "desktop-en-light": {"viewport": {"width": 1280, "height": 850}, "locale": "en-GB", "color_scheme": "light"},
    "desktop-de-dark": {"viewport": {"width": 1440, "height": 850}, "locale": "de-DE", "color_scheme": "dark"},
    "tablet-de-light": {"viewport": {"width": 820, "height": 1100}, "locale": "de-DE", "color_scheme": "light"},
    "phone-en-dark": {"viewport": {"width": 390, "height": 844}, "locale": "en-GB", "color_scheme": "dark"},
}
NAME = "Friederike Baumgartner"


class Inn:
    """The running installation with one guest whose visits can go on."""

    def __init__(self, running):
        self.running = running
        self.run = uuid.uuid4().hex[:8]
        """Tells this run's guest from others in the shared installation."""
        self.key = running.source(f"Gaststube {uuid.uuid4().hex[:8]}")
        self.token = running.token()
        self.user = f"guest-{self.run}"
        self.context = {"channel": "web", "page": {"title": "Speisekarte", "path": "/karte"}}

    def send(self, *events):
        body = {"batch": [{"userId": self.user, "messageId": uuid.uuid4().hex, **one} for one in events]}
        status, told = self.running.ask("/v1/batch", body=body, headers=_basic(self.key))
        assert status == 200, told

    def settle(self):
        self.running.wait_until_processed(self.token)

    def furnish(self):
        traits = {"name": NAME, "email": f"{self.user}@inn.example", "plan": "silver"}
        consent = {"consent": {"categoryPreferences": {"analytics": True, "marketing": False}}}
        products = [{"name": "Apfelstrudel mit Vanillesauce", "quantity": 2, "price": 6.9}, {"name": "Verlängerter"}]
        self.send({"type": "identify", "traits": traits, "context": {**self.context, **consent}})
        self.send(*({"type": "page", "name": f"Karte {one}", "context": self.context} for one in range(6)))
        order = {"order_id": f"B-{self.run}", "total": 13.8, "currency": "EUR", "products": products}
        self.send({"type": "track", "event": "Order Completed", "properties": order, "context": self.context})
        answer = {"score": 9, "kind": "nps", "comment": "Sehr herzlicher Empfang, der Strudel war noch warm."}
        self.send({"type": "track", "event": "Survey Answered", "properties": answer, "context": {"channel": "mail"}})
        self.send({"type": "identify", "traits": {"plan": "gold"}, "context": self.context})
        self.settle()
        deadline = time.monotonic() + 30
        while not (found := self.running.ask(f"/api/profiles?query={self.user}", self.token)[1]["profiles"]):
            assert time.monotonic() < deadline, "the guest is not listed"
            time.sleep(0.2)
        self.number = found[0]["profileId"]


def _basic(key):
    import base64

    return {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}


@pytest.fixture(scope="module")
def inn(running):
    inn = Inn(running)
    inn.furnish()
    return inn


@pytest.mark.parametrize("look", LOOKS)
def test_the_pages_fit_every_screen(open_page, inn, look):
    folder = OUT / look
    folder.mkdir(parents=True, exist_ok=True)
    paths = {
        "customers": f"/customers?q={inn.user}", "customers-none": "/customers?q=nobody-like-this",
        "customer": f"/customers/{inn.number}", "customer-who": f"/customers/{inn.number}?tab=who",
        "customer-now": f"/customers/{inn.number}?tab=now", "home-full": "/",
    }  # fmt: skip
    page = open_page("/customers", **LOOKS[look])
    too_wide = []
    for name, path in paths.items():
        page.goto(inn.running.url + path)
        if path.startswith("/customers/"):
            page.wait_for_selector(".moment", state="attached")
        page.wait_for_timeout(700)  # charts and panels
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            too_wide.append(name)
        page.screenshot(path=folder / f"{name}.png", full_page=True)
    assert too_wide == []


def test_searching_while_typing_filters_the_list_and_the_address(open_page, inn):
    page = open_page("/customers")
    page.keyboard.press("/")
    page.keyboard.type(inn.user)
    expect(page.locator("#customers tbody tr")).to_have_count(1, timeout=30_000)
    page.wait_for_url(f"**q={inn.user}**")
    assert page.evaluate("document.activeElement.name") == "q"  # typing goes on
    page.click("th a:has-text('Revenue')")
    page.wait_for_selector("th[aria-sort=descending]:has-text('Revenue')")
    assert page.locator("#sort-kept").input_value() == "-revenue"
    assert f"q={inn.user}" in page.url
    page.locator("h1").click()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/customers/{inn.number}")
    page.go_back()
    page.wait_for_url("**sort=-revenue**")


def test_a_session_opens_and_the_raw_event_is_fetched_on_demand(open_page, inn):
    page = open_page(f"/customers/{inn.number}")
    session = page.locator(".session > details").first
    session.wait_for()
    assert re.search(r"\d+ events", session.locator("summary").first.inner_text())
    session.locator("summary").first.click()
    order = session.locator(".moment.inner", has_text="Order completed").first
    order.locator("summary", has_text="Details").click()
    order.locator("pre", has_text=f"B-{inn.run}").wait_for()
    page.screenshot(path=OUT / "desktop-en-light" / "customer-opened.png")


def test_the_filter_of_the_timeline_stays_in_the_address(open_page, inn):
    page = open_page(f"/customers/{inn.number}")
    page.select_option("#timeline-channel", "mail")
    page.wait_for_url("**channel=mail")
    expect(page.locator("#moments .moment")).to_have_count(1, timeout=30_000)
    page.reload()
    page.wait_for_selector(".quote")
    assert page.locator("#timeline-channel").input_value() == "mail"
    assert page.locator("#moments .moment").count() == 1


def test_new_events_appear_by_themselves_at_the_top_and_wait_for_who_reads(open_page, inn):
    page = open_page(f"/customers/{inn.number}")
    page.wait_for_selector(".session")
    page.mouse.move(640, 5)
    event = f"Quiz {uuid.uuid4().hex[:6]}"
    inn.send({"type": "track", "event": event, "context": {"channel": "phone"}})
    page.wait_for_selector(f".moment.fresh:has-text('{event}')", timeout=15_000)
    page.wait_for_selector("[data-part=now]:has-text('Phone')")  # the figures beside it follow
    page.locator(".session > details > summary").first.click()
    second = f"Quiz {uuid.uuid4().hex[:6]}"
    inn.send({"type": "track", "event": second, "context": {"channel": "phone"}})
    button = page.locator("[data-newer]")
    button.wait_for(timeout=15_000)
    assert page.locator(".moment", has_text=second).count() == 0
    assert page.locator(".session > details[open]").count() == 1
    button.click()
    page.wait_for_selector(f".moment:has-text('{second}')")


def test_on_a_phone_the_parts_are_tabs(open_page, inn):
    page = open_page(f"/customers/{inn.number}", **LOOKS["phone-en-dark"])
    page.wait_for_selector(".moment")
    assert not page.locator("[data-part=who]").is_visible()
    page.click("text=What matters")
    assert page.locator("[data-part=now]").is_visible()
    assert not page.locator("[data-part=timeline]").is_visible()
    assert "tab=now" in page.url
    page.reload()
    assert page.locator("[data-part=now]").is_visible()


def test_home_draws_what_came_in(open_page):
    page = open_page("/?")
    page.wait_for_selector("#panel-came-in canvas")
    page.click("text=last hour")
    page.wait_for_selector("#panel-came-in [aria-current=true]:has-text('last hour')")
    page.wait_for_selector("#panel-came-in canvas")
