"""Real SDKs of third parties against the whole running system: every call type arrives on the right timeline."""

import json
import shutil
import subprocess
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from stammgast.events.tracker.serving import browser_snippet

ROOT = Path(__file__).parents[2]
NODE_MODULES = ROOT / "assets" / "node_modules"

pytestmark = pytest.mark.sdk


@pytest.fixture(scope="module")
def token(running):
    return running.token()


@pytest.fixture
def write_key(running):
    return running.source(f"SDK {time.monotonic_ns()}")


def timeline(running, token, identifier):
    """Return the newest events of a profile, oldest first."""
    running.wait_until_processed(token)
    status, answer = running.ask(f"/api/profiles/{quote(identifier, safe=':')}/events?limit=100", token)
    assert status == 200, answer
    return answer["events"][::-1]


def profile(running, token, identifier):
    status, answer = running.ask(f"/api/profiles/{quote(identifier, safe=':')}", token)
    assert status == 200, answer
    return answer


def send_all_call_types(client, customer):
    """All six calls, as both Python SDKs name them; the anonymous visitor and the customer are the same person."""
    visitor = f"visitor-of-{customer}"
    client.page(anonymous_id=visitor, category="Shop", name="Teapots", properties={"path": "/teapots"})
    client.identify(customer, {"name": "Alice", "email": f"{customer}@example.org"}, anonymous_id=visitor)
    client.track(customer, "Order Completed", {"order_id": "A-1", "total": 42.5, "currency": "EUR"})
    client.screen(customer, "App", "Basket")
    client.group(customer, "account-7", {"name": "Inn"})
    client.alias(f"old-{customer}", customer)
    client.flush()


EXPECTED = {
    ("page", "Teapots"),
    ("identify", None),
    ("track", "Order Completed"),
    ("screen", "Basket"),
    ("group", None),
    ("alias", None),
}


def told(events):
    return {(one["type"], one["event"] or None) for one in events}


def test_the_segment_sdk_for_python_reaches_one_timeline(running, token, write_key):
    from segment.analytics.client import Client

    customer = f"segment-python-{time.monotonic_ns()}"
    client = Client(write_key, host=running.url, on_error=pytest.fail)
    send_all_call_types(client, customer)
    client.join()
    events = timeline(running, token, f"user_id:{customer}")
    assert told(events) == EXPECTED
    assert profile(running, token, f"user_id:{customer}")["traits"]["name"] == "Alice"
    assert timeline(running, token, f"anonymous_id:visitor-of-{customer}") == events


def log_in(running, page):
    """Let a fresh viewer choose a password; the page is theirs from then on."""
    email = f"viewer-{time.monotonic_ns()}@inn.test"
    link = json.loads(running.run("user", "create", email, "--role", "viewer", "--json"))["link"]
    page.goto(running.url + "/setup?" + link.partition("/setup?")[2])
    for field in page.locator("input[type=password]").all():
        field.fill("a calm evening at the inn")
    page.click("button.primary")
    page.wait_for_url(f"{running.url}/")


@pytest.mark.browser
def test_a_group_call_of_the_segment_sdk_for_python_ends_on_an_account_page(running, token, write_key, page):
    from segment.analytics.client import Client

    run = time.monotonic_ns()
    client = Client(write_key, host=running.url, on_error=pytest.fail)
    client.identify(f"cook-{run}", {"name": "Alice Cook"})
    client.group(f"cook-{run}", f"inn-{run}", {"name": f"Inn {run}", "type": "company", "role": "owner"})
    order = {"order_id": "A-1", "total": 42.5, "currency": "EUR"}
    client.track(f"cook-{run}", "Order Completed", order, context={"groupId": f"inn-{run}"})
    client.join()
    running.wait_until_processed(token)
    status, told = running.ask(f"/api/accounts/group_id:inn-{run}", token)
    assert (status, told["name"], told["orders"]) == (200, f"Inn {run}", 1)
    assert [one["profileId"] for one in told["members"]] == [
        profile(running, token, f"user_id:cook-{run}")["profileId"]
    ]
    log_in(running, page)
    page.goto(f"{running.url}/accounts?q={run}")
    expect(page.locator("#accounts tbody tr")).to_have_count(1, timeout=30_000)
    page.locator("#accounts .row-link").click()
    expect(page.locator("h1")).to_have_text(f"Inn {run}")
    expect(page.locator("#members-table")).to_contain_text("Alice Cook")
    expect(page.locator("#timeline")).to_contain_text("Order completed", timeout=30_000)


def test_the_rudderstack_sdk_for_python_reaches_one_timeline(running, token, write_key):
    from rudderstack.analytics.client import Client

    customer = f"rudder-python-{time.monotonic_ns()}"
    client = Client(write_key, host=running.url, on_error=pytest.fail)
    send_all_call_types(client, customer)
    client.join()
    assert told(timeline(running, token, f"user_id:{customer}")) == EXPECTED


NODE_PROGRAM = """
import { createRequire } from "node:module";
const [modules, host, writeKey, userId] = process.argv.slice(2);
const { Analytics } = createRequire(modules + "/")("@segment/analytics-node");
const analytics = new Analytics({ writeKey, host, maxRetries: 1 });
analytics.on("error", (error) => { console.error(error); process.exitCode = 1; });
const anonymousId = "visitor-of-" + userId;
analytics.page({ anonymousId, category: "Shop", name: "Teapots", properties: { path: "/teapots" } });
analytics.identify({ userId, anonymousId, traits: { name: "Alice", email: userId + "@example.org" } });
analytics.track({ userId, event: "Order Completed", properties: { order_id: "A-1", total: 42.5, currency: "EUR" } });
analytics.screen({ userId, category: "App", name: "Basket" });
analytics.group({ userId, groupId: "account-7", traits: { name: "Inn" } });
analytics.alias({ userId, previousId: "old-" + userId });
await analytics.closeAndFlush({ timeout: 20000 });
"""


def test_the_segment_sdk_for_node_reaches_one_timeline(running, token, write_key, tmp_path):
    node = shutil.which("node")
    if node is None or not (NODE_MODULES / "@segment" / "analytics-node").exists():
        pytest.skip("Node with @segment/analytics-node is not installed (`make setup`)")
    customer = f"segment-node-{time.monotonic_ns()}"
    program = tmp_path / "send.mjs"
    program.write_text(NODE_PROGRAM)
    sent = subprocess.run(
        [node, program, NODE_MODULES, running.url, write_key, customer],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert sent.returncode == 0, sent.stderr
    assert told(timeline(running, token, f"user_id:{customer}")) == EXPECTED


@pytest.fixture
def shop(running, tmp_path):
    """A web site of somebody else (another origin) that carries our snippet; its address."""
    made = json.loads(running.run("source", "create", f"Browser {time.monotonic_ns()}", "--kind", "browser", "--json"))
    snippet = browser_snippet(running.url, made["writeKey"])
    (tmp_path / "inn.html").write_text(f"<!doctype html><html><head><title>Inn</title>{snippet}</head><p>Welcome")
    site = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=tmp_path))
    threading.Thread(target=site.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{site.server_port}/inn.html"
    site.shutdown()
    site.server_close()


@pytest.mark.browser
def test_the_tracker_in_a_real_browser_reaches_one_timeline_from_the_first_page_view_on(running, token, page, shop):
    customer = f"browser-{time.monotonic_ns()}"
    page.goto(shop)
    page.wait_for_function("window.analytics && window.analytics.initialized")
    page.evaluate(
        """async (customer) => {
            await analytics.page("Shop", "Teapots");
            await analytics.identify(customer, { name: "Alice" });
            await analytics.track("Order Completed", { order_id: "A-1", total: 42.5, currency: "EUR" });
            await analytics.screen("App", "Basket");
            await analytics.group("account-7", { name: "Inn" });
            await analytics.alias(customer, "old-" + customer);
        }""",
        customer,
    )
    expected = EXPECTED | {("page", None)}  # the snippet's own page view has no name
    deadline = time.monotonic() + 20
    events = []
    while told(events) != expected and time.monotonic() < deadline:
        time.sleep(0.2)
        events = timeline(running, token, f"user_id:{customer}")
    assert told(events) == expected
    assert (events[0]["type"], events[0]["event"] or None) == ("page", None)
