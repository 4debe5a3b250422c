"""How fast the list of customers answers over HTTP, and what holds it."""

from __future__ import annotations

import time

from bench.steady import Load, get
from bench.table import Row
from stammgast.app import open_for_command
from stammgast.kernel.settings import Settings
from stammgast.web.cookies import SESSION_COOKIE
from stammgast.workspace import api as workspace
from stammgast.workspace.contracts import Actor
from tools.installation import Installation

MS_MAX = 50
RATE = 10
BATCH = 500
PATHS = (
    "/customers",
    "/customers?sort=-revenue",
    "/customers?sort=name",
    "/customers?q=muster",
    "/customers?ordered=yes",
)


def list_rows(installation: Installation, customers: int, seconds: float) -> list[Row]:
    """Make so many customers, then ask for the page in five ways at a steady rate; also what it costs on disk."""
    key, token = installation.source("List"), installation.token()
    _fill(installation, key, customers)
    installation.wait_until_processed(token)
    cookie = f"Cookie: {SESSION_COOKIE}={_session(installation)}"
    _wait_until_listed(installation, cookie, customers)
    rows = []
    for path in PATHS:
        load = Load(installation.port, [get(path, [cookie])], rate=RATE)
        time.sleep(seconds)
        seen = load.stop()
        assert not seen.refused, path
        p50, p99 = seen.percentile(0.5) * 1000, seen.percentile(0.99) * 1000
        what = (
            f"{path} with {customers:,} customers, p99 at {RATE} a second (p50 {p50:.0f} ms, n = {len(seen.latencies)})"
        )
        rows.append(Row(what, p99, "ms", target=f"p50 < {MS_MAX} ms", holds=p50 < MS_MAX))
    return rows


def _fill(installation: Installation, key: str, customers: int) -> None:
    for start in range(0, customers, BATCH):
        batch = [_order(number) for number in range(start, start + BATCH)]
        status, answer = installation.ask("/v1/batch", body={"writeKey": key, "batch": batch})
        assert status == 200, answer


def _order(number: int) -> dict[str, object]:
    person = f"{('Anna', 'Bela', 'Cem', 'Dora')[number % 4]} {('Muster', 'Meier', 'Öztürk')[number % 3]}{number}"
    return {
        "type": "track",
        "event": "Order Completed" if number % 2 else "Product Viewed",
        "userId": f"customer-{number}",
        "messageId": f"listed-{number}",
        "properties": {"total": number % 977, "currency": "EUR"},
        "context": {"traits": {"name": person, "email": f"c{number}@laden.example"}},
    }


def _session(installation: Installation) -> str:
    runtime = open_for_command(Settings(data=installation.data))
    try:
        by = Actor("command", 0, "bench")
        person = workspace.create_user(
            runtime, by, email="bench@inn.example", name="Bench", role="viewer", password="a long enough password"
        )
        return workspace.begin_session(runtime, person.id)
    finally:
        runtime.close()


def _wait_until_listed(installation: Installation, cookie: str, customers: int, patience: float = 60.0) -> None:
    """The list follows the profiles after a second or two."""
    name, _, value = cookie.partition(": ")
    deadline = time.perf_counter() + patience
    while True:
        _, page = installation.ask(f"/customers?q=customer-{customers - 1}", headers={name: value})
        if f"c{customers - 1}@" in str(page):
            return
        assert time.perf_counter() < deadline, "the list does not follow"
        time.sleep(0.1)
