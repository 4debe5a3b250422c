"""Makes the small stored data folder that `test_upgrade.py` starts under the present code.

Run by hand with the code of the version that is to be kept, from a checkout of it:

    PYTHONPATH=src python make.py FOLDER NAME

It starts that version, fills it through its own API, ends it in the middle of work, and writes NAME.tar.xz (the data folder)
and NAME.json (what its API said of it) beside this file.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
from base64 import b64encode
from pathlib import Path

HERE = Path(__file__).parent
COMMAND = [sys.executable, "-m", "stammgast"]
DAY = "2026-03-%02dT10:%02d:00Z"

RULES_NOTE = "Companies too"
ASKED = (
    "/api/profiles/email:anna@example.com",
    "/api/profiles/email:anna@example.com/events?limit=100",
    "/api/profiles/user_id:u-bert",
    "/api/profiles/anonymous_id:tablet",
    "/api/profiles/email:clara@example.com/events?limit=100",
    "/api/accounts/group_id:acme",
    "/api/accounts/group_id:acme/members",
    "/api/identity/held",
    "/api/identity/log",
    "/api/identity/rules",
    "/api/sources",
    "/api/quarantine",
)
"""What must be answered the same by every later version, apart from what it adds."""


def main() -> None:
    folder, name = Path(sys.argv[1]), sys.argv[2]
    subprocess.run([*COMMAND, "init", "--data", str(folder)], check=True)
    key = _told("source", "create", "Shop", "--kind", "server", "--data", str(folder))["writeKey"]
    token = _told("token", "create", "Keeper", "--role", "administrator", "--data", str(folder))["token"]
    base = f"http://127.0.0.1:{_free_port()}"
    environ = {**os.environ, "STAMMGAST_WAREHOUSE_MEMORY": "0.1"}
    running = subprocess.Popen([*COMMAND, "up", "--data", str(folder), "--port", base.rsplit(":", 1)[1]], env=environ)
    try:
        _wait(lambda: _ask(base, token, "/readyz"))
        _fill(base, key, token)
        expected = {path: _ask(base, token, path) for path in ASKED}
        running.send_signal(signal.SIGSTOP)  # Nobody starts again what is killed now.
        os.kill(_worker_of(running.pid), signal.SIGKILL)
        late = [
            _track(f"late-{n}", {"userId": "u-late"}, "Product Viewed", {"sku": f"late-{n}"}, 20 + n) for n in range(5)
        ]
        _batch(base, key, late)
    finally:
        _end_all(running)
    with tarfile.open(HERE / f"{name}.tar.xz", "w:xz") as packed:
        for part in ("log", "state", "history", "imports"):
            if (folder / part).exists():
                packed.add(folder / part, part)
    kept = {"token": token, "writeKey": key, "late": [one["messageId"] for one in late], "answers": expected}
    (HERE / f"{name}.json").write_text(json.dumps(kept, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def _fill(base: str, key: str, token: str) -> None:
    _batch(base, key, _history())
    _settle(base, token)
    _ask(base, token, "/api/profiles/user_id:u-bert/merge", {"other": "email:clara@example.com"})
    _settle(base, token)
    _ask(base, token, "/api/profiles/user_id:u-bert/unmerge", {"identifiers": ["anonymous_id:tablet"], "never": True})
    _settle(base, token)
    _ask(base, token, "/api/identity/held", {"identifier": "phone:+492211234567"})
    in_force = next(one for one in _ask(base, token, "/api/identity/rules")["versions"] if one["inForce"])
    yaml = _ask(base, token, f"/api/identity/rules/{in_force['version']}")["yaml"]
    assert "profile_cap: 1000" in yaml, yaml
    saved = _ask(
        base,
        token,
        "/api/identity/rules",
        {"yaml": yaml.replace("profile_cap: 1000", "profile_cap: 1100"), "note": RULES_NOTE},
    )
    _ask(base, token, f"/api/identity/rules/{saved['version']}/apply", {})
    _settle(base, token)


def _history() -> list[dict]:
    anna, phone, bert = {"userId": "u-anna"}, {"anonymousId": "phone"}, {"userId": "u-bert"}
    return [
        _track("v-1", phone, "Product Viewed", {"sku": "A"}, 1),
        {
            "type": "identify",
            "messageId": "i-1",
            **anna,
            **phone,
            "timestamp": DAY % (2, 0),
            "traits": {
                "email": "anna@example.com",
                "name": "Anna Beispiel",
                "city": "Köln",
                "birthday": "1980-02-29",
            },
        },
        _track("o-1", anna, "Order Completed", _order("1001", 59.9, "EUR"), 3),
        _track("o-2", anna, "Order Completed", _order("1002", 20.01, "EUR"), 4),
        _track("r-1", anna, "Order Refunded", {"order_id": "1002", "total": 20.01, "currency": "EUR"}, 5),
        {
            "type": "group",
            "messageId": "g-1",
            **anna,
            "groupId": "acme",
            "timestamp": DAY % (5, 1),
            "traits": {"name": "Acme GmbH", "industry": "Bau"},
        },
        {
            "type": "identify",
            "messageId": "i-2",
            **bert,
            "anonymousId": "tablet",
            "timestamp": DAY % (6, 0),
            "traits": {"email": "bert@example.com", "phone": "0221 1234567"},
        },
        _track("v-2", {"anonymousId": "tablet"}, "Product Viewed", {"sku": "B"}, 7),
        {
            "type": "identify",
            "messageId": "i-3",
            "userId": "u-clara",
            "timestamp": DAY % (8, 0),
            "traits": {"email": "clara@example.com"},
        },
        _track("o-3", {"userId": "u-clara"}, "Order Completed", _order("1003", 0.07, "USD"), 9),
        _track("late-order", anna, "Order Completed", _order("0999", 12.5, "EUR"), 1),
        _track("o-1", anna, "Order Completed", _order("1001", 59.9, "EUR"), 3),
        {"type": "track", "messageId": "odd", **anna, "event": "Odd", "timestamp": "yesterday"},
        _track("mail", {"userId": "u-clara"}, "Email Opened", {"campaign": "März"}, 10),
    ]


def _track(message: str, who: dict, event: str, properties: dict, day: int) -> dict:
    return {
        "type": "track",
        "messageId": message,
        **who,
        "event": event,
        "properties": properties,
        "timestamp": DAY % (day, 30),
    }


def _order(number: str, total: float, currency: str) -> dict:
    return {
        "order_id": number,
        "total": total,
        "currency": currency,
        "products": [{"product_id": "P", "name": "Topf", "quantity": 1, "price": total}],
    }


def _settle(base: str, token: str) -> None:
    time.sleep(3)
    _wait(lambda: _ask(base, token, "/readyz"))


def _batch(base: str, key: str, events: list[dict]) -> None:
    basic = "Basic " + b64encode(f"{key}:".encode()).decode()
    _open(base + "/v1/batch", {"Authorization": basic}, {"batch": events})


def _ask(base: str, token: str, path: str, body: dict | None = None) -> dict:
    return json.loads(_open(base + path, {"Authorization": f"Bearer {token}"}, body) or b"null")


def _open(url: str, headers: dict, body: dict | None) -> bytes:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {**headers, "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()
    except urllib.error.HTTPError as problem:
        raise SystemExit(f"{url}: {problem.code} {problem.read().decode()}") from None


def _wait(ask: object) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            return ask()
        except (OSError, SystemExit, ValueError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _told(*words: str) -> dict:
    return json.loads(subprocess.run([*COMMAND, *words, "--json"], check=True, capture_output=True).stdout)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _worker_of(supervisor: int) -> int:
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    return next(int(one) for one in children if b"worker" in Path(f"/proc/{one}/cmdline").read_bytes())


def _end_all(running: subprocess.Popen) -> None:
    running.send_signal(signal.SIGCONT)
    running.terminate()
    running.wait(60)


if __name__ == "__main__":
    main()
