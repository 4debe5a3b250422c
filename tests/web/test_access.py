"""The one table of who may do what, as it is written down, walked route by route with every role, bound to a brand or not."""

import re
from pathlib import Path

import msgspec
import pytest
from litestar import get
from litestar.testing import TestClient

from stammgast.app import migrate
from stammgast.kernel import clock
from stammgast.kernel.log import LogEntry
from stammgast.kernel.runtime import Manifest
from stammgast.web.access import RouteUndeclared
from stammgast.web.app import make_app, make_litestar
from stammgast.web.guards import anybody, requires
from stammgast.workspace import api
from stammgast.workspace.contracts import Actor
from tools.workbench import Workbench, track

WRITTEN = Path(__file__).parents[2] / "docs" / "reference" / "permissions.md"
ROLES = ("viewer", "agent", "analyst", "administrator")
BY = Actor("command", 0, "tests")
FILLED = {"str": "x", "int": "987654", "path": "x"}
STARTS_WORK = {"POST /api/identity/suggestions/searches", "POST /identity/review/search"}
ENTRY = {"POST /login", "POST /logout", "POST /setup"}
NOT_SENT = STARTS_WORK | ENTRY
"""By somebody who may: a search in a process of its own would begin, and logging in says no to an empty form."""
LOGIN, REFUSALS = "/login", (401, 403)


def written_table():
    """Return request -> (role or None, what somebody bound to brands gets), as people read it."""
    text = WRITTEN.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([A-Z]+ /\S*)` \| (?:`(\w+)`|nobody in particular) \| ([\w ]+) \|$", text, re.MULTILINE)
    return {request: (role or None, bound) for request, role, bound in rows}


TABLE = written_table()


@pytest.fixture
def client(runtime):
    with TestClient(make_app(runtime), base_url="http://inn.example") as client:
        yield client


def ask(client, request, headers):
    """Send a request with nothing in it, to things that are not there."""
    method, path = request.split(" ")
    path = re.sub(r"\{\w+:(\w+)\}", lambda part: FILLED[part[1]], path)
    return client.request(method, path, headers=headers, follow_redirects=False)


def is_refused(answer):
    return answer.status_code in REFUSALS or answer.headers.get("location", "").startswith(LOGIN)


def test_every_route_stands_in_the_written_table_and_nothing_else_does(runtime):
    table = make_litestar(runtime).state["access"]
    assert {f"{route.method} {route.path}" for route in table} == set(TABLE)
    assert len(TABLE) > 150


def test_nobody_comes_in_without_logging_in_but_where_the_table_says_so(client):
    for request, (role, _bound) in TABLE.items():
        # A form from nowhere is refused before anybody is asked who they are.
        if role is None and not request.startswith("POST"):
            assert not is_refused(ask(client, request, {})), request
        if role is not None:
            assert is_refused(ask(client, request, {})), request


@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_what_the_table_says_and_nothing_else(client, runtime, role):
    _made, secret = api.create_token(runtime, BY, role, role)
    for request, (needed, _bound) in TABLE.items():
        may = needed is None or ROLES.index(role) >= ROLES.index(needed)
        if may and request in NOT_SENT:
            continue
        answer = ask(client, request, {"Authorization": f"Bearer {secret}"})
        assert is_refused(answer) is not may, (request, answer.status_code)
        assert answer.status_code < 500, (request, answer.text)


@pytest.fixture
def bench(settings):
    """Two brands, each with a source. Anna knows one, Bert the other, Carla both; what only the other one knows says Zanzibar."""
    migrate(settings)
    bench = Workbench(settings)
    theirs = api.create_source(bench.runtime, BY, "Löwe Shop").source.id
    other = api.create_brand(bench.runtime, BY, "Zanzibar")
    elsewhere = api.create_source(bench.runtime, BY, "Zanzibar Shop", brand=other.id).source.id
    send(
        bench,
        theirs,
        identify("anna", "Anna Berg"),
        seen("anna", "Tea"),
        identify("carla", "Carla Huber"),
        seen("carla", "Milk"),
    )
    send(
        bench,
        elsewhere,
        identify("bert", "Bert Zanzibar"),
        seen("bert", "Zanzibar"),
        seen("carla", "Zanzibar", "secret"),
    )
    group = {"type": "group", "userId": "bert", "groupId": "acc-z", "traits": {"name": "Zanzibar Ltd"}}
    send(bench, elsewhere, group, {"type": "track", "event": "Zanzibar Broken"})
    bench.work()
    yield bench
    bench.close()


def send(bench, source, *events):
    body = msgspec.json.encode({"batch": list(events)})
    bench.log.append_sync(LogEntry(clock.now_millis(), source, len(events), "batch", b"", body))


def identify(user, name):
    return {"type": "identify", "userId": user, "messageId": f"{user}-identify", "traits": {"name": name}}


def seen(user, note, number="1"):
    return track(user, "Note Written", f"{user}-{number}", note=note)


def addresses(bench, request):
    """Every address that a GET route has here: each profile, each source, each event, with each query that could lead astray."""
    path = request.removeprefix("GET ")
    people = ["anna", "bert", "carla"]
    numbers = [bench.profile(f"user_id:{one}").profile for one in people] + [1, 2, 3]
    fillings = {
        "int": [str(one) for one in numbers],
        "str": [f"user_id:{one}" for one in people]
        + [f"profile:{one}" for one in numbers]
        + ["who", "now", "group_id:acc-z"],
        "path": ["bert-1", "carla-secret"],
    }
    kind = re.search(r"\{\w+:(\w+)\}", path)
    paths = [re.sub(r"\{\w+:\w+\}", one, path, count=1) for one in fillings[kind[1]]] if kind else [path]
    paths = [re.sub(r"\{\w+:str\}", part, one) for one in paths for part in ("who", "now")]
    asked = ["", "?brand=2", "?brand=0", "?source=2", "?q=zanzi", "?query=zanzi", "?id=carla-secret", "?id=bert-1"]
    return [one + query for one in dict.fromkeys(paths) for query in asked]


@pytest.mark.parametrize("role", ["viewer", "agent", "analyst"])
def test_somebody_bound_to_a_brand_finds_nothing_of_another_on_any_route(bench, role):
    _made, secret = api.create_token(bench.runtime, BY, role, role, [1])
    headers = {"Authorization": f"Bearer {secret}"}
    opened = 0
    with TestClient(make_app(bench.runtime), base_url="http://inn.example") as client:
        for request, (needed, bound) in TABLE.items():
            may = needed is None or (bound != "refused" and ROLES.index(role) >= ROLES.index(needed))
            if not request.startswith("GET"):
                answer = None if may else ask(client, request, headers)
                assert may or is_refused(answer), request
                continue
            for address in addresses(bench, request):
                answer = client.get(address, headers=headers, follow_redirects=False)
                assert is_refused(answer) is not may, (address, answer.status_code)
                assert "zanzibar" not in answer.text.lower(), address
                opened += answer.status_code == 200
    assert opened > 100


def test_somebody_bound_to_a_brand_finds_what_is_theirs(bench):
    _made, secret = api.create_token(bench.runtime, BY, "agent", "agent", [1])
    headers = {"Authorization": f"Bearer {secret}"}
    carla, bert = (bench.profile(f"user_id:{one}").profile for one in ("carla", "bert"))
    with TestClient(make_app(bench.runtime), base_url="http://inn.example") as client:

        def text_of(path):
            return client.get(path, headers=headers).text

        assert "Carla Huber" in text_of("/customers")
        assert "Carla Huber" in text_of(f"/customers/{carla}")
        assert client.get(f"/customers/{bert}", headers=headers).status_code == 404
        assert "Note Written" in text_of(f"/customers/{carla}/timeline")
        assert [
            one["properties"]
            for one in client.get("/api/profiles/user_id:carla/events", headers=headers).json()["events"]
            if one["event"]
        ] == [{"note": "Milk"}]
        assert "Löwe Shop" in text_of("/connect/sources")
        assert "Löwe Shop" in text_of("/connect/live/rows")
        refused = client.get("/identity", headers=headers)
        assert refused.status_code == 403
        assert "bound" in refused.text
        assert "/identity" not in text_of("/")
        everything = api.create_token(bench.runtime, BY, "all", "agent")[1]
        assert (
            "zanzibar"
            in client.get(f"/customers/{bert}", headers={"Authorization": f"Bearer {everything}"}).text.lower()
        )


@get("/forgotten")
async def forgotten() -> None:
    """Say nothing about who may come."""


@get("/twice", guards=[requires("viewer"), anybody()])
async def said_twice() -> None:
    """Say two things."""


@pytest.mark.parametrize("handler", [forgotten, said_twice])
def test_the_application_does_not_start_with_a_route_that_is_not_in_the_table(runtime, handler):
    runtime.manifests = (*runtime.manifests, Manifest("more", Path(__file__).parent, routes=(handler,)))
    with pytest.raises(RouteUndeclared, match=handler.handler_name):
        make_litestar(runtime)
