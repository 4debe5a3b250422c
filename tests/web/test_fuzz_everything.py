"""Whatever anybody sends to any route, in any role: never an error on our side, and never a worker that stands still."""

import inspect
import json
import re
from random import Random

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from litestar.handlers import HTTPRouteHandler
from small_house import BY, PASSWORD, Visitor, csrf_in

from stammgast.web.app import make_app, make_litestar
from stammgast.workspace import api

ROLES = ("administrator", "analyst", "agent", "viewer", None)
TURNS = 4
"""Odd requests a route and role; more find nothing new in the same time."""
FIELD = re.compile(r"""form\.(?:text|whole|flag|every|lines|secret)\(\s*["']([a-z_]+)["']""")
ASKED = re.compile(r"""(?:query_params|asked)(?:\.get\(|\[)\s*["']([a-z_]+)["']""")
NUMBERS = (
    "9223372036854775808",
    "-9223372036854775809",
    "1" * 40,
    "9" * 5000,
    "-1",
    "0",
    "1",
    "²",
    "1e400",
    "NaN",
    "٣",
)
WORDS = (
    "",
    " ",
    "\0",
    "a\0b",
    "%00",
    "\udcff".encode("utf-8", "surrogatepass").decode("latin-1"),
    "ä" * 3000,
    "../../x",
)
KNOWN = (
    "user_id:anna",
    "profile:1",
    "profile:9223372036854775808",
    "email:\0",
    ":",
    "a:b:c",
    "newest",
    "-name",
    "replay",
)
ODD = (*NUMBERS, *WORDS, *KNOWN, "yes", "{}", "[[", "true", "2026-02-31", "'; DROP TABLE anchors; --")
NESTED = b'{"a":' * 30_000 + b"1" + b"}" * 30_000
BODIES = (
    NESTED,
    b"[" * 100_000,
    b'{"ids":[9223372036854775808]}',
    b'{"ids":[1e999]}',
    b'{"name":"\\ud800"}',
    b'{"name":"a\\u0000b"}',
    b"\xff\xfe",
    b"null",
    b"[]",
    b"3" * 6000,
    b"",
)
LEAVES = {"/logout", "/account/log-out-everywhere"}
"""Routes that would end the log-in with which the others are tried."""


def handlers(app):
    """(path, method, source of the handler's module) of every route that Litestar knows."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler):
                module = inspect.getmodule(inspect.unwrap(getattr(handler.fn, "func", handler.fn)))
                for method in sorted(handler.http_methods & {"GET", "POST", "PUT", "PATCH", "DELETE"}):
                    yield route.path_format, method, inspect.getsource(module)


@pytest.fixture(scope="module")
def house(tmp_path_factory, history_server):
    """Every module over real stores, with somebody of each role and a customer in it."""
    from stammgast.app import migrate
    from stammgast.kernel.settings import load_settings
    from tools.workbench import Workbench, track

    given_settings = load_settings({}, data=tmp_path_factory.mktemp("fuzzed"), history_url=f"{history_server}/fuzzed")
    migrate(given_settings)
    bench = Workbench(given_settings)
    bench.take(
        track("anna", "Order Completed", "m1", total=3, currency="EUR", order_id="7"), {"type": "track", "event": "x"}
    )
    runtime = bench.runtime
    for role in filter(None, ROLES):
        api.create_user(runtime, BY, email=f"{role}@inn.test", name=role, role=role, password=PASSWORD)
    yield bench, make_app(runtime)
    bench.runtime.history.command("DROP DATABASE IF EXISTS fuzzed SYNC")
    bench.close()


@pytest.mark.parametrize("role", ROLES)
def test_no_route_fails_whatever_is_sent(house, role):
    bench, app = house
    runtime = bench.runtime
    chance = Random(str(role))
    visitor = Visitor(app)
    failures = []
    with visitor.client as client:
        csrf = ""
        if role:
            visitor.enter(runtime, f"{role}@inn.test")
            csrf = csrf_in(visitor.get("/"))
        for path, method, source in handlers(make_litestar(runtime)):
            if path in LEAVES:
                continue
            for turn in range(TURNS):
                request = odd_request(chance, path, method, source, csrf, turn)
                answer = client.request(method, follow_redirects=False, **request)
                if answer.status_code >= 500:
                    failures.append((method, path, answer.status_code, {k: str(v)[:120] for k, v in request.items()}))
    assert failures == []
    bench.work()


def odd_request(chance, path, method, source, csrf, turn):
    url = re.sub(r"\{[^}]+\}", lambda _: quoted(chance.choice(ODD)[:600]), path)
    params = {
        name: chance.choice(ODD)[:2000] for name in set(ASKED.findall(source)) | {"after", "limit", "before", "query"}
    }
    request = {"url": url, "params": params if chance.random() < 0.8 else None, "headers": {"X-CSRF-Token": csrf}}
    if method == "GET":
        return request
    is_json = path.startswith("/api/") and turn % 3 != 1
    if is_json:
        body = (
            chance.choice(BODIES)
            if chance.random() < 0.7
            else json.dumps({chance.choice(ODD): chance.choice(ODD)}).encode()
        )
        return {**request, "content": body, "headers": {**request["headers"], "Content-Type": "application/json"}}
    names = [*set(FIELD.findall(source)), "all", "do", "chosen", "reason", chance.choice(ODD)]
    form = {name: [chance.choice(ODD) for _ in range(chance.randint(1, 3))] for name in names if chance.random() < 0.9}
    form["_csrf"] = [csrf]
    if turn % 3 == 2:
        odd = b"--x\r\nContent-Disposition: form-data; name=" + chance.choice([b'"a"', b"", b'"\xff"']) + b"\r\n\r\n"
        return {
            **request,
            "content": odd,
            "headers": {**request["headers"], "Content-Type": "multipart/form-data; boundary=x"},
        }
    return {**request, "data": form}


def quoted(text):
    from urllib.parse import quote

    return quote(text, safe="", errors="replace")


@pytest.mark.parametrize("role", ["administrator", "agent"])
def test_schemathesis_finds_no_failure_on_our_side_in_any_module(house, role):
    bench, app = house
    _, secret = api.create_token(bench.runtime, BY, f"{role} token", role)
    headers = {"Authorization": f"Bearer {secret}"}
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", app)
    answered = set()
    for operation in schema.get_all_operations():

        @settings(
            max_examples=6, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
        )
        @given(case=operation.ok().as_strategy())
        def ask(case):
            answer = case.call(headers=headers)
            answered.add(answer.status_code)
            assert answer.status_code < 500, (case.method, case.path, answer.text)

        ask()
    assert {200, 400, 404} <= answered
    bench.work()
