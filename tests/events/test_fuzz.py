"""Whatever is sent, the collector never fails; and what it accepts, the worker's reading survives."""

import gzip
import json

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PATHS = ["/v1/track", "/v1/i", "/v1/batch", "/v1/b", "/v1/import", "/v1/beacon/batch", "/v1/m", "/v1/pixel/track"]
NASTY = st.sampled_from(
    [
        b'{"batch":[' + b"[" * 3000,
        b'{"batch":["\\ud800"]}',
        b'{"batch":[{"a":1e999}]}',
        b'{"batch":[\x00]}',
        b"\xef\xbb\xbf{}",
        b'{"batch":[{"userId":' + b"9" * 5000 + b"}]}",
        b'{"writeKey":"key","batch":[null,{},[],"",1,-0.0,true]}',
    ]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=15,
)
events = st.dictionaries(
    st.sampled_from(
        ["type", "event", "userId", "messageId", "timestamp", "sentAt", "context", "properties", "ip", "writeKey"]
    ),
    json_values | st.sampled_from(["track", "identify", "2023-01-01T00:00:00Z", "203.0.113.7"]),
)
bodies = (
    st.binary(max_size=300)
    | NASTY
    | (json_values | events | st.fixed_dictionaries({"batch": st.lists(events, max_size=4) | json_values})).map(
        lambda value: json.dumps(value).encode()
    )
)
header_values = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60).map(
    lambda text: text.strip().encode("latin-1")
)


@pytest.fixture(scope="module")
def client(collector_process):
    with httpx.Client(base_url=collector_process.url, timeout=30) as client:
        yield client


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(PATHS) | st.text(st.characters(categories=("L", "N", "P")), max_size=20).map("/v1/{}".format),
    method=st.sampled_from(["POST", "POST", "POST", "GET", "PUT", "OPTIONS", "HEAD"]),
    body=bodies,
    zipped=st.booleans(),
    key=st.sampled_from(["key", "key", "key", "wrong", ""]),
    odd_headers=st.dictionaries(
        st.sampled_from(["Origin", "User-Agent", "Content-Encoding", "Authorization", "X-Forwarded-For", "Sec-GPC"]),
        header_values,
        max_size=2,
    ),
    query=st.sampled_from(["", "?writeKey=key", "?writeKey=key&data=e30", "?data=%00%FF", "?" + "a&" * 50]),
)
def test_no_request_whatever_makes_the_collector_fail(client, path, method, body, zipped, key, odd_headers, query):
    headers = {"Content-Encoding": "gzip"} if zipped else {}
    content = gzip.compress(body) if zipped else body
    auth = (key, "") if "Authorization" not in odd_headers else None
    url = httpx.URL(str(client.base_url) + httpx.URL(path).raw_path.decode().replace("?", "%3F") + query)
    answer = client.request(method, url, content=content, headers=headers | odd_headers, auth=auth)
    assert answer.status_code < 500
    if answer.status_code >= 400 and method != "HEAD":
        assert set(answer.json()) == {"success", "code", "message"}


def test_everything_the_fuzzing_left_in_the_log_can_be_read(collector_process):
    collector_process.position = 0
    # Positions count events, so nothing was lost between counting at the door and reading behind it.
    assert len(collector_process.events()) == collector_process.position
    assert collector_process.process.poll() is None
