"""From a log entry to events: expanded, validated, clocks corrected, ids tidied, money and consent read, enriched.

Pure: the same entry and rules give the same events, whenever and however often they are read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn, cast

import msgspec

from stammgast.events import reasons
from stammgast.events.contracts import Event, EventType, RawEvent, Rejected, Rules
from stammgast.events.enrichment.api import enrich
from stammgast.events.identifiers import IDENTIFIER_LENGTH_MAX, read_identifiers
from stammgast.events.moments import correct_clock, keep_clock, read_moment
from stammgast.events.money import read_money
from stammgast.events.own import read_own
from stammgast.events.said import person_traits, read_consent
from stammgast.events.schemas import schema_problem
from stammgast.events.splitting import split_batch
from stammgast.events.wire import (
    KIND_BATCH,
    KIND_DERIVED,
    KIND_IMPORT,
    KIND_INTERNAL,
    KIND_OWN,
    Unreadable,
    WireEvent,
    read_meta,
    read_name_tags,
    read_wire,
    with_batch_fields,
)
from stammgast.kernel.ids import BrandId, SourceId, digest128
from stammgast.kernel.log import LogEntry

MESSAGE_ID_LENGTH_MAX = 100
NAME_LENGTH_MAX = 255
PROPERTIES_MAX = 300
EVENT_BYTES_MAX = 32 * 1024
IMPORT_EVENT_BYTES_MAX = 1024 * 1024

_TYPES = frozenset({"track", "identify", "page", "screen", "group", "alias"})
_BATCHES = frozenset({KIND_BATCH, KIND_IMPORT, KIND_OWN, KIND_DERIVED})
_NOTHING: Mapping[str, Any] = {}


class _Named(msgspec.Struct, gc=False, rename="camel"):
    message_id: str | int | float | None = None


_decode_named = msgspec.json.Decoder(_Named).decode
_encode_sorted = msgspec.json.Encoder(order="deterministic").encode


def read_entry(entry: LogEntry, rules: Rules) -> list[Event | Rejected]:
    """Return the entry's events in its order; those that are not valid as Rejected. Orders to the worker hold none."""
    return [read_raw(raw, rules) for raw in expand(entry)]


def expand(entry: LogEntry) -> Iterator[RawEvent]:
    """Yield the entry's events, not yet looked into, each with what its batch says for all."""
    if entry.kind == KIND_INTERNAL:
        return
    meta = read_meta(entry.meta)
    source = SourceId(entry.source)
    if entry.kind not in _BATCHES:
        yield RawEvent(entry.position, 0, source, entry.received_at, entry.body, kind=entry.kind, meta=meta)
        return
    body = split_batch(entry.body)
    sent_at = _sent_at(bytes(body.sent_at))
    context, integrations = bytes(body.context), bytes(body.integrations)
    is_import = entry.kind == KIND_IMPORT
    for ordinal, one in enumerate(body.batch):
        raw = bytes(one)
        if context or integrations:
            raw = with_batch_fields(raw, context, integrations)
        yield RawEvent(entry.position, ordinal, source, entry.received_at, raw, is_import, entry.kind, sent_at, meta)


def read_raw(raw: RawEvent, rules: Rules) -> Event | Rejected:
    """Read one event; a replay of a quarantined one reads it exactly as the first time, but by the present rules."""
    if raw.kind == KIND_DERIVED:
        return read_own(raw)
    if len(raw.body) > (IMPORT_EVENT_BYTES_MAX if raw.is_import else EVENT_BYTES_MAX):
        return _rejected(raw, reasons.EVENT_TOO_LARGE, f"{len(raw.body)} bytes")
    try:
        event = _read(raw, read_wire(raw.body), rules)
    except Unreadable as problem:
        return _rejected(raw, *problem.args)
    if event.type == "track" and (refused := _refused_by_schema(event, rules)):
        return reject(raw, event, *refused)
    if rules.enrichment is not None:
        is_customers = raw.meta.is_browser or event.context.get("direct") is True
        event.is_staff = raw.ordinal in raw.meta.staff_ordinals
        if is_customers and raw.meta.ip and "ip" not in event.context:
            event.context["ip"] = raw.meta.ip
            event.is_staff = raw.meta.is_staff
        enrich(event, raw.meta.ip if is_customers else "", raw.meta.user_agent, rules.enrichment)
    return event


def reject(raw: RawEvent, event: Event, reason: str, detail: str) -> Rejected:
    """Send an event that could be read to the quarantine after all; `raw` is its place in `list(expand(entry))`."""
    return Rejected(
        raw=raw,
        reason=reason,
        detail=detail,
        message_id=event.message_id,
        digest=event.digest,
        time=event.time,
        name=event.name,
        type=event.type,
    )


def _read(raw: RawEvent, wire: WireEvent, rules: Rules) -> Event:
    kind = _type_of(raw, wire)
    message_id = id_text(wire.message_id, MESSAGE_ID_LENGTH_MAX, reasons.MESSAGE_ID_TOO_LONG)
    name = _name_of(kind, wire)
    user_id = "" if wire.user_id is None else id_text(wire.user_id)
    anonymous_id = "" if wire.anonymous_id is None else id_text(wire.anonymous_id)
    group_id = "" if wire.group_id is None else id_text(wire.group_id)
    previous_id = "" if wire.previous_id is None else id_text(wire.previous_id)
    is_nobody = wire.subject == "none" and (raw.is_import or raw.kind == KIND_OWN)
    _check_identity(kind, is_nobody or bool(user_id or anonymous_id), group_id, previous_id)
    properties, traits, context = wire.properties or {}, wire.traits or {}, wire.context or {}
    if len(properties) > PROPERTIES_MAX or len(traits) > PROPERTIES_MAX:
        _refuse(reasons.TOO_MANY_PROPERTIES, str(max(len(properties), len(traits))))
    time, original, flags = _when(raw, wire)
    persons = person_traits(kind, traits, context)
    message_id = message_id or _made_id(raw)
    amount, currency = read_money(name, properties, raw.body, rules.currency) if kind == "track" else (None, "")
    return Event(
        message_id=message_id,
        digest=message_digest(message_id, is_import=raw.is_import),
        content=_content(kind, name, user_id, anonymous_id, group_id, previous_id, wire),
        type=kind,
        name=name,
        time=time,
        received_at=raw.received_at,
        original_time=original,
        source=raw.source,
        brand=rules.brands.get(raw.source, BrandId(0)),
        user_id="" if is_nobody else user_id,
        anonymous_id="" if is_nobody else anonymous_id,
        group_id=group_id or _account_of(context),
        previous_id=previous_id,
        properties=properties,
        traits=traits if kind == "group" else persons,
        context=context,
        identifiers=()
        if is_nobody
        else read_identifiers(
            user_id,
            anonymous_id,
            previous_id if kind == "alias" else "",
            context,
            (persons, properties) if kind == "track" else (persons,),
            rules.identifier_traits,
        ),
        is_subjectless=is_nobody,
        is_import=raw.is_import,
        flags=flags,
        raw=raw.body,
        amount=amount,
        currency=currency,
        opts_out_of_sale=raw.meta.opts_out_of_sale,
        consent=read_consent(context, opts_out_of_sale=raw.meta.opts_out_of_sale),
    )


def message_digest(message_id: str, *, is_import: bool = False) -> bytes:
    """Return the 16 bytes under which a message id is remembered; imports have an id space of their own."""
    text = (b"i" if is_import else b"m") + message_id.encode()
    return hashlib.blake2b(text, digest_size=16).digest()


def message_id_of(raw: RawEvent) -> str:
    """Return the message id that an event brought, tidied; empty when it brought none that can be read."""
    try:
        return id_text(_decode_named(raw.body).message_id, MESSAGE_ID_LENGTH_MAX, reasons.MESSAGE_ID_TOO_LONG)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _short_text(read_name_tags(raw.body).get("messageId"), MESSAGE_ID_LENGTH_MAX)
    except Unreadable:
        return ""


def _refuse(reason: str, detail: str = "") -> NoReturn:
    raise Unreadable(reason, detail)


def _type_of(raw: RawEvent, wire: WireEvent) -> EventType:
    kind = wire.type if raw.kind in _BATCHES else raw.kind
    if kind not in _TYPES:
        _refuse(reasons.UNKNOWN_TYPE, repr(kind))
    return cast("EventType", kind)


def id_text(value: str | float | None, length_max: int = IDENTIFIER_LENGTH_MAX, too_long: str = "") -> str:
    """Return an id as trimmed text, empty when there is none; SDKs send numbers too."""
    if not isinstance(value, str):
        if value is None:
            return ""
        value = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    value = value.strip()
    if len(value) > length_max:
        _refuse(too_long or reasons.IDENTIFIER_TOO_LONG, f"{len(value)} characters")
    return value


def _account_of(context: dict[str, Any]) -> str:
    """Return the account that `context.groupId` names, as SDKs add it to all that follows a group call; empty when none."""
    said = context.get("groupId")
    if said is None or isinstance(said, bool) or not isinstance(said, (str, int, float)):
        return ""
    try:
        return id_text(said)
    except Unreadable:
        return ""


def _name_of(kind: str, wire: WireEvent) -> str:
    if kind == "track":
        name = id_text(wire.event, NAME_LENGTH_MAX, reasons.NAME_TOO_LONG)
        return name or _refuse(reasons.MISSING_EVENT)
    if kind in ("page", "screen"):
        return id_text(wire.name, NAME_LENGTH_MAX, reasons.NAME_TOO_LONG)
    return ""


def _check_identity(kind: str, has_identity: bool, group_id: str, previous_id: str) -> None:
    if not has_identity:
        _refuse(reasons.MISSING_IDENTITY)
    if kind == "group" and not group_id:
        _refuse(reasons.MISSING_GROUP)
    if kind == "alias" and not previous_id:
        _refuse(reasons.MISSING_PREVIOUS)


def _when(raw: RawEvent, wire: WireEvent) -> tuple[int, int | None, tuple[str, ...]]:
    """Return (time, what the sender said, flags)."""
    said = wire.original_timestamp or wire.timestamp
    try:
        original = None if said is None or said == "" else read_moment(said)
    except (ValueError, OverflowError):
        _refuse(reasons.INVALID_TIMESTAMP, f"{said!r:.100}")
    if raw.is_import:
        time, flags = keep_clock(original, raw.received_at)
    else:
        sent_at = raw.sent_at if raw.sent_at is not None else _moment_or_none(wire.sent_at)
        time, flags = correct_clock(original, sent_at, raw.received_at)
    return time, original, flags


def _moment_or_none(stamp: str | float | None) -> int | None:
    """Return a `sentAt`; one that can't be read only means that the clock can't be corrected."""
    try:
        return None if stamp is None else read_moment(stamp)
    except (ValueError, OverflowError):
        return None


def _sent_at(encoded: bytes) -> int | None:
    try:
        return _moment_or_none(msgspec.json.decode(encoded, type=str | int | float | None)) if encoded else None
    except msgspec.DecodeError:
        return None


def _made_id(raw: RawEvent) -> str:
    """Name an event that came without a messageId by its place, which never changes."""
    place = b"%d/%d" % (raw.position, raw.ordinal)
    return f"made-{digest128(place, raw.body).hex()}"


def _content(
    kind: str, name: str, user_id: str, anonymous_id: str, group_id: str, previous_id: str, wire: WireEvent
) -> int:
    """Return a digest of what the event says, the same when an SDK sends it again: no `sentAt`, no context."""
    said = wire.original_timestamp or wire.timestamp
    ids = (user_id, anonymous_id, group_id, previous_id)
    text = _encode_sorted((kind, name, ids, said, wire.properties, wire.traits))
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big", signed=True)


def _refused_by_schema(event: Event, rules: Rules) -> tuple[str, str] | None:
    schema = rules.schemas.get(event.name)
    if schema is None:
        return None
    if schema.is_blocked:
        return reasons.EVENT_BLOCKED, ""
    problem = schema_problem(schema, event.properties)
    return (reasons.SCHEMA_MISMATCH, problem) if problem else None


def _rejected(raw: RawEvent, reason: str, detail: str) -> Rejected:
    """Name a broken event as well as it can be named."""
    seen = read_name_tags(raw.body)
    message_id = _short_text(seen.get("messageId"), MESSAGE_ID_LENGTH_MAX)
    kind = _short_text(seen.get("type"), 20) if raw.kind in _BATCHES else raw.kind
    return Rejected(
        raw=raw,
        reason=reason,
        detail=detail,
        message_id=message_id,
        digest=message_digest(message_id, is_import=raw.is_import) if message_id else b"",
        name=_short_text(seen.get("event") or seen.get("name"), NAME_LENGTH_MAX),
        type=kind,
    )


def _short_text(value: object, length: int) -> str:
    """Return text that every database takes, cut to a length."""
    return value.strip().replace("\0", "")[:length] if isinstance(value, str) else ""
