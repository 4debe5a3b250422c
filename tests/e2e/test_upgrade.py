"""A data folder that an earlier version made, ended in the middle of its work, starts under this one and keeps everything."""

import json
import tarfile
from pathlib import Path

import pytest

STORED = Path(__file__).parent / "upgrades"
"""Made by `make.py` in it, once, with the code of each version that changed how data are kept."""


@pytest.fixture(params=sorted(one.stem for one in STORED.glob("*.json")))
def kept(request):
    return STORED / f"{request.param}.tar.xz", json.loads((STORED / f"{request.param}.json").read_text())


def test_what_an_earlier_version_kept_is_all_there(kept, new_installation):
    packed, expected = kept
    installation = new_installation()
    with tarfile.open(packed) as archive:
        archive.extractall(installation.data, filter="data")
    installation.start()
    token = expected["token"]
    installation.wait_until_processed(token)

    status, late = installation.ask("/api/profiles/user_id:u-late/events?limit=100", token)
    assert status == 200
    assert {one["messageId"] for one in late["events"]} == set(expected["late"]), "what waited in the log is taken in"

    changed = []
    for path, then in expected["answers"].items():
        status, now = installation.ask(path, token)
        assert status == 200, path
        changed += [f"{path} {one}" for one in _changes(then, now)]
    assert not changed

    basic = {"writeKey": expected["writeKey"], "batch": [{"type": "track", "event": "Seen", "userId": "u-late"}]}
    assert installation.ask("/v1/batch", body=basic)[0] == 200, "a source's key is taken as before"
    installation.wait_until_processed(token)
    _, late = installation.ask("/api/profiles/user_id:u-late", token)
    assert late["features"]["events"] == {"Product Viewed": len(expected["late"]), "Seen": 1}

    found = {one["name"]: one for one in json.loads(installation.run("doctor", "--json"))}
    assert not [one for name, one in found.items() if not one["is_well"] and name not in {"disk space", "port of web"}]


def _changes(then, now, place=""):
    """Yield where `now` does not say what `then` said; it may say more: fields of an object, lines of a text."""
    if isinstance(then, dict) and isinstance(now, dict):
        for name, value in then.items():
            yield from _changes(value, now.get(name), f"{place}.{name}")
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for number, (one, other) in enumerate(zip(then, now, strict=True)):
            yield from _changes(one, other, f"{place}[{number}]")
    elif isinstance(then, str) and "\n" in then:
        yield from (f"{place}: {line!r} is gone" for line in then.splitlines() if line not in str(now).splitlines())
    elif then != now:
        yield f"{place}: {then!r} became {now!r}"
