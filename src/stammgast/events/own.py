"""Own events: what Stammgast derived or did, about somebody it knows already.

They carry their origin and name an existing anchor, the profile's own number. They bring no identifiers, so they link nobody;
folds, accounts and sessions leave them out. No sender can make one: the origin is read from entries of our own only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from stammgast.events import reasons
from stammgast.events.contracts import Event, OwnEvent, RawEvent, Rejected
from stammgast.events.wire import KIND_DERIVED
from stammgast.kernel import clock
from stammgast.kernel.ids import SourceId
from stammgast.kernel.log import LogEntry

OWN_BYTES_MAX = 32 * 1024
ANCHOR_MAX = 2**32 - 1

_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(OwnEvent).decode


def own_digest(message_id: str) -> bytes:
    """Return the 16 bytes under which an own event is remembered: an id space that senders can't reach."""
    return hashlib.blake2b(b"o" + message_id.encode(), digest_size=16).digest()


def own_body(one: OwnEvent) -> bytes:
    """Return an own event as the log and history keep it. Raises ValueError when it is larger than any event may be."""
    body = _encode(one)
    if len(body) > OWN_BYTES_MAX:
        raise ValueError(f"an own event of {len(body)} bytes; at most {OWN_BYTES_MAX}")
    return body


def own_raw(one: OwnEvent, position: int, ordinal: int, received_at: int) -> RawEvent:
    """Return an own event as if it stood at a place of the log."""
    return RawEvent(position, ordinal, SourceId(0), received_at, own_body(one), kind=KIND_DERIVED)


def own_entry(events: Sequence[OwnEvent]) -> LogEntry:
    """Return own events as an entry of the log."""
    body = b'{"batch":[' + b",".join(own_body(one) for one in events) + b"]}"
    return LogEntry(clock.now_millis(), 0, len(events), KIND_DERIVED, b"", body)


def read_own(raw: RawEvent) -> Event | Rejected:
    """Return the event in an entry of our own."""
    try:
        one = _decode(raw.body)
    except msgspec.DecodeError as problem:
        return Rejected(raw=raw, reason=reasons.WRONG_TYPE, detail=str(problem), type="track")
    if not (one.origin and one.name and one.message_id and 0 < one.profile <= ANCHOR_MAX):
        return Rejected(raw=raw, reason=reasons.UNKNOWN_PROFILE, detail=str(one.profile), name=one.name, type="track")
    said = _encode((one.name, one.properties))
    return Event(
        message_id=one.message_id,
        digest=own_digest(one.message_id),
        content=int.from_bytes(hashlib.blake2b(said, digest_size=8).digest(), "big", signed=True),
        type="track",
        name=one.name,
        time=raw.received_at if one.time is None else one.time,
        received_at=raw.received_at,
        properties=one.properties,
        raw=raw.body,
        origin=one.origin,
        about=one.profile,
    )
