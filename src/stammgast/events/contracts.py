"""The event as every later stage sees it, and what becomes of one that is not valid."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from stammgast.events.enrichment.snapshot import EnrichmentRules
from stammgast.kernel.ids import BrandId, SourceId

EventType = Literal["track", "identify", "page", "screen", "group", "alias"]

MICROS = 1_000_000
"""Money is counted in whole millionths of its currency's unit: exact, and it fits Decimal(38, 6)."""

SCREENED_OUT = ("clock_clamped", "clock_uncorrected")


class EntryMeta(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What the request said beside its body; kept with the log entry and with a quarantined event.

    `ip` is truncated already. `is_browser`: a page sent it, so its address and agent are the customer's, not a server's.
    """

    ip: str = ""
    user_agent: str = ""
    is_browser: bool = False
    opts_out_of_sale: bool = False
    """`Sec-GPC: 1` (Global Privacy Control)."""
    is_staff: bool = False
    """The full address lay in a staff network that the truncated one can't be told to lie in."""
    staff_ordinals: tuple[int, ...] = ()
    """Which events said so of themselves (`context.ip`), by their place in the request."""


class RawEvent(msgspec.Struct, frozen=True, gc=False):
    """One event of a log entry, not yet looked into; all that reading it (again) needs.

    position: of its log entry; ordinal: its place in that entry, from 0. Both together never change, so an event that
    came without a messageId gets one made from them. `body` is the event's own JSON, with what its batch said for all.
    `received_at` and `sent_at` (of the batch, None when it says none) in ms UTC. `kind` is the log entry's.
    """

    position: int
    ordinal: int
    source: SourceId
    received_at: int
    body: bytes
    is_import: bool = False
    kind: str = "batch"
    sent_at: int | None = None
    meta: EntryMeta = EntryMeta()


class Event(msgspec.Struct, gc=False, kw_only=True):
    """A valid event: decoded, its clock corrected, enriched. Times are ms since 1970 UTC.

    `identifiers` are raw (namespace, value) pairs, distinct and sorted; what a pair is worth is for `profiles` to say.
    An event with `is_subjectless` belongs to nobody: anchor 0, on no profile, never joinable.
    """

    message_id: str
    digest: bytes
    """16 bytes: digest128 of the message id (imports: of their own id space)."""
    content: int
    """64-bit digest of the event's own content, to tell a resend from a reused message id (signed, fits SQLite)."""
    type: EventType
    name: str = ""
    """Event of a track, name of a page or screen, else empty."""
    time: int
    received_at: int
    original_time: int | None = None
    source: SourceId = SourceId(0)
    brand: BrandId = BrandId(0)
    user_id: str = ""
    anonymous_id: str = ""
    group_id: str = ""
    previous_id: str = ""
    properties: dict[str, Any] = msgspec.field(default_factory=dict)
    """Of track, page and screen; numbers as they came."""
    traits: dict[str, Any] = msgspec.field(default_factory=dict)
    """Of identify (person) and group (account), else `context.traits` (person)."""
    context: dict[str, Any] = msgspec.field(default_factory=dict)
    identifiers: tuple[tuple[str, str], ...] = ()
    is_subjectless: bool = False
    is_import: bool = False
    flags: tuple[str, ...] = ()
    """What was done to it on the way in, e.g. `clock_clamped`."""
    raw: bytes = b""
    """Its own JSON, addresses truncated, for replay."""

    # Enrichment; every text is empty when it is not known.
    channel: str = ""
    touchpoint: str = ""
    device: str = ""
    """desktop, mobile, tablet, tv, console, server or empty."""
    browser: str = ""
    os: str = ""
    country: str = ""
    """ISO 3166-1 alpha-2."""
    language: str = ""
    """ISO 639-1."""
    referrer_medium: str = ""
    """direct, search, social, mail, assistant, referral, internal, paid."""
    referrer_name: str = ""
    campaign_source: str = ""
    campaign_medium: str = ""
    campaign_name: str = ""
    campaign_term: str = ""
    campaign_content: str = ""
    click_id: str = ""
    """Kind of the advertiser's click id, e.g. `gclid`; never its value."""
    page_path: str = ""
    page_title: str = ""
    is_bot: bool = False
    is_staff: bool = False

    amount: int | None = None
    """Money of the event in MICROS of `currency`; None when it carries none. Negative for a refund."""
    currency: str = ""
    opts_out_of_sale: bool = False
    """`Sec-GPC: 1` came with the request."""
    origin: str = ""
    """Which part of Stammgast made an own event (`segments`, `outgoing`); empty for what a sender sent. Never read from the wire."""
    about: int = 0
    """The anchor that an own event names: the number of a profile. It links nobody and is in no figure."""
    consent: dict[str, bool] | None = None
    """Category -> agreed, None when the event says nothing about it. `Sec-GPC: 1` is in as {"sale_of_data": False}."""


class Rejected(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An event that goes to the quarantine. `reason` is machine-readable, `detail` says what to mend."""

    raw: RawEvent
    reason: str
    detail: str
    message_id: str = ""
    digest: bytes = b""
    time: int | None = None
    name: str = ""
    type: str = ""


class Quarantined(msgspec.Struct, frozen=True, kw_only=True):
    """A rejected event as it lies in the quarantine. `is_discarded`: a person has let it go; its body is gone."""

    id: int
    rejected: Rejected
    quarantined_at: int
    is_discarded: bool = False


Fate = Literal["accepted", "deduplicated", "quarantined", "discarded", "suppressed", "processed"]


class MessageRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What the worker remembers of a message id it has taken in.

    copies: how often the same came again and was dropped. profile: its number, None when it belongs to nobody.
    suppressed_by: the erasure that keeps it out, empty when none does. segments: names of those entered through it.
    """

    received_at: int | None = None
    copies: int = 0
    profile: int | None = None
    suppressed_by: str = ""
    segments: tuple[str, ...] = ()


@dataclass(frozen=True)
class MessageBook:
    """What `profiles` tells the events module about the worker; its manifest offers one as a service.

    committed_position: the log position that the worker has committed, 0 when it never did. message: what is remembered
    of a message by its digest, None when it never came or is older than what is remembered.
    """

    committed_position: Callable[[], int]
    message: Callable[[bytes], MessageRecord | None]


class Receipt(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of a message id. One that is `accepted` is on disk and waits for the worker."""

    message_id: str
    fate: Fate
    reason: str = ""
    detail: str = ""
    quarantine_id: int | None = None
    received_at: int | None = None
    copies: int = 0
    profile_id: int | None = None
    suppressed_by: str = ""
    segments: tuple[str, ...] = ()


PropertyType = Literal["string", "number", "integer", "boolean", "array", "object", "any"]
PROPERTY_TYPES: tuple[PropertyType, ...] = ("string", "number", "integer", "boolean", "array", "object", "any")


class EventSchema(msgspec.Struct, frozen=True):
    """What a track event of one name must look like. `is_blocked`: it may not come in at all."""

    name: str
    required: tuple[tuple[str, PropertyType], ...] = ()
    """Properties that must be there and not null, with the type each must have."""
    is_blocked: bool = False


DEFAULT_IDENTIFIER_TRAITS: Mapping[str, str] = {"email": "email", "phone": "phone"}


@dataclass(frozen=True)
class Rules:
    """A snapshot of all that reading takes from control data; pure data, so that the same entry reads the same twice.

    schemas: by event name. brands: of each source. identifier_traits: trait name -> namespace of the identifier.
    currency: of amounts that name none (the company's reporting currency), empty when there is none.
    """

    schemas: Mapping[str, EventSchema] = field(default_factory=dict)
    brands: Mapping[SourceId, BrandId] = field(default_factory=dict)
    identifier_traits: Mapping[str, str] = field(default_factory=lambda: DEFAULT_IDENTIFIER_TRAITS)
    currency: str = ""
    enrichment: EnrichmentRules | None = None
    """None: events are not enriched."""


class OwnEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What Stammgast derived or did, to stand on a timeline: `name` and `properties` as in a track call.

    origin: the part of Stammgast. profile: the number of whom it is about. message_id: `kernel.effects.derived_message_id`,
    so that it counts once. time: ms UTC, None for when it is taken in.
    """

    origin: str
    profile: int
    name: str
    message_id: str
    properties: dict[str, Any] = msgspec.field(default_factory=dict)
    time: int | None = None


class Taken(msgspec.Struct, gc=False):
    """One event on its way through a batch. `quarantine_id` is set for a replayed one, `queued` for one of the queue."""

    event: Event
    raw: RawEvent | None = None
    quarantine_id: int | None = None
    anchor: int = 0
    queued: int | None = None
    cause: Taken | None = None
    """The event of the log that set this one off, however deep."""
