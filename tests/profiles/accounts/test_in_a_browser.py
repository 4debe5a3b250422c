"""Accounts and trait policies in a real browser. Screenshots lie in tests/screenshots/out afterwards."""

import base64
import uuid
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

OUT = Path(__file__).parents[2] / "screenshots" / "out"
LOOKS = {
    "desktop-en-light": {"viewport": {"width": 1280, "height": 850}, "locale": "en-GB", "color_scheme": "light"},
    "desktop-de-dark": {"viewport": {"width": 1440, "height": 850}, "locale": "de-DE", "color_scheme": "dark"},
    "phone-de-light": {"viewport": {"width": 390, "height": 844}, "locale": "de-DE", "color_scheme": "light"},
}


class Inn:
    """The running installation with an account of two, about whose beds the shop and the till do not agree."""

    def __init__(self, running):
        self.running = running
        self.run = uuid.uuid4().hex[:8]
        self.shop, self.till = (running.source(f"{name} {self.run}") for name in ("Gaststube", "Kasse"))
        self.token = running.token()
        self.group = f"inn-{self.run}"
        self.trait = f"beds_{self.run}"
        self.furnish()

    def send(self, key, *events):
        body = {"batch": [{"messageId": uuid.uuid4().hex, **one} for one in events]}
        headers = {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}
        status, told = self.running.ask("/v1/batch", body=body, headers=headers)
        assert status == 200, told

    def furnish(self):
        anna, bob = f"anna-{self.run}", f"bob-{self.run}"
        call = {"type": "group", "groupId": self.group, "userId": anna}
        name = f"Gasthof zur sehr alten Linde am Marktplatz {self.run}"
        order = {"total": 42, "currency": "EUR", "order_id": "A-1"}
        acting = {"context": {"groupId": self.group}}
        self.send(
            self.shop,
            {"type": "identify", "userId": anna, "traits": {"name": "Annegret Maurer-Lindenthal"}},
            {
                **call,
                "traits": {"name": name, "type": "household", self.trait: 12, "role": "owner"},
                "timestamp": day(1),
            },
            {"type": "track", "event": "Order Completed", "userId": anna, "properties": order, **acting},
            {**call, "userId": bob, "traits": {"left": True}, "timestamp": day(2)},
        )
        self.send(self.till, {**call, "traits": {self.trait: 14}, "timestamp": day(3)})
        self.running.wait_until_processed(self.token)
        status, told = self.running.ask(f"/api/accounts/group_id:{self.group}", self.token)
        assert status == 200, told
        self.path = f"/accounts/{told['accountId']}"


def day(number):
    return f"2026-01-{number:02d}T10:00:00Z"


@pytest.fixture(scope="module")
def role():
    return "administrator"


@pytest.fixture(scope="module")
def inn(running):
    return Inn(running)


@pytest.mark.parametrize("look", LOOKS)
def test_the_pages_of_accounts_fit_every_screen(open_page, inn, look):
    folder = OUT / look
    folder.mkdir(parents=True, exist_ok=True)
    paths = {
        "accounts": f"/accounts?q={inn.run}", "accounts-none": "/accounts?q=nobody-like-this", "account": inn.path,
        "account-now": f"{inn.path}?tab=now", "account-who": f"{inn.path}?tab=who", "members": f"{inn.path}/members",
        "identity-traits": f"/identity/traits?trait={inn.trait}",
    }  # fmt: skip
    page = open_page("/accounts", **LOOKS[look])
    too_wide = []
    for name, path in paths.items():
        page.goto(inn.running.url + path)
        if name == "account":
            page.wait_for_selector(".moment", state="attached")
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            too_wide.append(name)
        page.screenshot(path=folder / f"{name}.png", full_page=True)
    assert too_wide == []


def test_the_value_that_counts_follows_the_policy_and_the_one_that_lost_names_its_event(open_page, inn):
    page = open_page(inn.path)
    beds = page.locator(".datum", has_text=f"Beds {inn.run}")
    expect(beds).to_contain_text("14")
    beds.locator("summary[title='Where this comes from']").click()
    lost = beds.locator("li", has_text=f"Gaststube {inn.run}")
    expect(lost).to_contain_text("12")
    lost.locator("summary", has_text="Event").click()
    expect(lost.locator("pre")).to_contain_text(f'"{inn.trait}": 12', timeout=30_000)
    page.screenshot(path=OUT / "desktop-en-light" / "account-traits.png", full_page=True)
    beds.locator("a", has_text="Change").click()
    page.wait_for_url(f"**/identity/traits?trait={inn.trait}#change")
    page.get_by_label("The source decides").check()
    page.get_by_label("Source 1", exact=True).select_option(label=f"Gaststube {inn.run}")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/identity/traits")
    expect(page.locator("#policies")).to_contain_text(f"1. Gaststube {inn.run}")
    page.goto(inn.running.url + inn.path)
    expect(page.locator(".datum", has_text=f"Beds {inn.run}").locator(".datum-value")).to_contain_text("12")


def test_accounts_are_searched_while_typing_and_opened_by_the_keyboard(open_page, inn):
    page = open_page("/accounts")
    page.keyboard.press("/")
    page.keyboard.type(inn.run)
    expect(page.locator("#accounts tbody tr")).to_have_count(1, timeout=30_000)
    page.wait_for_url(f"**q={inn.run}**")
    page.locator("h1").click()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{inn.path}")
    page.locator("#members-table .row-link", has_text="Annegret").click()
    page.wait_for_url("**/customers/*")
    expect(page.locator("[data-part=who]")).to_contain_text("Gasthof zur sehr alten Linde")
