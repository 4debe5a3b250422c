"""From a file of people with slips to merged customers: the real import, a search, decisions in a real browser."""

import csv
import gzip
import json
import re
import time

import pytest
from playwright.sync_api import expect

pytest.importorskip("splink", reason="the extra matching is not installed")
pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

PASSWORD = "a calm evening at the inn"
PEOPLE = 60
MAP = """
name: febrl
timestamp: seen
events:
  - type: identify
    identifiers: {user_id: rec_id}
    traits:
      firstName: given_name
      lastName: surname
      birthday: date_of_birth
      address: {street: address_1, houseNumber: street_number, postalCode: postcode, city: suburb}
"""


@pytest.fixture(scope="module")
def people(shared_data, tmp_path_factory):
    """A file with all records of some people of Febrl's data set 3, blanks taken off, and the map for it."""
    folder = tmp_path_factory.mktemp("febrl")
    with gzip.open(shared_data("febrl/dataset3.csv.gz"), "rt") as file:
        rows = [{name.strip(): value.strip() for name, value in row.items()} for row in csv.DictReader(file)]
    chosen = sorted({row["rec_id"].split("-")[1] for row in rows})[:PEOPLE]
    with (folder / "people.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["seen", *rows[0]])
        writer.writeheader()
        kept = [row for row in rows if row["rec_id"].split("-")[1] in chosen]
        writer.writerows({"seen": "2026-03-01T10:00:00", **row} for row in kept)
    (folder / "map.yaml").write_text(MAP)
    return folder / "people.csv", folder / "map.yaml", len(kept)


@pytest.fixture(scope="module")
def analyst(running, browser):
    """The cookies of an analyst."""
    told = json.loads(running.run("user", "create", "matching@inn.test", "--role", "analyst", "--json"))
    context = browser.new_context()
    page = context.new_page()
    page.goto(running.url + "/setup?" + told["link"].partition("/setup?")[2])
    for field in page.locator("input[type=password]").all():
        field.fill(PASSWORD)
    page.click("button.primary")
    page.wait_for_url(f"{running.url}/")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def page(browser, analyst):
    context = browser.new_context(storage_state=analyst, locale="en-GB", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    yield page
    context.close()
    assert complaints == []


def until(what, patience=60):
    deadline = time.monotonic() + patience
    while not what():
        assert time.monotonic() < deadline, "it does not come to that"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def searched(running, people, browser, analyst):
    """The file imported and a search done from the page; return a token to look with."""
    file, plan, count = people
    sent = json.loads(running.run("import", str(file), "--map", str(plan), "--json"))
    assert sent["sent"] == count
    context = browser.new_context(storage_state=analyst, locale="en-GB")
    page = context.new_page()
    page.goto(running.url + "/identity/review")
    page.get_by_role("button", name="Search for duplicates").click()
    token = running.token("analyst")
    until(lambda: newest(running, token)["state"] not in ("waiting", "running"), patience=400)
    assert newest(running, token)["state"] == "done", newest(running, token)
    expect(page.locator(".review-list a").first).to_be_visible(timeout=30_000)
    context.close()
    return token


def newest(running, token):
    return running.ask("/api/identity/suggestions/searches/newest", token)[1]


def test_people_imported_twice_are_found_reviewed_by_keyboard_and_merged(running, searched, page):
    token = searched
    page.goto(running.url + "/identity/review")
    found = running.ask("/api/identity/suggestions?limit=500", token)[1]
    assert found["total"] >= PEOPLE / 2
    first, second = found["suggestions"][:2]
    accepted = page.locator(".review-table thead a").all_inner_texts()
    page.locator("h1").click()
    page.keyboard.press("a")
    expect(page.locator(".review-done")).to_contain_text("one customer")
    until(lambda: merged_into_one(running, token, first))
    assert len(accepted) == 2

    page.locator("h1").click()
    page.keyboard.press("r")
    expect(page.locator(".review-done")).to_contain_text("Refused")
    until(lambda: running.ask("/api/identity/suggestions?state=refused", token)[1]["total"] == 1)
    assert running.ask("/api/identity/suggestions?state=refused", token)[1]["suggestions"][0]["id"] == second["id"]

    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".review-done")).to_contain_text("Taken back")


def merged_into_one(running, token, suggestion):
    now = [running.ask(f"/api/profiles/profile:{one}", token)[1]["profileId"] for one in suggestion["profileIds"]]
    return now[0] == now[1]


def test_many_are_accepted_at_once_after_a_preview_and_taken_back(running, searched, page):
    token = searched
    page.goto(running.url + "/identity/review")
    page.get_by_text("Accept many at once").click()
    page.get_by_label("Weight of at least, in bits").fill("12")
    page.get_by_role("button", name="Preview").click()
    button = page.get_by_role("button", name=re.compile(r"Accept \d+ pairs?"))
    count = int(re.search(r"\d+", button.inner_text())[0])
    button.click()
    expect(page.locator(".review-done")).to_contain_text(f"{count} pair")
    taken = running.ask("/api/identity/suggestions?state=accepted&limit=500", token)[1]["suggestions"]
    until(lambda: all(merged_into_one(running, token, one) for one in taken))
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("body")).to_contain_text("Taken back")
    until(lambda: not any(merged_into_one(running, token, one) for one in taken[-3:]))


def test_the_pair_fits_a_phone(running, page, searched):
    assert searched
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(running.url + "/identity/review")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
