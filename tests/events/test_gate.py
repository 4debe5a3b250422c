"""Who gets in: keys, origins, rates."""

import base64

import pytest

from stammgast.events.collecting import keys as gate_module
from stammgast.events.collecting.keys import Gate, WorkspaceKeys, key_of_authorization, key_of_body
from stammgast.events.collecting.refusals import OriginNotAllowed, RateLimited, UnknownWriteKey
from tools.collector import KEYS, FixedKeys, make_source


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 1000.0

    monkeypatch.setattr("stammgast.kernel.clock.monotonic", lambda: Clock.now)
    return Clock


def basic(text):
    return b"Basic " + base64.b64encode(text.encode())


@pytest.mark.parametrize(
    ("header", "key"),
    [
        (basic("key:"), "key"),
        (basic("key"), "key"),
        (basic("key:password"), "key"),
        (b"basic  a2V5Og== ", "key"),
        (b"Bearer key", "key"),
        (b"Basic !!!", ""),
        (b"Basic /////w==", ""),
        (b"Digest key", ""),
        (b"", ""),
    ],
)
def test_the_key_is_read_from_every_form_of_authorization(header, key):
    assert key_of_authorization(header) == key


def test_the_key_is_read_from_a_body_when_it_is_a_text():
    assert [key_of_body(one) for one in (b'"k"', b"7", b"", b"{", b"null")] == ["k", "", "", "", ""]


@pytest.mark.parametrize("key", ["", "unknown", "x" * 300])
def test_an_unknown_key_is_refused(key):
    with pytest.raises(UnknownWriteKey):
        Gate(KEYS).admit(key, "")


def test_a_source_may_choose_which_pages_send():
    gate = Gate(KEYS)
    assert gate.admit("picky", "https://shop.example").id == 8
    assert gate.admit("picky", "").id == 8  # a server sends no origin; who holds the key may send
    with pytest.raises(OriginNotAllowed, match="evil"):
        gate.admit("picky", "https://evil.example")
    assert gate.admit("key", "https://any.example").id == 7


def test_a_rate_limit_lets_bursts_through_and_says_how_long_to_wait(clock):
    gate, slow = Gate(KEYS), KEYS["slow"]
    gate.charge(slow, 50)  # ten seconds' worth is there at the start
    with pytest.raises(RateLimited) as refused:
        gate.charge(slow, 1)
    assert refused.value.facts["seconds"] == 1
    clock.now += 1
    gate.charge(slow, 2_500)  # let in, though it then owes 2,495
    with pytest.raises(RateLimited) as refused:
        gate.charge(slow, 1)
    assert refused.value.facts["seconds"] == 300  # 499 s would be more than SDKs wait
    clock.now += 500
    gate.charge(slow, 1)


def test_a_source_without_a_limit_is_never_refused():
    gate = Gate(KEYS)
    for _ in range(100):
        gate.charge(KEYS["key"], 2_500)


def test_a_guessed_key_is_asked_for_once_a_second(clock, monkeypatch):
    asked = []
    monkeypatch.setattr(gate_module, "source_by_key", lambda _runtime, key: asked.append(key))
    ring = WorkspaceKeys(None)
    assert ring.source("guess") is None
    assert ring.source("guess") is None
    assert asked == ["guess"]
    clock.now += 1.1
    assert ring.source("guess") is None
    assert asked == ["guess", "guess"]


def test_a_key_that_is_known_is_not_remembered_here_so_that_revoking_works(monkeypatch):
    known = FixedKeys(k=make_source(1))
    monkeypatch.setattr(gate_module, "source_by_key", lambda _runtime, key: known.get(key))
    ring = WorkspaceKeys(None)
    assert ring.source("k").id == 1
    known.clear()
    assert ring.source("k") is None
