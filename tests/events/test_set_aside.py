"""What the worker set aside, over the Management API and in a browser: seen with its error, and taken up again by an order."""

import sqlite3
import time
from pathlib import Path

import msgspec
import pytest
from litestar.testing import TestClient

from stammgast.events import api as events
from stammgast.kernel.log import LogReader
from stammgast.kernel.processes.failing import Chores
from stammgast.kernel.set_aside import CUSTOMER, HISTORY, TIMER, Aside, put_aside
from stammgast.kernel.timers import Timer
from stammgast.operations.api import examine, metrics_text, status
from stammgast.web.app import make_app
from stammgast.workspace import api as workspace
from stammgast.workspace.contracts import Actor
from tools.installation import enter

BY = Actor("command", 0, "tests")
OUT = Path(__file__).parents[1] / "screenshots" / "out" / "events"
MANY = [
    Aside(TIMER, "remind:one", "ZeroDivisionError", msgspec.msgpack.encode(Timer("remind", "one", 1))),
    Aside(CUSTOMER, "7", "DecodeError"),
    Aside(HISTORY, "3:ab", "CANNOT_PARSE_TEXT", b'{"row":0}\n'),
]


@pytest.fixture
def client_as(runtime):
    """Return a function: role -> client that holds a token of that role, of an installation with something set aside."""
    opened = []
    with runtime.customers.write() as connection:
        put_aside(connection, MANY, 1_700_000_000_000)

    def make(role):
        _, secret = workspace.create_token(runtime, BY, f"{role}'s", role)
        opened.append(TestClient(make_app(runtime), base_url="http://testserver.local"))
        client = opened[-1].__enter__()
        client.headers["Authorization"] = f"Bearer {secret}"
        return client

    yield make
    for one in opened:
        one.__exit__(None, None, None)


def orders(runtime):
    entries = LogReader(runtime.settings.log_dir, "worker").read(0, 1000)
    return [(order.action, order.ids) for entry in entries if (order := events.read_order(entry))]


def test_it_is_listed_in_pages_with_its_error(client_as):
    client = client_as("agent")
    first = client.get("/api/set-aside?limit=2").json()
    assert [(one["number"], one["stage"], one["key"], one["error"]) for one in first["setAside"]] == [
        (3, "history", "3:ab", "CANNOT_PARSE_TEXT"),
        (2, "customer", "7", "DecodeError"),
    ]
    assert first["setAside"][0]["since"] == "2023-11-14T22:13:20.000Z"
    assert first["counts"] == {"customer": 1, "history": 1, "timer": 1}
    rest = client.get(f"/api/set-aside?limit=2&before={first['next']}").json()
    assert ([one["number"] for one in rest["setAside"]], rest["next"]) == ([1], None)


def test_taking_up_again_is_ordered_through_the_log(runtime, client_as):
    client = client_as("analyst")
    assert client.post("/api/set-aside/try-again", json={"numbers": [2]}).json() == {"ordered": 1}
    assert client.post("/api/set-aside/try-again", json={"all": True}).json() == {"ordered": 3}
    assert orders(runtime) == [("try_again", (2,)), ("try_again", (3, 2, 1))]
    assert "set_aside.try_again" in {one.action for one in workspace.list_audit(runtime)[0]}


@pytest.mark.parametrize(
    "asked",
    [{}, {"numbers": [1], "all": True}, {"numbers": [0]}, {"numbers": [2**63]}, {"numbers": [-1]}, {"all": "much"}],
)
def test_an_order_that_names_nothing_is_refused(runtime, client_as, asked):
    assert client_as("analyst").post("/api/set-aside/try-again", json=asked).status_code in (400, 422)
    assert orders(runtime) == []


def test_doctor_status_and_metrics_tell_how_many(runtime, client_as):
    client_as("viewer")
    chores = Chores(runtime.settings.run_dir, "web")
    for _ in range(3):
        chores._not_before.clear()
        chores.do("trim the log", lambda: 1 // 0)
    (found,) = [one for one in examine(runtime) if one.name == "set aside"]
    assert not found.is_well
    assert "1 of kind timer" in found.found
    assert "trim the log in web (ZeroDivisionError, 3 times)" in found.found
    assert status(runtime).set_aside == 3
    told = metrics_text(runtime)
    assert 'stammgast_set_aside{stage="history"} 1' in told
    assert 'stammgast_failing_tasks{process="web",task="trim the log"} 3' in told


@pytest.mark.browser
@pytest.mark.timeout(300)
def test_a_person_sees_it_and_takes_it_up_again(running, page):
    key = f"page-{time.monotonic_ns()}"
    with sqlite3.connect(running.data / "state" / "customers.db", timeout=20) as connection:
        payload = msgspec.msgpack.encode(Timer("of nobody", key, 1))
        for stage, name in (("timer", f"of nobody:{key}"), ("customer", "1")):
            connection.execute(
                "INSERT OR REPLACE INTO set_aside (stage, key, error, payload, at) VALUES (?, ?, 'KeyError', ?, 1)",
                (stage, name, payload),
            )
    connection.close()
    enter(running, page, f"aside{time.monotonic_ns()}@stammgast.example")
    OUT.mkdir(parents=True, exist_ok=True)
    for name, width, scheme in (("desktop", 1280, "light"), ("phone", 390, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        page.goto(f"{running.url}/connect/quarantine")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.locator("#set-aside-title").scroll_into_view_if_needed()
        page.screenshot(path=OUT / f"set-aside-{name}.png", full_page=True)
    assert key in page.locator("main").inner_text()
    page.locator("tr", has_text=key).locator("input[type=checkbox]").check()
    page.get_by_role("button", name="Take up again", exact=True).click()
    page.wait_for_url("**/connect/quarantine")
    deadline = time.monotonic() + 30
    while key in page.locator("main").inner_text():
        assert time.monotonic() < deadline
        time.sleep(0.3)
        page.reload()
