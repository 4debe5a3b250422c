"""Finding the events in a request's body without giving up on all of them when one is broken.

A well-formed body is split by msgspec in one go. The other way, taken only when that fails, walks over the structure
characters and never looks into an event, so that one with NaN or a NUL byte in it leaves its neighbours alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from stammgast.kernel.errors import StammgastError

# A quote that opens no closed text matches alone, and ends the walk there: without it a hostile body with many escaped
# quotes would make the search start again at each of them.
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|"', re.DOTALL)
_OPENING = frozenset(b"{[")
_CLOSING = {ord("}"): ord("{"), ord("]"): ord("[")}


class NotJson(StammgastError):
    """The body is not valid JSON: {problem}."""

    code = "invalid_json"


class Body(msgspec.Struct, gc=False):
    """A request's body, its events not yet looked into. What is absent is an empty Raw."""

    batch: list[msgspec.Raw]
    sent_at: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="sentAt")
    context: msgspec.Raw = msgspec.Raw()
    integrations: msgspec.Raw = msgspec.Raw()
    write_key: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="writeKey")


_decode_body = msgspec.json.Decoder(Body).decode


def split_batch(body: bytes) -> Body:
    """Return the events of a batch, as they stand in the body.

    Raises NotJson when the body is no JSON object with a list named `batch`.

    >>> [bytes(one) for one in split_batch(b'{"batch": [{"a": NaN}, {}]}').batch]
    [b'{"a": NaN}', b'{}']
    """
    try:
        return _decode_body(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        members = split_object(body)
    if "batch" not in members:
        raise NotJson(problem="there is no list named batch in it")
    raw = {name: msgspec.Raw(members.get(name, b"")) for name in ("sentAt", "context", "integrations", "writeKey")}
    items = [msgspec.Raw(one) for one in split_array(members["batch"])]
    return Body(items, raw["sentAt"], raw["context"], raw["integrations"], raw["writeKey"])


def split_object(text: bytes) -> dict[str, bytes]:
    """Return the members of a JSON object, values untouched. Raises NotJson when brackets or quotes don't close.

    >>> split_object(b'{"a": {"b": NaN}, "c": 1}')
    {'a': b'{"b": NaN}', 'c': b'1'}
    """
    members = {}
    for part in _parts(text, b"{"):
        name, _, value = _name_and_value(part)
        members[name] = value
    return members


def split_array(text: bytes) -> list[bytes]:
    """Return the items of a JSON array, untouched. Raises NotJson as `split_object` does."""
    return list(_parts(text, b"["))


def _name_and_value(part: bytes) -> tuple[str, bytes, bytes]:
    named = _TOKEN.match(part)
    if named is None or len(named.group()) < 2 or part[0] != ord('"'):  # noqa: PLR2004 - both quotes
        raise NotJson(problem="a member has no name")
    rest = part[named.end() :].lstrip()
    if not rest.startswith(b":"):
        raise NotJson(problem="a member has no value")
    name = named.group()[1:-1].decode("utf-8", "replace")
    return name, b":", rest[1:].strip()


def _parts(text: bytes, opening: bytes) -> Iterator[bytes]:
    """Yield what stands between the commas of the outermost object or array."""
    text = text.strip()
    if not text.startswith(opening):
        raise NotJson(problem=f"{opening.decode()} expected at the beginning")
    stack: list[int] = []
    start = 1
    for token in _TOKEN.finditer(text):
        first = text[token.start()]
        if first in _OPENING:
            stack.append(first)
        elif first in _CLOSING:
            if not stack or stack.pop() != _CLOSING[first]:
                raise NotJson(problem=f"a bracket at byte {token.start()} closes nothing")
            if not stack:
                yield from _last_part(text, start, token.end())
                return
        elif first == ord(",") and len(stack) == 1:
            yield text[start : token.start()].strip()
            start = token.end()
        elif token.group() == b'"':
            raise NotJson(problem=f"the text at byte {token.start()} does not end")
    raise NotJson(problem="it ends too early")


def _last_part(text: bytes, start: int, end: int) -> Iterator[bytes]:
    if text[end:].strip():
        raise NotJson(problem="something follows its end")
    if last := text[start : end - 1].strip():
        yield last
