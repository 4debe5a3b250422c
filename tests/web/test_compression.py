import re
import zlib

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from small_house import csrf_in

from stammgast.web.compression import compress, encoding_for
from stammgast.web.cookies import mask_token, unmask_token


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_page_comes_compressed_as_the_browser_asks(alice, encoding):
    with alice.client.stream("GET", "/settings/company", headers={"Accept-Encoding": encoding}) as answer:
        packed = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == encoding
    assert "Accept-Encoding" in answer.headers["vary"]
    assert int(answer.headers["content-length"]) == len(packed)
    plain = zlib.decompress(packed, 31) if encoding == "gzip" else zstandard.ZstdDecompressor().decompress(packed)
    assert plain.decode().startswith("<!doctype html>")
    assert len(packed) < len(plain) / 3


def test_who_asks_for_none_gets_none(alice):
    answer = alice.get("/settings/company", **{"Accept-Encoding": "identity"})
    assert "content-encoding" not in answer.headers
    assert alice.get("/api/me", **{"Accept-Encoding": "gzip"}).headers.get("content-encoding") is None


def test_a_page_that_shows_a_secret_is_not_compressed(alice):
    alice.post("/settings/tokens", {"name": "Sync", "role": "viewer"}, page="/settings/tokens")
    answer = alice.get("/settings/tokens", **{"Accept-Encoding": "gzip"})
    assert "sgt_" in answer.text
    assert "content-encoding" not in answer.headers
    assert alice.get("/settings/people", **{"Accept-Encoding": "gzip"}).headers["content-encoding"] == "gzip"


def test_the_form_token_reads_otherwise_in_every_answer_and_each_is_taken(alice):
    tokens = [csrf_in(alice.get("/me")) for _ in range(3)]
    assert len(set(tokens)) == 3
    for token in tokens:
        answer = alice.client.post("/preferences", data={"_csrf": token, "next": "/me"}, follow_redirects=False)
        assert answer.status_code == 303


def test_the_length_of_answers_is_blurred(alice):
    lengths = {len(alice.get("/me", **{"Accept-Encoding": "gzip"}).headers["x-blur"]) for _ in range(30)}
    assert len(lengths) > 5


@given(st.binary(max_size=40))
def test_masking_gives_the_token_back_and_never_twice_the_same(token):
    masked = mask_token(token.hex())
    assert unmask_token(masked) == token.hex()
    assert len(token) < 8 or mask_token(token.hex()) != masked


@given(st.text())
def test_any_text_can_be_unmasked(text):
    assert re.fullmatch(r"[0-9a-f]*", unmask_token(text))


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        (b"", ""),
        (b"br", ""),
        (b"GZIP", "gzip"),
        (b"zstd;q=0, gzip;q=0.5", "gzip"),
        (b"gzip ; q=0", ""),
        (b"zstd", "zstd"),
    ],
)
def test_the_encoding_is_one_that_was_offered(accepted, chosen):
    assert encoding_for(accepted) == chosen


@given(st.binary())
def test_what_is_compressed_comes_out_whole(body):
    assert zlib.decompress(compress(body, "gzip"), 31) == body
    assert zstandard.ZstdDecompressor().decompress(compress(body, "zstd"), max_output_size=len(body) + 1) == body
