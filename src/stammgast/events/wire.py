"""The event as SDKs send it, field by field, and the marks that the log carries."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from stammgast.events import reasons
from stammgast.events.contracts import EntryMeta
from stammgast.kernel.nesting import is_too_deep

KIND_BATCH = "batch"
KIND_IMPORT = "import"
KIND_OWN = "own"
"""Events that Stammgast itself collected (an answered survey, say): trusted, so they may belong to nobody."""
KIND_DERIVED = "derived"
"""Own events: what Stammgast derived or did. Nobody can send them."""
KIND_INTERNAL = "internal"
"""Orders to the worker, not events."""

_Id = str | int | float | None


class WireEvent(msgspec.Struct, gc=False, rename="camel"):
    """One event as sent; whatever we do not know stays in its raw JSON."""

    type: str | None = None
    message_id: _Id = None
    user_id: _Id = None
    anonymous_id: _Id = None
    group_id: _Id = None
    previous_id: _Id = None
    event: _Id = None
    name: _Id = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    context: dict[str, Any] | None = None
    timestamp: _Id = None
    original_timestamp: _Id = None
    sent_at: _Id = None
    subject: str | None = None


class Unreadable(Exception):
    """The event can't be read at all: (reason, detail)."""


decode_event = msgspec.json.Decoder(WireEvent).decode
_decode_meta = msgspec.msgpack.Decoder(EntryMeta).decode
encode_meta = msgspec.msgpack.Encoder().encode
_decode_loosely = msgspec.json.Decoder(dict[str, Any]).decode
_decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode

_ESCAPED_NUL = rb"\u0000"
_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NOT_A_NUMBER = re.compile(rb"\b(?:NaN|Infinity)\b")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def read_meta(encoded: bytes) -> EntryMeta:
    """Return what the request said beside its body."""
    return _decode_meta(encoded) if encoded else EntryMeta()


def read_wire(body: bytes) -> WireEvent:
    """Decode one event. Raises Unreadable with the reason and what to mend."""
    if is_too_deep(body):
        raise Unreadable(reasons.NESTED_TOO_DEEP, "")
    try:
        wire = decode_event(body)
    except msgspec.ValidationError as problem:
        raise Unreadable(reasons.WRONG_TYPE, str(problem)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise Unreadable(*_diagnose(body, problem)) from None
    if b"\\" in body and _ESCAPED_NUL in body and has_nul(_decode_loosely(body)):
        raise Unreadable(reasons.NUL_CHARACTER, "")
    return wire


def read_name_tags(body: bytes) -> dict[str, Any]:
    """Return what can be read of an event that is not valid, for the quarantine's list; empty when nothing can."""
    try:
        return _decode_loosely(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}


def with_batch_fields(body: bytes, context: bytes, integrations: bytes) -> bytes:
    """Return an event with what its batch says for all: whatever the event lacks, member by member.

    An event or a batch field that is no object is left alone; reading the event finds out.

    >>> with_batch_fields(b'{"context":{"a":1}}', b'{"a":0,"b":2}', b"")
    b'{"context":{"a":1,"b":2}}'
    """
    try:
        members = _decode_members(body)
        for name, given in (("context", context), ("integrations", integrations)):
            if given and given != b"null":
                own = members.get(name)
                own_members = {} if own is None or own == b"null" else _decode_members(own)
                members[name] = msgspec.Raw(_encode(_decode_members(given) | own_members))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return body
    return _encode(members)


def has_nul(value: object) -> bool:
    """Say whether a NUL character stands in any text of a JSON value, names included."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any("\0" in name or has_nul(one) for name, one in value.items())
    return isinstance(value, list) and any(map(has_nul, value))


def _diagnose(body: bytes, problem: Exception) -> tuple[str, str]:
    if b"\0" in body:
        return reasons.NUL_CHARACTER, ""
    if _NOT_A_NUMBER.search(_TEXT.sub(b'""', body)):
        return reasons.NOT_A_NUMBER, ""
    if "surrogate" in str(problem) or ("truncated" in str(problem) and _SURROGATE.search(body)):
        return reasons.LONE_SURROGATE, ""
    return reasons.INVALID_JSON, str(problem)
