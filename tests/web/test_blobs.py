"""Kept files as browsers get them: only by whom their holders let, and never as something that runs."""

import re
from pathlib import Path

import pytest
import small_house
from small_house import Visitor

import stammgast
from stammgast.kernel.blobs import ATTACHMENTS, PICTURES, Accept, blobs_of
from stammgast.kernel.blobs.contracts import KINDS
from stammgast.kernel.blobs.holds import hold_blobs
from stammgast.kernel.runtime import BlobHolder, Manifest
from stammgast.web.app import make_app
from stammgast.workspace import api

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
PAGE = b"<html><script>alert(1)</script>"
ANYTHING = Accept(frozenset(KINDS), 1_000_000)


def for_agents(_runtime, person, key):
    return person.may("agent") and key != "9"


@pytest.fixture
def runtime(tmp_path):
    manifest = Manifest("throw_away", tmp_path, blob_holders=(BlobHolder("mail", for_agents),))
    runtime = small_house.open_house(tmp_path, manifest)
    runtime.customers.migrate([Path(stammgast.__file__).parent / "pipeline" / "migrations" / "customers"])
    small_house.furnish(runtime)
    yield runtime
    runtime.close()


@pytest.fixture
def bob(runtime):
    """Bob is an agent."""
    visitor = Visitor(make_app(runtime))
    with visitor.client:
        yield visitor.enter(runtime, "bob@inn.test")


def held(runtime, content, accept=ATTACHMENTS, holder="mail:1", store="customers"):
    blob = blobs_of(runtime).put(content, accept)
    with getattr(runtime, store).write() as connection:
        hold_blobs(connection, [(blob.name, holder)], 0)
    return blob


@pytest.mark.parametrize("store", ["customers", "control"])
def test_a_picture_is_shown_to_whom_its_holder_lets(runtime, bob, store):
    blob = held(runtime, PNG, PICTURES, store=store)
    answer = bob.get(f"/blobs/{blob.name}?as=logo")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, PNG, "image/png")
    assert answer.headers["content-disposition"].startswith("inline;")
    assert answer.headers["content-disposition"].endswith("logo.png")
    again = bob.get(f"/blobs/{blob.name}", **{"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("content", [PAGE, b"<?xml version='1.0'?><svg onload='x'/>", b"%PDF-1.7 x", b"PK\x03\x04 x"])
def test_what_could_run_is_offered_for_download_and_sandboxed(runtime, bob, content):
    answer = bob.get(f"/blobs/{held(runtime, content, ANYTHING).name}?as=a%0d%0aSet-Cookie:x=1.pdf")
    assert answer.status_code == 200
    headers = answer.headers
    assert headers["content-disposition"].startswith("attachment;")
    assert "\r" not in headers["content-disposition"]
    assert "set-cookie" not in headers
    assert headers["x-content-type-options"] == "nosniff"
    assert any(one.startswith("sandbox;") for one in headers.get_list("content-security-policy"))
    assert headers["cache-control"] == "private, no-cache"


def test_a_text_is_shown_as_text(runtime, bob):
    answer = bob.get(f"/blobs/{held(runtime, b'Dear inn,').name}")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_a_large_file_comes_whole(runtime, bob):
    content = b"letter " * 400_000
    answer = bob.get(f"/blobs/{held(runtime, content).name}")
    assert (answer.content, answer.headers["content-length"]) == (content, str(len(content)))


def test_missing_unheld_and_forbidden_files_are_answered_alike(runtime, bob):
    unheld = blobs_of(runtime).put(PNG + b"unheld", PICTURES).name
    forbidden = held(runtime, PNG + b"forbidden", holder="mail:9").name
    unknown = held(runtime, PNG + b"unknown kind", holder="bird:1").name
    answers = [bob.get(f"/blobs/{name}") for name in ("0" * 64, unheld, forbidden, unknown, "..%2Fcontrol.db", "x")]
    assert {one.status_code for one in answers} == {404}
    told = {re.search(r"<main.*?</main>", one.text, re.DOTALL)[0] for one in answers}
    assert len(told) == 1
    assert "not for you to see" in told.pop()


def test_nobody_and_a_role_that_its_holder_refuses_see_nothing(runtime, bob):
    blob = held(runtime, PNG, PICTURES)
    api.create_user(
        runtime, small_house.BY, email="vic@inn.test", name="Vic", role="viewer", password=small_house.PASSWORD
    )
    vic = Visitor(make_app(runtime)).enter(runtime, "vic@inn.test")
    assert vic.get(f"/blobs/{blob.name}").status_code == 404
    bob.client.cookies.clear()
    assert bob.get(f"/blobs/{blob.name}").status_code in (303, 401)


def test_a_damaged_file_is_told_as_such(runtime, bob):
    blob = held(runtime, PNG, PICTURES)
    path = blobs_of(runtime).path(blob.name)
    path.write_bytes(path.read_bytes()[:-1])
    answer = bob.get(f"/blobs/{blob.name}")
    assert answer.status_code == 500
    assert "damaged on disk" in answer.text
