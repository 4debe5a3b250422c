"""analytics.js itself, in a real browser, on a page of another origin, with the snippet people paste."""

import http.server
import threading

import httpx
import pytest

from stammgast.events.tracker.serving import browser_snippet

pytestmark = pytest.mark.browser

CALLS = """
    analytics.alias("alice", "guest-7");
    analytics.identify("alice", {email: "alice@inn.example"});
    analytics.track("Order Completed", {total: 19.99, currency: "EUR"});
    analytics.screen("Start");
    analytics.group("acme", {employees: 3});
"""


class Shop(http.server.BaseHTTPRequestHandler):
    """Serves one page, whatever is asked for."""

    html = ""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(self.html.encode())

    def log_message(self, *_):
        """Keep quiet."""


@pytest.fixture
def shop(collector):
    """Return a function: HTML for the page's head -> the page's address on another origin."""
    if not httpx.get(f"{collector.url}/analytics.js").is_success:
        pytest.skip("analytics.js is missing: run `make setup`")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def show(head):
        Shop.html = f"<!doctype html><html><head><title>Inn</title>{head}</head><body>Welcome</body></html>"
        return f"http://localhost:{server.server_port}/room?utm_source=news"

    yield show
    server.shutdown()
    server.server_close()


def test_the_pasted_snippet_sends_every_call_type_and_asks_no_other_host(collector, shop, page):
    asked = set()
    page.on("request", lambda request: asked.add(request.url.split("/")[2]))
    address = shop(browser_snippet(collector.url, "key") + f"<script>{CALLS}</script>")
    page.goto(address)
    events = {one.type: one for one in collector.wait_for_events(6)}
    assert sorted(events) == ["alias", "group", "identify", "page", "screen", "track"]
    assert events["page"].context["page"]["path"] == "/room"
    assert events["page"].context["page"]["title"] == "Inn"
    assert events["page"].context["campaign"] == {"source": "news"}
    assert (events["track"].amount, events["track"].user_id) == (19_990_000, "alice")
    assert ("email", "alice@inn.example") in events["identify"].identifiers
    assert events["group"].group_id == "acme"
    assert (events["alias"].user_id, events["alias"].previous_id) == ("alice", "guest-7")
    assert len({one.anonymous_id for one in events.values()}) == 1
    assert asked == {collector.url.split("/")[2], address.split("/")[2]}


def test_one_script_tag_with_the_key_is_enough(collector, shop, page):
    page.goto(shop(f'<script src="{collector.url}/analytics.js" data-write-key="key"></script>'))
    page.evaluate("analytics.track('Clicked')")
    (event,) = collector.wait_for_events(1)
    assert (event.type, event.name, event.source) == ("track", "Clicked", 7)


def test_a_refusal_reaches_the_page_and_harms_nothing(collector, shop, page):
    page.goto(shop(browser_snippet(collector.url, "wrong")))
    page.evaluate("analytics.track('Clicked')")
    page.wait_for_timeout(300)
    assert collector.entries() == []
    assert page.inner_text("body") == "Welcome"
