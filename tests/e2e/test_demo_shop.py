"""A visit to the demo shop in a real browser becomes one customer's timeline, which a person opens while it grows."""

from __future__ import annotations

import json
import time

import pytest

from tools.installation import enter

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def key(running):
    made = running.run("source", "create", f"Shop {time.monotonic_ns()}", "--kind", "browser", "--json")
    return json.loads(made)["writeKey"]


def names(running, reference, token):
    status, page = running.ask(f"/api/profiles/{reference}/events?limit=100", token)
    return [one["event"] or one["type"] for one in page["events"]] if status == 200 else []


def wait_for_order(running, reference, token):
    deadline = time.monotonic() + 40
    found = []
    while "Order Completed" not in found and time.monotonic() < deadline:
        time.sleep(0.3)
        found = names(running, reference, token)
    return found


def buy(page, running, key, email):
    page.goto(f"{running.url}/demo/shop?writeKey={key}")
    page.locator("a[href*='/demo/shop/product/']").first.click()
    page.locator("button.go[data-add]").click()
    page.wait_for_timeout(300)
    page.goto(f"{running.url}/demo/shop/basket?writeKey={key}")
    page.locator("a[href*='/demo/shop/checkout']").first.click()
    page.locator("#name").fill("Charlotte Guest")
    page.locator("#email").fill(email)
    page.locator("form.checkout button.go").click()
    page.locator("[data-thanks]").wait_for(state="visible")


def anonymous_id(profile):
    return next(one["value"] for one in profile["identifiers"] if one["namespace"] == "anonymous_id")


def test_a_purchase_in_the_shop_is_one_persons_timeline_from_the_first_page_on(running, page, key):
    email = f"guest{time.monotonic_ns()}@inn.example"
    buy(page, running, key, email)
    found = wait_for_order(running, f"email:{email}", running.token())
    # What was done before the address was typed belongs to the same person.
    assert {"Product Viewed", "Product Added", "Checkout Started", "Order Completed", "identify"} <= set(found)


def test_a_customers_page_grows_by_itself_while_the_customer_is_at_it(running, page, browser, key):
    email = f"live{time.monotonic_ns()}@inn.example"
    visitor = browser.new_context(locale="de-DE").new_page()
    buy(visitor, running, key, email)
    token = running.token()
    wait_for_order(running, f"email:{email}", token)
    _status, profile = running.ask(f"/api/profiles/email:{email}", token)
    enter(running, page, f"live{time.monotonic_ns()}@stammgast.example")
    page.goto(f"{running.url}/customers/{profile['profileId']}")
    page.locator(".moment-title", has_text="Order completed").first.wait_for(state="attached")
    tea = {"writeKey": key, "event": "Tea Poured", "anonymousId": anonymous_id(profile)}
    assert running.ask("/v1/track", body=tea)[0] == 200
    page.locator(".moment-title", has_text="Tea Poured").first.wait_for(state="attached", timeout=60_000)
    visitor.context.close()
