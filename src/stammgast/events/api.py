"""What other modules may ask of events. The worker reads log entries and keeps the quarantine through it; web asks it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from stammgast.events import orders
from stammgast.events.catalogue.contracts import (
    EventDescription,
    EventName,
    PropertyKind,
    SeenEvent,
    SeenProperty,
    ValueCount,
)
from stammgast.events.catalogue.reading import (
    declared_kinds,
    describe_event,
    describe_properties,
    events_left_out,
    example_values,
    property_values,
    seen_event,
    seen_events,
    seen_properties,
)
from stammgast.events.channel_rules import tidy_hosts
from stammgast.events.collecting.scrubbing import scrub_body
from stammgast.events.contracts import EntryMeta, EventSchema, MessageBook, OwnEvent, Quarantined, Rules
from stammgast.events.definitions import RulesCache
from stammgast.events.enrichment.rules import CHANNELS, DEFAULT_CHANNEL_RULES, PAYMENT_HOSTS, ChannelRule
from stammgast.events.orders import DISCARD, REPLAY, TRY_AGAIN, Order, is_id, order_entry, read_order
from stammgast.events.own import own_body, own_digest, own_entry, own_raw, read_own
from stammgast.events.reading import expand, id_text, message_digest, read_entry, read_raw, reject
from stammgast.events.reasons import (
    DERIVED_TOO_MUCH,
    MESSAGE_ID_REUSED,
    PROCESSING_FAILED,
    REASON_LABELS,
    REASONS,
    UNKNOWN_PROFILE,
)
from stammgast.events.receipts import receipt
from stammgast.events.said import Said, person_traits, read_consent, read_said
from stammgast.events.store import definitions
from stammgast.events.store.quarantine import (
    add_quarantined,
    count_quarantined,
    discard_quarantined,
    list_quarantined,
    quarantined_bodies_of,
    quarantined_by_ids,
    quarantined_ids,
    remove_quarantined,
    requarantine,
)
from stammgast.events.wire import KIND_DERIVED, KIND_IMPORT, KIND_INTERNAL, KIND_OWN, encode_meta
from stammgast.events.words import (
    CHANNEL_ICONS,
    CHANNEL_LABELS,
    EVENT_LABELS,
    TYPE_ICONS,
    TYPE_LABELS,
    event_icon,
    event_label,
    is_own_name,
)
from stammgast.kernel import clock
from stammgast.kernel.errors import Invalid, NotFound
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.ids import SourceId
from stammgast.kernel.log import LogEntry, LogWriter
from stammgast.kernel.runtime import Runtime
from stammgast.workspace.api import changing
from stammgast.workspace.contracts import Actor

__all__ = [
    "CHANNELS",
    "CHANNEL_ICONS",
    "CHANNEL_LABELS",
    "DERIVED_TOO_MUCH",
    "DISCARD",
    "EVENT_LABELS",
    "KIND_DERIVED",
    "KIND_IMPORT",
    "KIND_INTERNAL",
    "MESSAGE_ID_REUSED",
    "PROCESSING_FAILED",
    "REASONS",
    "REASON_LABELS",
    "REPLAY",
    "TRY_AGAIN",
    "TYPE_ICONS",
    "TYPE_LABELS",
    "UNKNOWN_PROFILE",
    "EventDescription",
    "EventName",
    "MessageBook",
    "Order",
    "PropertyKind",
    "Said",
    "SeenEvent",
    "SeenProperty",
    "ValueCount",
    "add_quarantined",
    "append_derived",
    "append_order",
    "append_own",
    "change_channel_rules",
    "change_payment_hosts",
    "channel_rules",
    "declared_kinds",
    "delete_event_schema",
    "describe_event",
    "describe_properties",
    "discard_quarantined",
    "encode_meta",
    "event_icon",
    "event_label",
    "event_schemas",
    "events_left_out",
    "example_values",
    "expand",
    "id_text",
    "is_id",
    "is_own_name",
    "message_digest",
    "order_discard",
    "order_entry",
    "order_replay",
    "own_body",
    "own_digest",
    "own_raw",
    "payment_hosts",
    "person_traits",
    "property_values",
    "quarantine_counts",
    "quarantine_page",
    "quarantined_bodies_of",
    "quarantined_by_ids",
    "read_consent",
    "read_entry",
    "read_order",
    "read_own",
    "read_raw",
    "read_said",
    "receipt",
    "reject",
    "remove_quarantined",
    "requarantine",
    "rules",
    "save_event_schema",
    "scrub_body",
    "seen_event",
    "seen_events",
    "seen_properties",
]

REASON_IDS_MAX = 100_000
"""Most events that one order "all of this reason" takes; a person may order again."""


class SchemaNotFound(NotFound):
    """There is no schema for events named {name}."""

    code = "not_found"


def rules(runtime: Runtime) -> Rules:
    """Return the rules by which events are read, at most a second old; the same object while nothing has changed."""
    cache: RulesCache = runtime.services.setdefault(RulesCache, RulesCache())
    return cache.current(runtime)


def event_schemas(runtime: Runtime) -> list[EventSchema]:
    """Return all event schemas by name."""
    with runtime.control.read() as connection:
        return definitions.list_event_schemas(connection)


def save_event_schema(runtime: Runtime, by: Actor, schema: EventSchema) -> None:
    """Write a schema over the one of the same name; it counts for events read from now on (a second late at most)."""
    with changing(runtime, by) as change:
        definitions.save_event_schema(change.connection, schema)
        change.note("event_schema.save", schema.name, blocked=schema.is_blocked, required=list(schema.required))


def delete_event_schema(runtime: Runtime, by: Actor, name: str) -> None:
    """Delete a schema. Raises SchemaNotFound."""
    with changing(runtime, by) as change:
        if not definitions.delete_event_schema(change.connection, name):
            raise SchemaNotFound(name=name)
        change.note("event_schema.delete", name)


def channel_rules(runtime: Runtime) -> tuple[ChannelRule, ...]:
    """Return the channel rules in their order: a person's, or those Stammgast comes with."""
    with runtime.control.read() as connection:
        stored = definitions.list_channel_rules(connection)
    return DEFAULT_CHANNEL_RULES if stored is None else stored


def change_channel_rules(runtime: Runtime, by: Actor, lines: Sequence[ChannelRule]) -> None:
    """Replace the channel rules; none brings back those Stammgast comes with."""
    with changing(runtime, by) as change:
        definitions.replace_channel_rules(change.connection, lines)
        change.note("channel_rules.change", "", count=len(lines))


def payment_hosts(runtime: Runtime) -> tuple[str, ...]:
    """Return the hosts of payment providers, which are no referrers: a person's, or those Stammgast comes with."""
    with runtime.control.read() as connection:
        stored = definitions.list_payment_hosts(connection)
    return PAYMENT_HOSTS if stored is None else stored


def change_payment_hosts(runtime: Runtime, by: Actor, hosts: Sequence[str] | None) -> None:
    """Replace the list; None brings back those Stammgast comes with. Raises Invalid for what is no host."""
    tidied = None if hosts is None else tidy_hosts(hosts)
    with changing(runtime, by) as change:
        definitions.replace_payment_hosts(change.connection, tidied)
        change.note("payment_hosts.change", "", count=len(tidied or ()))


def quarantine_counts(runtime: Runtime) -> Mapping[str, int]:
    """Return how many events wait in the quarantine, by reason."""
    with runtime.customers.read() as connection:
        return count_quarantined(connection)


def quarantine_page(
    runtime: Runtime, *, reason: str = "", source: int | None = None, before: int | None = None, limit: int = 50
) -> list[Quarantined]:
    """Return waiting events, newest first, before the id `before`; empty `reason` and no `source` mean any."""
    with runtime.customers.read() as connection:
        return list_quarantined(connection, reason=reason, source=source, before=before, limit=limit)


def order_replay(runtime: Runtime, *, by: Actor, ids: Sequence[int] = (), reason: str = "") -> int:
    """Order the worker to read quarantined events again; return how many. `reason` orders all that wait with it."""
    return _order(runtime, orders.REPLAY, by, ids, reason)


def order_discard(runtime: Runtime, *, by: Actor, ids: Sequence[int] = (), reason: str = "") -> int:
    """Order the worker to let quarantined events go; return how many. `reason` orders all that wait with it."""
    return _order(runtime, orders.DISCARD, by, ids, reason)


def append_own(
    runtime: Runtime, source: SourceId, events: Sequence[Mapping[str, object]], *, is_staff: bool = False
) -> int:
    """Append events that Stammgast itself collected (an answered survey, a reply) and wait until they are on disk.

    Each is shaped as on the wire; it may carry `subject: none`. `is_staff`: what people here did, not the customer; it
    counts in no figure. Returns the log position.
    """
    body = msgspec.json.encode({"batch": list(events)})
    meta = encode_meta(EntryMeta(staff_ordinals=tuple(range(len(events))))) if is_staff else b""
    entry = LogEntry(clock.now_millis(), source, len(events), KIND_OWN, meta, body)
    return runtime.service(LogWriter).append_sync(entry)


def append_derived(runtime: Runtime, events: Sequence[OwnEvent]) -> int:
    """Append own events (web process only: it writes the log) and wait until they are on disk; return the log position.

    The worker itself, and what runs in its process, uses `kernel.effects.Derive` or `pipeline`'s queue instead.
    """
    return runtime.service(LogWriter).append_sync(own_entry(events))


def append_order(runtime: Runtime, action: str, facts: object) -> int:
    """Append an order of a module (`kernel.keeping.OrderKind`) and wait until it is on disk; return the log position."""
    order = Order(action, facts=msgspec.to_builtins(facts))
    return runtime.service(LogWriter).append_sync(orders.order_entry(order))


def _order(runtime: Runtime, action: str, by: Actor, ids: Sequence[int], reason: str) -> int:
    if reason:
        with runtime.customers.read() as connection:
            ids = quarantined_ids(connection, reason, REASON_IDS_MAX)
    if not all(map(is_id, ids)):
        raise Invalid(field="ids", problem=_("a number that names no event"))
    with changing(runtime, by) as change:
        change.note(f"quarantine.{action}", reason, count=len(ids))
    writer = runtime.service(LogWriter)
    for future in [writer.append(orders.order_entry(one)) for one in orders.split_order(action, ids)]:
        future.result()
    return len(ids)
