"""The one table of who may do what, as it is written down, walked route by route with every role, bound to a brand or not."""

import re
from pathlib import Path

import pytest
from litestar import get
from litestar.testing import TestClient

from stammgast.kernel.runtime import Manifest
from stammgast.web.access import RouteUndeclared
from stammgast.web.app import make_app, make_litestar
from stammgast.web.guards import anybody, requires
from stammgast.workspace import api
from stammgast.workspace.contracts import Actor

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
