"""Pages in a real browser: every page once in each look, what the keyboard does, and that nothing breaks the content policy.

Screenshots lie in tests/screenshots/out afterwards, to be looked at.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect
from small_house import EMAIL, PASSWORD

import stammgast.web

pytestmark = pytest.mark.browser

OUT = Path(__file__).parents[1] / "screenshots" / "out"
VENDOR = Path(stammgast.web.__file__).parent / "static" / "vendor"
PAGES = {
    "home": "/", "sources": "/connect/sources", "source-new": "/connect/sources/new", "source": "/connect/sources/1",
    "company": "/settings/company", "brands": "/settings/brands", "staff": "/settings/staff", "people": "/settings/people",
    "person": "/settings/people/2", "person-new": "/settings/people/new", "tokens": "/settings/tokens",
    "audit": "/settings/audit", "about": "/settings/about", "me": "/me", "design": "/design", "api": "/api",
    "search": "/search?q=so", "missing": "/nowhere",
}  # fmt: skip
LOOKS = {
    "desktop-en-light": {"viewport": {"width": 1360, "height": 850}, "locale": "en-GB", "color_scheme": "light"},
    "desktop-de-dark": {"viewport": {"width": 1360, "height": 850}, "locale": "de-DE", "color_scheme": "dark"},
    "tablet-de-light": {"viewport": {"width": 820, "height": 1100}, "locale": "de-DE", "color_scheme": "light"},
    "phone-de-dark": {
        "viewport": {"width": 390, "height": 844},
        "locale": "de-DE",
        "color_scheme": "dark",
        "has_touch": True,
    },
    "phone-en-light": {"viewport": {"width": 390, "height": 844}, "locale": "en-GB", "has_touch": True},
}


@pytest.fixture(scope="module", autouse=True)
def libraries():
    if not (VENDOR / "htmx.min.js").exists():
        pytest.skip("browser libraries are not installed (make setup)")


@pytest.fixture
def open_page(browser, furnished):
    """Return a function that opens a page of the furnished house, logged in; what goes wrong in it fails the test."""
    contexts, complaints = [], []

    def open_it(path="/", **look):
        context = browser.new_context(timezone_id="Europe/Berlin", **look)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        # A page that is not there is a 404 for the console too; everything else, first of all the content policy, counts.
        page.on(
            "console",
            lambda said: complaints.append(said.text) if said.type == "error" and "404" not in said.text else None,
        )
        page.goto(f"{furnished}/login")
        page.fill("#email", EMAIL)
        page.fill("#password", PASSWORD)
        page.click("button.primary")
        page.wait_for_url(f"{furnished}/")
        page.goto(furnished + path)
        page.wait_for_load_state("networkidle")
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_in_every_look_fits_its_screen(open_page, furnished, look):
    page = open_page(**LOOKS[look])
    folder = OUT / look
    folder.mkdir(parents=True, exist_ok=True)
    too_wide = []
    for name, path in PAGES.items():
        page.goto(furnished + path)
        page.wait_for_load_state("networkidle")
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            too_wide.append(name)
        page.screenshot(path=folder / f"{name}.png", full_page=True)
    assert too_wide == []


def test_the_palette_opens_by_keys_finds_a_page_and_goes_there(open_page):
    page = open_page()
    page.keyboard.press("Control+k")
    page.keyboard.type("staff")
    page.wait_for_selector(".hit[aria-selected=true]:has-text('Staff traffic')")
    page.keyboard.press("Enter")
    page.wait_for_url("**/settings/staff")


def test_a_list_is_walked_by_keys(open_page):
    page = open_page("/design")
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.locator("tr[data-here]").inner_text().strip().startswith("Anna Huber")
    page.keyboard.press("x")
    assert page.locator("[data-bulk-count]").inner_text() == "1 chosen"
    page.keyboard.press("k")
    page.keyboard.press("x")
    assert page.locator("[data-bulk-count]").inner_text() == "2 chosen"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "q"


def test_typing_filters_the_list_and_the_address_follows(open_page):
    page = open_page("/design")
    page.fill(".filter-bar input[type=search]", "greta")
    page.wait_for_url("**q=greta*")
    expect(page.locator("#sample-table tbody tr")).to_have_count(4, timeout=30_000)
    page.click("#sample-table th:nth-child(3) a")
    page.wait_for_selector("th[aria-sort]:has-text('Orders')")
    assert "q=greta" in page.url
    page.go_back()
    expect(page).not_to_have_url(re.compile("sort"), timeout=30_000)
    expect(page.locator("#sample-table tbody tr")).to_have_count(4, timeout=30_000)


def test_a_harmful_button_asks_and_cancel_does_nothing(open_page):
    page = open_page("/settings/tokens")
    page.click("button:has-text('Revoke')")
    assert "is refused from now on" in page.locator("#confirm").inner_text()
    page.click("#confirm button[value=no]")
    assert page.locator("#confirm").is_hidden()
    assert page.locator(".status.good").count() == 1


def test_a_source_is_made_and_its_key_copied(open_page):
    page = open_page("/connect/sources/new")
    page.fill("#name", "Kiosk")
    page.click("main button.primary")
    page.wait_for_selector("#write-key")
    assert page.locator("#write-key").inner_text().startswith("sgk_")
    assert page.locator("#write-key").inner_text() in page.locator("#snippet-bundled").text_content()
    page.reload()
    assert page.locator("#write-key").inner_text().startswith("sgk_")


def test_a_chart_is_drawn_and_turns_into_a_table(open_page):
    page = open_page("/design")
    page.wait_for_selector("#sample-chart canvas")
    page.click("#sample-chart [data-chart-switch]")
    assert page.locator("#sample-chart .chart-canvas").is_hidden()
    assert page.locator("#sample-chart tbody tr").count() == 14
    page.click("#sample-chart [data-chart-switch]")
    assert page.locator("#sample-chart .chart-table").is_hidden()


def test_the_api_page_sends_a_request_and_shows_the_answer(open_page):
    page = open_page("/api")
    operation = page.locator("details.operation", has=page.locator("code", has_text="/api/me"))
    operation.locator("summary").click()
    operation.locator("button.primary").click()
    expect(operation.locator(".status")).to_have_text(re.compile("^200"), timeout=30_000)
    assert '"Alice Wirtin"' in operation.locator("pre").inner_text()


def test_language_and_colours_change_where_one_is(open_page):
    page = open_page("/settings/about")
    page.click(".top button[name=language]")
    page.wait_for_selector("html[lang=de]")
    assert page.url.endswith("/settings/about")
    page.click(".top button[name=theme]")
    page.wait_for_selector("html[data-theme=light]")
    page.click(".top button[name=language]")
    page.wait_for_selector("html[lang=en]")
    for theme in ("dark", "auto"):
        page.click(".top button[name=theme]")
        page.wait_for_selector(f"html[data-theme={theme}]")


def test_choosing_a_brand_keeps_the_page(open_page):
    page = open_page("/connect/sources")
    page.select_option(".brand-filter select", label="Löwe Catering")
    page.wait_for_url("**brand=2*")
    assert "Onlineshop" not in page.locator("tbody").inner_text()
    page.select_option(".brand-filter select", value="0")
    page.wait_for_url("**brand=0*")


def test_the_phones_menu_opens_and_leads_on(open_page):
    page = open_page(**LOOKS["phone-en-light"])
    assert page.locator("#navigation").is_hidden()
    page.click("[popovertarget=navigation]")
    page.click("#navigation a:has-text('Brands')")
    page.wait_for_url("**/settings/brands")


def test_text_is_readable_in_light_and_dark(open_page):
    """WCAG 2.2 AA wants 4.5 : 1 for text; measured on the colours the browser really uses."""
    measure = """() => {
      const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
      const probe = document.body.appendChild(document.createElement('span'));
      const light = (name) => {
        probe.style.color = `var(--${name})`;
        canvas.fillStyle = getComputedStyle(probe).color;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const pairs = [['ink', 'paper'], ['ink-soft', 'paper'], ['ink-faint', 'paper'], ['ink-soft', 'sunken'], ['ink-faint', 'surface'],
        ['on-action', 'action'], ['action', 'paper'], ['action-strong', 'action-soft'], ['attention', 'attention-soft'], ['harm', 'surface'],
        ['harm-strong', 'harm-soft'], ['on-harm', 'harm'], ['ink', 'attention-soft'], ['ink', 'harm-soft'], ['ink', 'action-soft']];
      return pairs.map(([a, b]) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return [a, b, (x + 0.05) / (y + 0.05)]; });
    }"""
    for scheme in ("light", "dark"):
        found = open_page("/settings/about", color_scheme=scheme).evaluate(measure)
        assert [pair for pair in found if pair[2] < 4.5] == []
