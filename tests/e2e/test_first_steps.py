"""What a new user sees first: the door while nobody can enter, the one-time link, the log-in, the empty pages, the demo shop.

Each is looked at on a phone and on a desk, in both languages, in light and dark; the pictures lie in tests/screenshots/out.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

OUT = Path(__file__).parents[1] / "screenshots" / "out" / "first-steps"
LOOKS = {
    "desktop-en-light": {"locale": "en-GB", "color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    "desktop-de-dark": {"locale": "de-DE", "color_scheme": "dark", "viewport": {"width": 1280, "height": 900}},
    "phone-de-light": {"locale": "de-DE", "color_scheme": "light", "viewport": {"width": 390, "height": 844}},
    "phone-en-dark": {"locale": "en-GB", "color_scheme": "dark", "viewport": {"width": 390, "height": 844}},
}
INSIDE = (
    "/",
    "/customers",
    "/connect/sources",
    "/connect/import",
    "/connect/live",
    "/connect/quarantine",
    "/connect/rules",
)
PASSWORD = "a long enough password"


class Onlooker:
    """One browser in each look; what a page complains about is kept."""

    def __init__(self, browser, base):
        self.base = base
        self.said = []
        self.pages = {name: self._page(browser, look) for name, look in LOOKS.items()}

    def _page(self, browser, look):
        page = browser.new_context(**look).new_page()
        page.on("pageerror", lambda error: self.said.append(str(error)))
        # A refused form is a 4xx for the console too.
        page.on(
            "console",
            lambda one: self.said.append(one.text) if one.type == "error" and "status of 4" not in one.text else None,
        )
        return page

    def look(self, name, path, prepare=None):
        """Open a page in all looks, do something with it, take its picture, and see that it fits and is labelled."""
        for look, page in self.pages.items():
            page.goto(self.base + path)
            page.wait_for_load_state("networkidle")
            if prepare:
                prepare(page)
            OUT.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=OUT / f"{name}-{look}.png", full_page=True)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, look)
            assert unlabelled(page) == [], (name, look)

    def close(self):
        for page in self.pages.values():
            page.context.close()


def unlabelled(page):
    """Return the controls that a screen reader has no name for."""
    return page.evaluate(
        """() => [...document.querySelectorAll("input:not([type=hidden]), select, textarea, button, a[href]")]
            .filter((one) => one.checkVisibility() && !one.labels?.length && !one.textContent.trim()
                && !one.getAttribute("aria-label") && !one.getAttribute("aria-labelledby") && !one.title)
            .map((one) => one.outerHTML.slice(0, 120))"""
    )


@pytest.fixture
def installation(new_installation):
    made = new_installation()
    made.start()
    return made


@pytest.fixture
def onlooker(browser, installation):
    onlooker = Onlooker(browser, installation.url)
    yield onlooker
    onlooker.close()
    assert onlooker.said == []


def refuse(page):
    """Send the form with a password that does not do."""
    if page.locator("input[name=name]").count():
        page.locator("input[name=name]").fill("Alice")
    page.locator("input[name=email]").fill("alice@inn.example")
    # The browser would refuse it by itself; what the server says is what is looked at.
    page.locator("input[name=password]").evaluate("(one) => one.removeAttribute('minlength')")
    page.locator("input[name=password]").fill("short")
    page.locator("main button.primary").click()
    expect(page.locator(".error, .notice.harm").first).to_be_visible()
    expect(page.locator("input[name=email]")).to_have_value("alice@inn.example")


def test_a_new_user_finds_in_and_sees_what_will_be_here(installation, onlooker):
    onlooker.look("nobody-yet", "/login")
    link = re.search(r"/setup\?link=\S+", installation.text)[0]
    onlooker.look("setup", link)
    onlooker.look("setup-refused", link, refuse)
    page = onlooker.pages["desktop-en-light"]
    page.locator("input[name=company]").fill("The Inn")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main button.primary").click()
    expect(page.locator("h1")).to_contain_text("Alice")
    expect(page.get_by_text("The Inn").first).to_be_visible()

    page.context.clear_cookies()
    onlooker.look("setup-used", link)
    onlooker.look("login", "/login")
    onlooker.look("login-refused", "/login", refuse)
    for page in onlooker.pages.values():
        page.goto(installation.url + "/login")
        page.locator("input[name=email]").fill("alice@inn.example")
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("main button.primary").click()
        expect(page.locator("h1")).to_contain_text("Alice")
    for path in INSIDE:
        onlooker.look(f"empty{path.replace('/', '-')}", path)


def test_an_administrator_connects_the_demo_shop_from_its_own_panel(installation, onlooker):
    onlooker.look("shop-for-strangers", "/demo/shop")
    stranger = onlooker.pages["phone-de-light"]
    expect(stranger.locator(".told").first).to_be_visible()
    expect(stranger.locator(".told button")).to_have_count(0)

    link = re.search(r"/setup\?link=\S+", installation.text)[0]
    page = onlooker.pages["phone-en-dark"]
    page.goto(installation.url + link)
    page.locator("input[name=name]").fill("Alice")
    page.locator("input[name=email]").fill("alice@inn.example")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main button.primary").click()
    expect(page.locator("h1")).to_contain_text("Alice")
    page.goto(installation.url + "/demo/shop")
    page.screenshot(path=OUT / "shop-panel-phone-en-dark.png")
    page.locator(".told button").click()
    expect(page.locator(".told button")).to_have_count(0)
    assert page.evaluate("Boolean(document.querySelector('script[data-write-key]'))")
    onlooker.look("shop-connected", "/demo/shop")
    onlooker.look("shop-basket", "/demo/shop/basket")
    onlooker.look("shop-checkout", "/demo/shop/checkout")
