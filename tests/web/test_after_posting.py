"""Every form of every page, sent as the page shows it: the answer leads to another page, so that a reload does nothing twice."""

import html
import re
from html.parser import HTMLParser

import msgspec
import pytest
from litestar.testing import TestClient
from small_house import BY, PASSWORD, Visitor, csrf_in

from stammgast.app import migrate
from stammgast.kernel import clock
from stammgast.kernel.log import LogEntry
from stammgast.web.app import make_app, make_litestar
from stammgast.web.pages import render
from stammgast.workspace import api
from tools.workbench import Workbench, track

ONLY_SHOW = {
    "/customers/{number:int}/identity/split": "what splitting would do; identifiers of people do not belong into addresses",
    "/identity/held": "what holding would do; the same",
    "/identity/held/release": "what releasing would do; the same",
    "/identity/rules/new": "the form with a line more or less; nothing is kept yet",
    "/settings/channels": "the form with a line moved; nothing is kept yet",
}
"""Forms whose answer may be a page, because they do nothing, and why they are no links."""
NOT_SENT = {"/logout", "/identity/review/search", "/login", "/setup"}
"""Would end the log-in, or begin work in a process of its own; logging in is tried on its own."""


class FormReader(HTMLParser):
    """Gathers the forms of a page: where each is sent, what it would send, and with which buttons."""

    def __init__(self, text):
        super().__init__()
        self.forms, self._form, self._select = [], None, None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form":
            self._form = {"action": given.get("action"), "fields": [], "buttons": []}
            if given.get("method") == "post":
                self.forms.append(self._form)
        if self._form is None or "disabled" in given:
            return
        if tag == "input" and given.get("name"):
            if given.get("type") in ("checkbox", "radio") and "checked" not in given:
                return
            self._form["fields"].append((given["name"], given.get("value", "") or FILLED.get(given["name"], "")))
        elif tag == "button" and given.get("name"):
            self._form["buttons"].append((given["name"], given.get("value", "")))
        elif tag == "select":
            self._select = given.get("name")
        elif tag == "option" and self._select and ("selected" in given or not self._has(self._select)):
            self._form["fields"] = [one for one in self._form["fields"] if one[0] != self._select]
            self._form["fields"].append((self._select, given.get("value", "")))
        elif tag == "textarea":
            self._form["fields"].append((given.get("name"), ""))

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        if tag == "select":
            self._select = None

    def _has(self, name):
        return any(one[0] == name for one in self._form["fields"])


FILLED = {"name": "Something new", "email": "new@inn.test", "value": "new.example", "password": PASSWORD, "number": ""}
"""What is written into empty fields, so that forms are taken."""


@pytest.fixture(scope="module")
def inhabited(tmp_path_factory, history_server):
    """An installation with somebody in it, something in the quarantine, and Alice who may everything."""
    from stammgast.kernel.history import HistoryClient
    from stammgast.kernel.settings import Settings

    database = f"posting{clock.now_millis()}"
    settings = Settings(data=tmp_path_factory.mktemp("posting"), history_url=f"{history_server}/{database}")
    migrate(settings)
    bench = Workbench(settings)
    source = api.create_source(bench.runtime, BY, "Shop").source.id
    events = [track("anna", "Seen", "1", note="x"), {"type": "track", "event": "Nobody's"}]
    body = msgspec.json.encode({"batch": events})
    bench.log.append_sync(LogEntry(clock.now_millis(), source, 2, "batch", b"", body))
    bench.work()
    api.create_user(bench.runtime, BY, email="alice@inn.test", name="Alice", role="administrator", password=PASSWORD)
    api.create_user(bench.runtime, BY, email="bob@inn.test", name="Bob", role="agent", password=PASSWORD)
    api.create_token(bench.runtime, BY, "Sync", "viewer")
    api.add_staff_rule(bench.runtime, BY, "email_domain", "inn.example")
    api.create_team(bench.runtime, BY, "Kitchen")
    yield bench
    bench.close()
    client = HistoryClient(f"{history_server}/default")
    client.command(f"DROP DATABASE IF EXISTS {database} SYNC")
    client.close()


@pytest.fixture
def alice(inhabited):
    visitor = Visitor(make_app(inhabited.runtime))
    with visitor.client:
        yield visitor.enter(inhabited.runtime, "alice@inn.test")


def pages(inhabited):
    """Addresses of all pages that there are here: every GET route, its numbers filled in."""
    anna = str(inhabited.profile("user_id:anna").profile)
    table = make_litestar(inhabited.runtime).state["access"]
    for route in table:
        if route.method == "GET" and not route.path.startswith("/api"):
            for number in (anna, "1", "2"):
                yield re.sub(r"\{\w+:int\}", number, route.path)


def posts(inhabited):
    table = make_litestar(inhabited.runtime).state["access"]
    return {one.path for one in table if one.method == "POST" and not one.path.startswith("/api/")}


def pattern_of(action, routes):
    """Return the route that an address belongs to."""
    for route in routes:
        if re.fullmatch(re.sub(r"\{\w+:(int|str)\}", r"[^/]+", route), action):
            return route
    raise AssertionError(f"a form is sent to {action}, where nothing takes it")


def is_led_on(answer):
    return answer.status_code == 303 or "hx-redirect" in answer.headers


def test_every_form_of_every_page_is_answered_by_another_page(inhabited, alice):
    routes, sent, led_on = posts(inhabited), set(), set()
    for path in dict.fromkeys(pages(inhabited)):
        shown = alice.get(path)
        if shown.status_code != 200 or "text/html" not in shown.headers.get("content-type", ""):
            continue
        for form in FormReader(shown.text).forms:
            action = html.unescape(form["action"]).partition("?")[0]
            route = pattern_of(action, routes)
            if route in NOT_SENT:
                continue
            for button in form["buttons"] or [None]:
                fields = {}
                for name, value in [*form["fields"], *([button] if button else [])]:
                    fields.setdefault(name, []).append(value)
                key = (action, str(sorted((name, value) for name, value in fields.items() if name != "_csrf")))
                if key in sent:
                    continue
                sent.add(key)
                answer = alice.client.post(action, data=fields, follow_redirects=False)
                only_shows = route in ONLY_SHOW and answer.status_code == 200
                assert is_led_on(answer) or only_shows or 400 <= answer.status_code < 500, (
                    path,
                    action,
                    fields,
                    answer.status_code,
                )
                if is_led_on(answer):
                    led_on.add(route)
    assert len(led_on) > 15, led_on


def test_no_form_is_answered_by_a_page_when_it_is_sent_with_nothing_in_it(inhabited, alice):
    for route in posts(inhabited) - NOT_SENT:
        action = re.sub(r"\{\w+:(int|str)\}", lambda part: "1" if part[1] == "int" else "x", route)
        answer = alice.client.post(action, data={"_csrf": csrf_in(alice.get("/me"))}, follow_redirects=False)
        is_refused = 400 <= answer.status_code < 500
        assert is_led_on(answer) or is_refused or route in ONLY_SHOW, (route, answer.status_code)


def test_what_is_told_once_stays_on_reload_and_is_made_once(inhabited, alice):
    made = {
        "/connect/sources/new": {"name": "Till", "kind": "server", "brand_id": "1"},
        "/connect/sources/1/rotate": {"grace_hours": "1"},
        "/settings/tokens": {"name": "Robot", "role": "viewer"},
        "/settings/people/new": {"name": "Dora", "email": "dora@inn.test", "role": "viewer"},
        "/settings/people/2/link": {},
    }
    for path, fields in made.items():
        answer = alice.post(path, fields, page="/me")
        before = api.revision(inhabited.runtime)
        target = answer.headers["location"]
        first, again = alice.get(target), alice.get(target)
        secrets = [re.search(r"sg[kt]_\w+|/setup\?link=\w+", one.text) for one in (first, again)]
        assert secrets[0], path
        assert secrets[0].group() == secrets[1].group()
        assert "no-transform" in first.headers["cache-control"]
        assert api.revision(inhabited.runtime) == before, path


def test_what_is_told_is_told_to_nobody_else_and_nowhere_else_and_not_for_long(inhabited, alice, monkeypatch):
    answer = alice.post("/settings/tokens", {"name": "Robot", "role": "viewer"}, page="/me")
    secret = re.search(r"sgt_\w+", alice.get("/settings/tokens").text).group()
    kept = answer.headers["set-cookie"]
    sealed = re.search(r"sg_told=([^;]+)", kept)[1]
    assert "Path=/settings/tokens" in kept
    assert "HttpOnly" in kept
    assert secret not in kept
    api.create_user(inhabited.runtime, BY, email="eve@inn.test", name="Eve", role="administrator", password=PASSWORD)
    with TestClient(make_app(inhabited.runtime), base_url="http://inn.example") as client:
        eve = Visitor.__new__(Visitor)
        eve.client = client
        eve.enter(inhabited.runtime, "eve@inn.test")
        client.cookies.set("sg_told", sealed, domain="inn.example")
        assert secret not in eve.get("/settings/tokens").text
    alice.client.cookies.set("sg_told", sealed, domain="inn.example", path="/settings/people/2")
    assert secret not in alice.get("/settings/people/2").text
    later = clock.now_millis() + 601_000
    monkeypatch.setattr(clock, "now_millis", lambda: later)
    assert secret not in alice.get("/settings/tokens").text
    alice.client.cookies.set("sg_told", "nonsense", domain="inn.example", path="/settings/tokens")
    assert alice.get("/settings/tokens").status_code == 200


def test_a_handler_that_answers_a_form_with_a_page_is_a_bug_that_shows_at_once():
    class Posted:
        method = "POST"
        headers: dict[str, str] = {}  # noqa: RUF012 - stands for a request

        class url:  # noqa: N801
            path = "/things/new"

    with pytest.raises(AssertionError, match="a reload would do it again"):
        render(Posted(), "web/error.html")
