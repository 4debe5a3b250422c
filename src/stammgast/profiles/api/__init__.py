"""What other modules and pages may ask of profiles."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from stammgast.events.api import message_digest, own_digest
from stammgast.events.contracts import MessageBook, MessageRecord
from stammgast.identity.graph.placing import NOBODY
from stammgast.identity.identifiers import normal_identifier
from stammgast.identity.rulebook.force import rules_now, rules_seen
from stammgast.identity.store import graph
from stammgast.kernel.ids import Anchor, BrandId, ProfileId
from stammgast.kernel.ports.asking import narrowed_by
from stammgast.kernel.position import committed_position
from stammgast.kernel.runtime import Runtime
from stammgast.kernel.worker_status import WorkerStatus, read_status
from stammgast.profiles import history, undelivered
from stammgast.profiles.contracts import (
    ChannelCount,
    Consent,
    CustomerFilter,
    CustomerPage,
    CustomerRow,
    Merge,
    NoSuchProfile,
    Profile,
    RecentEvent,
    SortBy,
    TimelinePage,
)
from stammgast.profiles.cursors import Number, read_cursor, sorted_place, write_cursor
from stammgast.profiles.folding import State, folding_of
from stammgast.profiles.left_out import carrier_of
from stammgast.profiles.naming import display_name, known_email, listed_visitor, text_of, visitor_name, visitor_tag
from stammgast.profiles.parting import parted
from stammgast.profiles.policing import trait_policies
from stammgast.profiles.recounts.contracts import Counting, Recount
from stammgast.profiles.recounts.keeping import read_recount
from stammgast.profiles.recounts.reading import counting_now, reliable_states
from stammgast.profiles.store import customers, ledger, reading
from stammgast.profiles.timeline import read_event
from stammgast.profiles.trait_policies import decide_traits
from stammgast.profiles.visitors import Visitor, visitors_of

__all__ = [
    "count_customers",
    "counting",
    "event_names",
    "events_by_channel",
    "folding_of",
    "get_profile",
    "glance_at_profile",
    "list_customers",
    "merges",
    "message_book",
    "newest_customers",
    "profile_anchors",
    "profile_number",
    "raw_event",
    "recent_events",
    "recount",
    "timeline",
    "worker_status",
]

NUMBER_NAMESPACE = "profile"
"""A reference `profile:17` names a profile by its number, one that was merged away included."""
TIMELINE_MAX = 1_000
LIST_MAX = 500
SEARCH_WORDS_MAX = 6
_TOP_LEVEL = frozenset({"traits", "consent"})
"""Features that have their own place beside `features`."""


def profile_number(runtime: Runtime, reference: str) -> ProfileId:
    """Return the number of the profile that `namespace:value` or `profile:NUMBER` names now.

    The value is normalised as the worker does it; numbers merged away lead to what they were merged into. Raises
    NoSuchProfile.
    """
    with runtime.customers.read() as connection:
        return _number(runtime, connection, reference)


def profile_anchors(runtime: Runtime, reference: str) -> tuple[Anchor, ...]:
    """Return the anchors of the profile that `reference` names, for `timeline`. Raises NoSuchProfile."""
    with runtime.customers.read() as connection:
        number = _number(runtime, connection, reference)
        return tuple(Anchor(one) for one in graph.anchors_of(connection, [number])[number])


def get_profile(runtime: Runtime, reference: str, brands: Sequence[BrandId] = ()) -> Profile:
    """Return the profile that `reference` names (see `profile_number`); reads only state.

    Raises NoSuchProfile, also for one that was never met on any of `brands`, if there are some.
    """
    with runtime.customers.read() as connection:
        profile = _profile(runtime, connection, _number(runtime, connection, reference))
    if brands and not {str(one) for one in brands} & set(profile.features.get("brands", ())):
        raise NoSuchProfile(reference=reference)
    # Who was split off may be a customer of another brand.
    return msgspec.structs.replace(profile, split_off=(), split_from=()) if brands else profile


def glance_at_profile(runtime: Runtime, reference: str) -> Profile | None:
    """Return what `get_profile` does when that, and its accounts, are read within a millisecond or two; else None.

    Handing so little over to a thread takes longer than reading it (docs/why/0012): an event loop may wait for it.
    """
    if not runtime.customers.is_sqlite:
        return None
    with runtime.customers.read() as connection:
        number = _number(runtime, connection, reference)
        return None if reading.is_long(connection, number) else _profile(runtime, connection, number)


def _profile(runtime: Runtime, connection: Connection, number: ProfileId) -> Profile:
    anchors = graph.anchors_of(connection, [number])[number]
    folding = folding_of(runtime)
    stored, counting = reliable_states(connection, folding, anchors)
    identifiers = reading.identifiers_with_origin(connection, number)
    merged = reading.aliases_of(connection, number)
    state = folding.combine(list(stored.values())) if stored else {}
    traits = decide_traits(state.get("traits", {}), trait_policies(runtime), state.get("corrections"))
    values = {one.name: one.current.value for one in traits}
    found = {one.namespace: one.value for one in reversed(identifiers)}
    first, last = state.get("seen", (None, None))
    pairs = [(one.namespace, one.value) for one in identifiers]
    split_off, split_from = parted(connection, number, merged)
    name = display_name(values, pairs)
    visitor = "" if name else visitor_tag(pairs)
    return Profile(
        profile=number,
        name=name or visitor_name(visitor),
        email=known_email(values, found, state.get("corrections")),
        phone=found.get("phone", "") or text_of(values, ("phone",)),
        identifiers=identifiers,
        traits=traits,
        features={name: shown for name, shown in folding.present(state).items() if name not in _TOP_LEVEL},
        consent=_consent(state),
        first_seen=first,
        last_seen=last,
        anchors=tuple(Anchor(one) for one in anchors),
        merged=merged,
        visitor=visitor,
        recounting=counting.unsure(anchors),
        split_off=split_off,
        split_from=split_from,
    )


def timeline(
    runtime: Runtime,
    anchors: Sequence[Anchor],
    *,
    before: str = "",
    limit: int = 50,
    names: Sequence[str] = (),
    channels: Sequence[str] = (),
    types: Sequence[str] = (),
    brands: Sequence[BrandId] = (),
) -> TimelinePage:
    """Return events of `anchors` (a Profile's), newest first. `before` is a page's `next`, empty at first.

    Robots' and staff's events are on it, marked. Raises WrongCursor, and HistoryUnavailable when history does not answer.
    """
    limit = max(1, min(limit, TIMELINE_MAX))
    place = read_cursor(before, tuple[Number, UUID]) if before else None
    wanted = history.TimelineQuery(
        anchors=tuple(anchors),
        limit=limit,
        before=None if place is None else (place[0], str(place[1])),
        names=tuple(names),
        channels=tuple(channels),
        types=tuple(types),
        brands=tuple(brands),
    )
    rows = undelivered.timeline_rows(runtime, wanted)
    more = len(rows) > limit
    last = rows[limit - 1] if more else None
    events = tuple(read_event(row) for row in rows[:limit])
    return TimelinePage(events, None if last is None else write_cursor((last.time, last.digest)))


def event_names(
    runtime: Runtime, anchors: Sequence[Anchor], brands: Sequence[BrandId] = ()
) -> list[tuple[str, str, int]]:
    """Return (type, name, count) of what a timeline holds, most frequent first; for its filters."""
    return history.names_of(runtime.history, history.TimelineQuery(tuple(anchors), brands=tuple(brands)))


def raw_event(
    runtime: Runtime, anchors: Sequence[Anchor], message_id: str, brands: Sequence[BrandId] = ()
) -> str | None:
    """Return the JSON of one event as it came in (addresses truncated), None when these anchors have none such."""
    digests = [message_digest(message_id, is_import=is_import) for is_import in (False, True)]
    for digest in (*digests, own_digest(message_id)):
        found = undelivered.raw_event(runtime, history.TimelineQuery(tuple(anchors), brands=tuple(brands)), digest)
        if found is not None:
            return found
    return None


def list_customers(
    runtime: Runtime,
    query: str = "",
    *,
    wanted: CustomerFilter = CustomerFilter(),  # noqa: B008 - frozen
    sort: SortBy = "last_seen",
    is_reversed: bool = False,
    after: str = "",
    limit: int = 50,
) -> CustomerPage:
    """Return customers that match every word of `query` by the beginning of a name's word or of any identifier.

    Names ascend, everything else descends, the other way round when `is_reversed`. `after` is a page's `next`.
    The list may lag a second behind the profiles. Raises WrongCursor.
    """
    limit = max(1, min(limit, LIST_MAX))
    ascending, place = sorted_place(sort, is_reversed=is_reversed, after=after)
    words = _search_words(runtime, query)
    narrowed = narrowed_by(runtime, "customers", wanted.narrowed, customers.PROFILE)
    with runtime.customers.read() as connection:
        rows = customers.list_customers(
            connection,
            words=words,
            wanted=wanted,
            narrowed=narrowed,
            sort=sort,
            ascending=ascending,
            after=place,
            limit=limit + 1,
        )
        total = customers.count_customers(connection, words, wanted, narrowed)
        strangers = {row.profile: tag for row in rows[:limit] if (tag := listed_visitor(row.sort_name))}
        visitors = visitors_of(connection, folding_of(runtime), strangers)
    last = rows[limit - 1] if len(rows) > limit else None
    return CustomerPage(
        tuple(_customer(row, visitors.get(row.profile)) for row in rows[:limit]),
        None if last is None else write_cursor((last.sort_value, last.profile)),
        total,
    )


def count_customers(runtime: Runtime, wanted: CustomerFilter = CustomerFilter()) -> int:  # noqa: B008 - frozen
    """Return how many customers match, at most TOTAL_MAX."""
    narrowed = narrowed_by(runtime, "customers", wanted.narrowed, customers.PROFILE)
    with runtime.customers.read() as connection:
        return customers.count_customers(connection, (), wanted, narrowed)


def newest_customers(runtime: Runtime, limit: int = 10, brand: BrandId = BrandId(0)) -> tuple[CustomerRow, ...]:
    """Return the customers seen for the first time most lately."""
    return list_customers(runtime, sort="first_seen", limit=limit, wanted=CustomerFilter(brand=brand)).rows


def events_by_channel(
    runtime: Runtime, *, start: int, end: int, bucket_seconds: int, brand: BrandId = BrandId(0)
) -> tuple[ChannelCount, ...]:
    """Return events by channel in buckets from `start` to `end` (ms UTC); empty buckets are left out. From history."""
    rows = history.events_by_channel(runtime.history, start=start, end=end, bucket_seconds=bucket_seconds, brand=brand)
    return tuple(ChannelCount(*row) for row in rows)


def recent_events(runtime: Runtime, after: int = 0, limit: int = 100) -> tuple[RecentEvent, ...]:
    """Return lines of the live view beyond number `after`, newest first."""
    with runtime.customers.read() as connection:
        return reading.recent_events(connection, after, limit)


def merges(runtime: Runtime, profile: Profile) -> tuple[Merge, ...]:
    """Return why this profile is one, newest merge first."""
    with runtime.customers.read() as connection:
        return reading.merges_into(connection, [profile.profile, *profile.merged])


def recount(runtime: Runtime) -> Recount:
    """Return the newest counting anew of figures, done or under way."""
    with runtime.customers.read() as connection:
        return read_recount(connection)[0]


def counting(runtime: Runtime) -> Counting:
    """Return which figures may be relied on, and how far counting the others anew is."""
    with runtime.customers.read() as connection:
        return counting_now(connection, folding_of(runtime))


def worker_status(runtime: Runtime) -> WorkerStatus | None:
    """Return what the worker last told about itself, None when none ever ran here."""
    return read_status(runtime.settings.run_dir)


def message_book(runtime: Runtime) -> MessageBook:
    """Return what tells the events module which messages were taken in; offered as a service by the manifest."""
    return MessageBook(
        committed_position=partial(_committed, runtime),
        message=partial(_message, runtime),
    )


def _committed(runtime: Runtime) -> int:
    with runtime.customers.read() as connection:
        return committed_position(connection)


def _message(runtime: Runtime, digest: bytes) -> MessageRecord | None:
    with runtime.customers.read() as connection:
        found = ledger.find_message(connection, digest)
        if found is None:
            return None
        profile = graph.profiles_of_anchors(connection, [found.anchor]).get(found.anchor, found.anchor)
    return MessageRecord(received_at=found.received_at, copies=found.copies, profile=profile or None)


def _number(runtime: Runtime, connection: Connection, reference: str) -> ProfileId:
    namespace, colon, value = reference.partition(":")
    number = None
    if colon and namespace == NUMBER_NAMESPACE:
        number = graph.current_profile(connection, int(value)) if _is_number(value) else None
    elif colon:
        rules = rules_seen(runtime, connection)
        pair = normal_identifier(namespace, value, rules)
        number = None if pair is None else graph.owner_of(connection, pair)
        if pair is not None and number == NOBODY:
            number = carrier_of(connection, pair, rules)
    if not number:
        raise NoSuchProfile(reference=reference)
    return ProfileId(number)


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdecimal() and 0 < len(value) <= 18  # noqa: PLR2004 - fits 64 bits


def _consent(state: State) -> tuple[Consent, ...]:
    stored = state.get("consent", {})
    return tuple(
        Consent(category, is_agreed, time, message_id)
        for category, (time, message_id, is_agreed) in sorted(stored.items())
    )


def _customer(row: customers.ListedRow, visitor: Visitor | None) -> CustomerRow:
    return CustomerRow(
        ProfileId(row.profile),
        row.name,
        row.email,
        row.first_seen if row.events else None,
        row.last_seen if row.events else None,
        row.events,
        row.orders,
        row.revenue if row.currency else None,
        row.currency,
        row.is_identified,
        *(() if visitor is None else (visitor.tag, visitor.device, visitor.country)),
    )


def _search_words(runtime: Runtime, query: str) -> list[str]:
    """Return the words to look for; what reads as a phone number as a whole counts as one, in E.164."""
    phone = normal_identifier("phone", query, rules_now(runtime)) if any(one.isdigit() for one in query) else None
    if phone is not None and not any(one.isalpha() for one in query):
        return [phone[1]]
    return query.split()[:SEARCH_WORDS_MAX]
