"""Live, quarantine and event rules in a real browser: what comes in is seen, what is held back is put right."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tools.installation import enter

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

OUT = Path(__file__).parents[1] / "screenshots" / "out" / "events"
PAGES = {
    "live": "/connect/live",
    "quarantine": "/connect/quarantine",
    "quarantine-reason": "/connect/quarantine?reason=missing_event",
    "rules": "/connect/rules",
    "rule": "/connect/rules/edit?event=Seat+Booked",
}


@pytest.fixture
def key(running):
    return running.source(f"Pages {time.monotonic_ns()}")


def send(running, key, **event):
    assert running.ask("/v1/track", body={"writeKey": key, **event})[0] == 200


def receipt(running, token, message_id, fate):
    """Wait until a message has this fate."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        status, found = running.ask(f"/api/messages/{message_id}", token)
        if status == 200 and found["fate"] == fate:
            return
        time.sleep(0.3)
    pytest.fail(f"{message_id} is not {fate}")


def write_rule(page, running, *required):
    page.goto(f"{running.url}/connect/rules/edit?event=Seat+Booked")
    for place, (name, kind) in enumerate(required):
        page.locator("input[name=property]").nth(place).fill(name)
        page.locator("select[name=kind]").nth(place).select_option(kind)
    page.locator("form[action='/connect/rules/edit'] button[value=save]").click()
    page.wait_for_url("**/connect/rules")
    time.sleep(1.5)  # rules are at most a second old


def test_a_rule_holds_back_what_does_not_fit_and_lets_it_in_once_it_is_mended(running, page, key):
    token = running.token()
    enter(running, page, f"rules{time.monotonic_ns()}@stammgast.example")
    write_rule(page, running, ("seat", "string"))
    message, guest = f"seat-{time.monotonic_ns()}", f"guest-{time.monotonic_ns()}"
    send(running, key, event="Seat Booked", userId=guest, messageId=message, properties={"seat": 7})
    receipt(running, token, message, "quarantined")
    page.goto(f"{running.url}/connect/quarantine?reason=schema_mismatch")
    assert "seat must be a text, not a number" in page.locator("main").inner_text()
    page.get_by_role("link", name="Edit the rule").first.click()
    page.wait_for_url("**/connect/rules/edit?event=Seat**")
    write_rule(page, running, ("seat", "number"))
    page.goto(f"{running.url}/connect/quarantine?reason=schema_mismatch")
    page.get_by_role("button", name="Replay all").click()
    page.locator("#confirm [value=yes]").click()
    receipt(running, token, message, "processed")
    status, told = running.ask(f"/api/profiles/user_id:{guest}/events", token)
    assert status == 200
    assert [one["messageId"] for one in told["events"]] == [message]


def test_what_is_chosen_and_discarded_leaves_the_quarantine_for_ever(running, page, key):
    token = running.token()
    enter(running, page, f"discard{time.monotonic_ns()}@stammgast.example")
    message = f"nameless-{time.monotonic_ns()}"
    send(running, key, userId="guest", messageId=message)
    receipt(running, token, message, "quarantined")
    page.goto(f"{running.url}/connect/quarantine?reason=missing_event")
    page.locator("[data-choose]").first.check()
    page.locator("[data-bulk] button[value=discard]").click()
    receipt(running, token, message, "discarded")


def test_an_event_appears_on_the_live_page_by_itself(running, page, key):
    enter(running, page, f"watch{time.monotonic_ns()}@stammgast.example")
    page.goto(f"{running.url}/connect/live")
    name = f"Bell Rung {time.monotonic_ns()}"
    send(running, key, event=name, userId="guest")
    page.get_by_text(name).wait_for(timeout=60_000)


def test_the_live_list_rests_while_it_is_read_or_paused(running, page, key):
    enter(running, page, f"reader{time.monotonic_ns()}@stammgast.example")
    name = f"Bell Rung {time.monotonic_ns()}"
    send(running, key, event=name, userId="guest")
    page.goto(f"{running.url}/connect/live?q={name.replace(' ', '+')}")
    rows = page.locator("tr[data-number]")
    expect(rows).to_have_count(1, timeout=60_000)
    rows.first.hover()
    send(running, key, event=name, userId="guest", properties={"strikes": 12})
    waiting = page.locator("[data-live-new] button")
    waiting.wait_for(timeout=60_000)
    assert rows.count() == 1
    waiting.click()
    expect(rows).to_have_count(2)
    page.mouse.move(1, 1)
    page.click("[data-live-pause]")
    assert page.get_attribute("[data-live-pause]", "aria-pressed") == "true"
    send(running, key, event=name, userId="guest")
    waiting.wait_for(timeout=60_000)
    assert rows.count() == 2
    page.click("[data-live-pause]")
    expect(rows).to_have_count(3)
    rows.nth(1).locator("summary").click()
    page.get_by_text('"strikes": 12').wait_for(timeout=20_000)
    page.goto(f"{running.url}/connect/live?q={name.replace(' ', '+')}&property=strikes&value=12")
    expect(rows).to_have_count(1, timeout=60_000)


@pytest.mark.parametrize(
    "look",
    [
        {"locale": "en-GB", "color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
        {"locale": "de-DE", "color_scheme": "dark", "viewport": {"width": 390, "height": 844}},
    ],
    ids=["desktop-en-light", "phone-de-dark"],
)
def test_the_pages_fit_their_screens(running, browser, key, look, request):
    send(running, key, userId="guest", messageId=f"shown-{time.monotonic_ns()}")
    context = browser.new_context(**look)
    page = context.new_page()
    enter(running, page, f"look{time.monotonic_ns()}@stammgast.example")
    OUT.mkdir(parents=True, exist_ok=True)
    said = []
    page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
    for name, path in PAGES.items():
        assert page.goto(running.url + path).status == 200, name
        page.wait_for_load_state("networkidle")
        page.screenshot(path=OUT / f"{name}-{request.node.callspec.id}.png")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    context.close()
    assert json.dumps(said) == "[]"
