"""Changing the identity rules in a real browser, on a whole running installation; going back on the command line."""

import base64
import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

import stammgast.web
from stammgast.kernel import clock
from tools.installation import enter

pytestmark = pytest.mark.browser

VENDOR = Path(stammgast.web.__file__).parent / "static" / "vendor"
WAIT = 60_000
MAILS = ("anna.maurer+shop@gmail.com", "annamaurer@googlemail.com")


@pytest.fixture
def inn(new_installation):
    if not (VENDOR / "htmx.min.js").exists():
        pytest.skip("browser libraries are not installed (make setup)")
    inn = new_installation()
    inn.start()
    key = base64.b64encode(f"{inn.source()}:".encode()).decode()
    batch = [
        {"type": "identify", "userId": f"guest{n}", "messageId": f"m{n}", "traits": {"email": mail}}
        if n
        else {"type": "identify", "anonymousId": "browser", "messageId": "m0", "traits": {"email": mail}}
        for n, mail in enumerate(MAILS)
    ]
    assert inn.ask("/v1/batch", body={"batch": batch}, headers={"Authorization": f"Basic {key}"})[0] == 200
    return inn


def test_rules_are_changed_tried_applied_and_taken_back(inn, page):
    token = inn.token()
    inn.wait_until_processed(token)

    def is_one():
        numbers = {
            inn.ask(f"/api/profiles/{who}", token)[1]["profileId"] for who in ("anonymous_id:browser", "user_id:guest1")
        }
        return len(numbers) == 1

    assert not is_one()
    enter(inn, page)
    page.goto(f"{inn.url}/identity")
    page.get_by_role("link", name="Rules", exact=True).click()
    page.get_by_role("link", name="Change the rules").click()
    page.get_by_role("button", name="Another provider").click()
    page.get_by_label("Domains (* for all others)").fill("gmail.com, googlemail.com")
    page.get_by_label("Ignored").select_option("both")
    page.get_by_label("The domains are").select_option("yes")
    page.get_by_role("button", name="Save as a new version").first.click()
    expect(page.get_by_role("heading", name="Identity rules, version 2")).to_be_visible(timeout=WAIT)
    page.get_by_role("button", name="Dry run").click()
    expect(page.get_by_text("Merged, for example (1)")).to_be_visible(timeout=WAIT)
    assert not is_one()
    page.get_by_role("button", name="Apply version 2").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 customers are merged into others")
    dialog.get_by_role("button", name="Apply version 2").click()
    expect(page.get_by_role("heading", name="Version 2 is in force")).to_be_visible(timeout=WAIT)
    assert is_one()
    expect(page.get_by_role("button", name="Back to version 1")).to_be_visible()
    effect = json.loads(inn.run("identity", "dry-run", "--version", "1", "--json"))
    assert (effect["merged"], effect["split"]) == (0, 1)
    assert "Version 1 is ordered" in inn.run("identity", "apply", "--version", "1")
    deadline = clock.monotonic() + WAIT / 1000
    while inn.ask("/api/identity/rules", token)[1]["inForce"] != 1:
        assert clock.monotonic() < deadline, "the order of the command line is not carried out"
    page.reload()
    expect(page.get_by_role("heading", name="Version 1 is in force")).to_be_visible()
    assert not is_one()
    assert "version: 1" in inn.run("identity", "rules")
