"""Splitting a body event by event gives what a decoder gives, and gives up only on what is no body at all."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stammgast.events.splitting import NotJson, split_array, split_batch, split_object
from stammgast.kernel.nesting import depth

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
)


@given(st.lists(values), st.booleans(), st.sampled_from([None, 2]))
def test_items_are_what_the_standard_library_reads(items, ascii_only, indent):
    text = json.dumps(items, ensure_ascii=ascii_only, indent=indent).encode()
    assert json.dumps([json.loads(one) for one in split_array(text)]) == json.dumps(items)


@given(st.dictionaries(st.text('abc"\\{}[],: é', max_size=5), values))
def test_members_are_what_the_standard_library_reads(members):
    text = json.dumps(members, ensure_ascii=False).encode()
    assert json.dumps([json.loads(one) for one in split_object(text).values()]) == json.dumps(list(members.values()))


@given(values)
def test_depth_is_the_depth_of_the_decoded_value(value):
    def measure(one):
        inner = one.values() if isinstance(one, dict) else one if isinstance(one, list) else None
        return 0 if inner is None else 1 + max(map(measure, inner), default=0)

    assert depth(json.dumps(value).encode()) == measure(value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[",
        b"{",
        b'{"batch"',
        b'{"batch":[',
        b'{"batch":[}]',
        b'{"batch":{}}',
        b'{"a":1}',
        b"[]",
        b"7",
        b"null",
        b'{"batch":[]} more',
        b"{batch:[]}",
        b'{"batch":["open]}',
        b'{"batch":[]}}',
        b"\xff\xfe",
        b'{"batch" []}',
    ],
)
def test_what_is_no_batch_is_refused(body):
    with pytest.raises(NotJson):
        split_batch(body)


def test_a_hostile_body_of_escaped_quotes_is_refused_at_once():
    with pytest.raises(NotJson):
        split_batch(b'{"batch":["' + b'\\"' * 250_000)


@given(st.binary(max_size=200))
def test_any_bytes_are_split_or_refused(body):
    try:
        split_batch(body)
    except NotJson as refusal:
        assert refusal.message  # noqa: PT017 - both ways are right, a crash is not


def test_batch_fields_are_found_beside_a_broken_event():
    body = split_batch(b'{"writeKey":"k","batch":[{"a":NaN}],"sentAt":"2023-01-01T00:00:00Z","context":{"b":2}}')
    assert (bytes(body.write_key), bytes(body.sent_at)) == (b'"k"', b'"2023-01-01T00:00:00Z"')
    assert [bytes(one) for one in body.batch] == [b'{"a":NaN}']
