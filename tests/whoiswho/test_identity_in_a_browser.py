"""Who is who in a real browser, on a whole installation: seeing, splitting, merging, releasing; by mouse and by keys."""

import base64
import uuid

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 844}, "locale": "en-GB"}
WAIT = 30_000


class Inn:
    """The running installation; each test brings guests of its own."""

    def __init__(self, running):
        self.running = running
        self.key = running.source(f"Gaststube {uuid.uuid4().hex[:8]}")
        self.token = running.token()

    def share_a_tablet(self):
        """Return the run's mark: Anna and Bob, who use one tablet; Anna came first."""
        mark = uuid.uuid4().hex[:8]
        tablet = {"anonymousId": f"tablet-{mark}"}
        for name in ("anna", "bob"):
            who = {**tablet, "userId": f"{name}-{mark}"}
            self.send({**who, "type": "identify", "traits": {"name": f"{name.title()} {mark}"}})
            self.send(
                {**who, "type": "track", "event": "Order Completed", "properties": {"total": 5, "currency": "EUR"}}
            )
        self.settle()
        return mark

    def send(self, *events):
        body = {"batch": [{"messageId": uuid.uuid4().hex, **one} for one in events]}
        key = base64.b64encode(f"{self.key}:".encode()).decode()
        status, told = self.running.ask("/v1/batch", body=body, headers={"Authorization": f"Basic {key}"})
        assert status == 200, told

    def settle(self):
        self.running.wait_until_processed(self.token)

    def number(self, reference):
        status, told = self.running.ask(f"/api/profiles/{reference}", self.token)
        assert status == 200, told
        return told["profileId"]


@pytest.fixture(scope="module")
def inn(running):
    return Inn(running)


def test_pointing_at_the_picture_tells_what_linked_two_identifiers(open_page, inn):
    mark = inn.share_a_tablet()
    page = open_page(f"/customers/{inn.number(f'user_id:anna-{mark}')}/identity")
    told = page.locator("[data-picture-told]")
    expect(page.locator(".picture .node")).to_have_count(3)
    page.locator(".picture .wire.seen").first.dispatch_event("pointerover", {"bubbles": True})
    expect(told).to_contain_text("seen together on 2 events")
    page.locator(".picture .wire.refused").dispatch_event("pointerover", {"bubbles": True})
    expect(told).to_contain_text("kept apart. Together they would have more than one profile may have of: User id")
    expect(page.locator(".notice")).to_contain_text(f"Several people use tablet-{mark}")


@pytest.mark.parametrize(
    ("look", "words"),
    [
        ({"locale": "en-GB"}, ("Look at the split", "Split now", "number", "Split lately")),
        ({**PHONE, "locale": "de-DE"}, ("Trennung ansehen", "Jetzt trennen", "Nummer", "Kürzlich getrennt")),
    ],
    ids=["english", "german on a phone"],
)
def test_a_browser_split_off_leaves_the_number_with_the_customer(open_page, inn, look, words):
    look_at, split_now, number_word, lately = words
    mark = uuid.uuid4().hex[:8]
    browser = {"anonymousId": f"browser-{mark}"}
    inn.send({**browser, "type": "page"})
    inn.settle()
    inn.send({**browser, "type": "identify", "userId": f"anna-{mark}", "traits": {"name": f"Anna {mark}"}})
    inn.settle()
    number = inn.number(f"user_id:anna-{mark}")
    assert number == inn.number(f"anonymous_id:browser-{mark}")
    page = open_page(f"/customers/{number}/identity", **look)
    page.locator(f"[data-choose][value='anonymous_id:browser-{mark}']").check()
    page.get_by_role("button", name=look_at).click()
    goings = page.locator(".goings li").first
    expect(goings).to_contain_text(f"Anna {mark} {number_word} {number}")
    expect(goings).to_contain_text(f"{number_word} 1000000")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name=split_now).click()
    expect(page.locator("#outcome .outcome > li")).to_have_count(2, timeout=WAIT)
    assert inn.number(f"user_id:anna-{mark}") == number
    visitor = inn.number(f"anonymous_id:browser-{mark}")
    page.goto(f"{inn.running.url}/customers/{number}")
    expect(page.locator("h1")).to_contain_text(f"Anna {mark}")
    notice = page.locator(".notice", has_text=lately)
    expect(notice).to_contain_text(str(visitor))
    notice.get_by_role("link").click()
    expect(page).to_have_url(f"{inn.running.url}/customers/{visitor}")
    expect(page.locator(".notice", has_text=lately)).to_contain_text(str(number))


def test_a_profile_is_split_by_button_and_both_are_shown(open_page, inn):
    mark = inn.share_a_tablet()
    page = open_page(f"/customers/{inn.number(f'user_id:anna-{mark}')}/identity")
    page.locator(".picture .node:not(.foreign)", has_text="tablet").click()
    expect(page.locator(f"[data-choose][value='anonymous_id:tablet-{mark}']")).to_be_checked()
    page.get_by_role("button", name="Look at the split").click()
    expect(page.locator("main")).to_contain_text("Nothing has changed yet")
    page.get_by_label("Never merge them again").check()
    page.get_by_role("button", name="Split now").click()
    outcome = page.locator("#outcome")
    expect(outcome).to_contain_text("Done", timeout=WAIT)
    expect(outcome.locator(".outcome > li")).to_have_count(2)
    outcome.get_by_role("link", name=f"Anna {mark}").click()
    page.get_by_role("link", name="Identity", exact=True).last.click()
    expect(page.locator("main")).to_contain_text("Never merge")
    expect(page.locator(".picture .node:not(.foreign)")).to_have_count(1)


def test_a_decision_is_taken_back_by_button(open_page, inn):
    mark = inn.share_a_tablet()
    anna = inn.number(f"user_id:anna-{mark}")
    body = {"identifiers": [f"anonymous_id:tablet-{mark}"]}
    inn.running.ask(f"/api/profiles/profile:{anna}/unmerge", inn.token, body=body)
    inn.settle()
    page = open_page(f"/customers/{inn.number(f'user_id:anna-{mark}')}/identity")
    page.get_by_role("button", name="They may link again").click()
    page.locator("dialog[open]").get_by_role("button", name="They may link again").click()
    expect(page.locator("#outcome")).to_contain_text("Done", timeout=WAIT)
    assert inn.number(f"anonymous_id:tablet-{mark}") == inn.number(f"user_id:anna-{mark}")


def test_two_customers_are_merged_by_search(open_page, inn):
    mark = inn.share_a_tablet()
    page = open_page(f"/customers/{inn.number(f'user_id:anna-{mark}')}/identity")
    page.get_by_role("link", name="Merge with another").click()
    page.locator("main input[type=search]").fill(f"bob-{mark}")
    page.locator("#found").get_by_role("link", name=f"Bob {mark}").click(timeout=WAIT)
    expect(page.locator("main")).to_contain_text("2 come here")
    page.get_by_role("button", name="Merge now").click()
    expect(page.locator("#outcome")).to_contain_text("Done", timeout=WAIT)
    expect(page.locator(".outcome > li")).to_have_count(1)
    assert inn.number(f"user_id:anna-{mark}") == inn.number(f"user_id:bob-{mark}")


def test_a_held_identifier_is_released_by_button(open_page, inn):
    mark = uuid.uuid4().hex[:8]
    club = f"verein-{mark}@inn.example"
    inn.send(*({"type": "identify", "userId": f"m{one}-{mark}", "traits": {"email": club}} for one in range(12)))
    inn.settle()
    page = open_page("/identity/held")
    card = page.locator(".held-card", has_text=club)
    expect(card).to_contain_text("Met 12 stronger identifiers")
    card.get_by_role("button", name="Release").click()
    expect(page.locator("main")).to_contain_text("Nothing has changed yet")
    with page.expect_navigation():
        page.get_by_role("button", name="Release").click()
    inn.settle()
    page.goto(f"{inn.running.url}/identity/held")
    expect(page.locator(".held-card", has_text=club)).to_have_count(0, timeout=WAIT)
    expect(page.locator("#held")).to_contain_text(club, timeout=WAIT)


def test_everything_is_reached_by_keys_alone(open_page, inn):
    mark = inn.share_a_tablet()
    page = open_page(f"/customers/{inn.number(f'user_id:anna-{mark}')}/identity")
    first = page.locator(".picture .node").first
    first.focus()
    walked = []
    for _ in range(3):
        walked.append(page.locator("[data-picture-told]").inner_text())
        page.keyboard.press("ArrowRight")
    assert len(set(walked)) == 3
    first.focus()
    for _ in range(6):
        if page.locator(".node:focus[data-pair^='anonymous_id']").count():
            break
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.locator(f"[data-choose][value='anonymous_id:tablet-{mark}']")).to_be_checked()
    page.get_by_role("button", name="Look at the split").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Split now").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#outcome")).to_contain_text("Done", timeout=WAIT)


@pytest.mark.parametrize("path", ["/customers/{number}/identity", "/identity", "/identity/held", "/identity/log"])
def test_the_pages_fit_a_phone_and_speak_german(open_page, inn, path):
    mark = inn.share_a_tablet()
    page = open_page(path.format(number=inn.number(f"user_id:bob-{mark}")), **{**PHONE, "locale": "de-DE"})
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.locator(".live > .skeleton")).to_have_count(0, timeout=WAIT)
    assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")


def test_on_a_phone_the_table_stands_before_the_picture(open_page, inn):
    mark = inn.share_a_tablet()
    page = open_page(f"/customers/{inn.number(f'user_id:anna-{mark}')}/identity", **PHONE)
    table, picture = (page.locator(one).bounding_box()["y"] for one in (".table-panel", ".picture-panel"))
    assert table < picture
