"""What other modules and pages may know of a profile. All times are milliseconds since 1970 UTC, all structs frozen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from stammgast.kernel.errors import StammgastError
from stammgast.kernel.ids import Anchor, BrandId, ProfileId, SourceId

SortBy = Literal["last_seen", "first_seen", "name", "events", "orders", "revenue"]
"""What the list of customers may be sorted by; `name` ascends first, all others descend first."""

TraitRule = Literal["newest", "first", "most_frequent", "source_priority", "corrected"]

TOTAL_MAX = 10_000
"""Counting stops here; a page that is told this total says "10,000 or more"."""


class NoSuchProfile(StammgastError):
    """There is no profile {reference}."""

    status = 404


class LeftOut(NoSuchProfile):
    """{reference} came with events of {count} customers and belongs to none of them: {reason}. They are {customers}."""

    code = "left_out"


class WrongCursor(StammgastError):
    """The cursor {cursor!r} is not one that this list gave out. Start again without it."""

    status = 422


class Identifier(msgspec.Struct, frozen=True):
    """One normalised identifier of a profile, and the earliest event it came with (None: never on a timed event)."""

    namespace: str
    value: str
    first_seen: int | None
    source: SourceId
    message_id: str


class TraitValue(msgspec.Struct, frozen=True):
    """A value that a trait has or had, with the event that speaks for it: the newest that said so, or the first."""

    value: Any
    time: int
    source: SourceId
    message_id: str
    count: int | None = None
    """How many events said so; None where more different values came than are kept."""
    by: str = ""
    """Who said so, where a person here did; the source is 0 then."""


class Trait(msgspec.Struct, frozen=True):
    """A trait: the value that counts, the policy by which it does, and the values that lost, newest first."""

    name: str
    current: TraitValue
    lost: tuple[TraitValue, ...] = ()
    rule: TraitRule = "newest"
    """That decided (`trait_policies`); corrected: a person here did."""
    is_cut: bool = False
    """More different values came than are kept: some that lost are not here."""
    is_fallback: bool = False
    """The policy is the most frequent value, which can't be told where values were cut: the newest counts."""


class Consent(msgspec.Struct, frozen=True):
    """What the person last said about one category of use."""

    category: str
    is_agreed: bool
    time: int
    message_id: str


class Parted(msgspec.Struct, frozen=True):
    """Somebody else, who was one customer with this one until `at` (ms UTC). name, visitor: what to call them."""

    profile: ProfileId
    at: int
    name: str
    visitor: str = ""


class Profile(msgspec.Struct, frozen=True):
    """One customer as known now. `features` maps a feature's name to what it presents (see `profiles/figures`)."""

    profile: ProfileId
    name: str
    """What to call them: name, else mail, else an identifier; never empty."""
    email: str
    phone: str
    identifiers: tuple[Identifier, ...]
    traits: tuple[Trait, ...]
    """Sorted by name; a trait whose newest value is null is left out."""
    features: dict[str, Any]
    consent: tuple[Consent, ...]
    first_seen: int | None
    """None when only bots and staff were seen under these identifiers."""
    last_seen: int | None
    anchors: tuple[Anchor, ...]
    merged: tuple[ProfileId, ...]
    """Numbers of profiles that were merged into this one; they stay valid as references for ever."""
    visitor: str = ""
    """For a visitor nobody knows: the letters that tell them from others (`name` has them in English)."""
    recounting: dict[str, int] = msgspec.field(default_factory=dict)
    """Feature -> percent done, of those that are being counted anew and not yet for this customer."""
    split_off: tuple[Parted, ...] = ()
    """Who was split off lately and so may be meant by what names this customer; newest first."""
    split_from: tuple[Parted, ...] = ()
    """From whom this customer was split off lately."""


class TimelineEvent(msgspec.Struct, frozen=True):
    """One event on a timeline, from history. Texts are empty where nothing is known."""

    message_id: str
    time: int
    received_at: int
    original_time: int | None
    type: str
    name: str
    user_id: str
    anonymous_id: str
    group_id: str
    source: SourceId
    brand: BrandId
    channel: str
    touchpoint: str
    device: str
    browser: str
    os: str
    country: str
    referrer_medium: str
    referrer_name: str
    campaign_name: str
    page_path: str
    page_title: str
    properties: dict[str, Any]
    """As they came (numbers not normalised)."""
    traits: dict[str, Any]
    amount: int | None
    """Micros of `currency`; negative for a refund."""
    currency: str
    flags: tuple[str, ...]
    is_bot: bool
    is_staff: bool
    is_import: bool
    origin: str
    """Which part of Stammgast made it; empty for what a sender sent."""
    language: str
    campaign_source: str
    campaign_medium: str
    campaign_term: str
    campaign_content: str
    anchor: Anchor = Anchor(0)


class TimelinePage(msgspec.Struct, frozen=True):
    """Events newest first; `next` is the cursor of the following page, None at the end."""

    events: tuple[TimelineEvent, ...]
    next: str | None


class CustomerRow(msgspec.Struct, frozen=True):
    """One line of the list of customers. `revenue` is net (orders less refunds) in micros of the most used `currency`."""

    profile: ProfileId
    name: str
    email: str
    first_seen: int | None
    last_seen: int | None
    events: int
    orders: int
    revenue: int | None
    currency: str
    is_identified: bool = True
    """Known by more than a device or an anonymous id."""
    visitor: str = ""
    """For a visitor nobody knows: the letters that tell them from others (`name` has them in English)."""
    device: str = ""
    """A visitor's kind of device and country (ISO 3166), where they are known."""
    country: str = ""


class CustomerFilter(msgspec.Struct, frozen=True):
    """Which customers to list; every part that is set must hold."""

    narrowed: tuple[tuple[str, str], ...] = ()
    """(name, value) of filters that modules bring (`kernel/ports/shown.py`)."""
    brand: BrandId = BrandId(0)
    """0 for every brand."""
    is_identified: bool | None = None
    """Known by more than a device or an anonymous id."""
    has_orders: bool | None = None
    seen_after: int | None = None
    seen_before: int | None = None
    word: str = ""
    """A word that a module finds customers by (`kernel.keeping.ListWords`), such as #vip."""
    with_bots: bool = False
    """Also those under whose identifiers only bots and staff were seen."""


class CustomerPage(msgspec.Struct, frozen=True):
    """Customers in the order asked for; `next` is the cursor of the following page, `total` stops at TOTAL_MAX."""

    rows: tuple[CustomerRow, ...]
    next: str | None
    total: int


class ChannelCount(msgspec.Struct, frozen=True):
    """Events of one channel in the bucket that begins at `time`; channel is empty where it is not known."""

    time: int
    channel: str
    events: int


class RecentEvent(msgspec.Struct, frozen=True):
    """One line of the live view. `fate` is processed, deduplicated or quarantined; `reason` says why where it was."""

    number: int
    """Grows by one an event; ask for those after the last one seen."""
    message_id: str
    time: int
    received_at: int
    type: str
    name: str
    source: SourceId
    channel: str
    fate: Literal["processed", "deduplicated", "quarantined"]
    reason: str
    profile: ProfileId
    """0 for nobody."""


class Merge(msgspec.Struct, frozen=True):
    """Why two profiles became one: the event that said so and the rule and version that let it."""

    kept: ProfileId
    merged: ProfileId
    message_id: str
    time: int
    """Of that event."""
    merged_at: int
    rule: str
    version: int
    identifiers: tuple[tuple[str, str], ...]
    """(namespace, value) pairs of that event which joined the two."""


class NamespaceCount(msgspec.Struct, frozen=True):
    """How many identifiers of a namespace are known, and to how many profiles they belong."""

    namespace: str
    identifiers: int
    profiles: int


class SharedIdentifier(msgspec.Struct, frozen=True):
    """An identifier that was left out of the profiles of several others: a shared device, a mistyped number."""

    namespace: str
    value: str
    refusals: int
    others: int
    """How many distinct stronger identifiers it was left out of."""
    last: int
    """Event time of the newest refusal, ms UTC."""


class GraphCounts(msgspec.Struct, frozen=True):
    """The graph in numbers. Those with `since` count from that moment (ms UTC) on."""

    profiles: int
    """On the list of customers; robots and staff left out."""
    identified: int
    namespaces: tuple[NamespaceCount, ...]
    held: int
    refusals: int
    merges: int
    splits: int
    decisions: int


class IdentityOverview(msgspec.Struct, frozen=True):
    """The identity graph in numbers, and the identifiers that keep most people apart."""

    counts: GraphCounts
    shared: tuple[SharedIdentifier, ...]


class Called(msgspec.Struct, frozen=True):
    """What to call a profile: a name, or for a visitor nobody knows the few letters that tell them from others."""

    name: str
    visitor: str = ""


class SharedDevice(msgspec.Struct, frozen=True):
    """An identifier that several people use, and whose its own events count for."""

    identifier: tuple[str, str]
    owner: int
    others: int
    """Profiles that use it besides."""


@dataclass(frozen=True)
class SharedDevices:
    """What who is who tells the customer's page; a manifest offers one as a service.

    of_profile: the identifiers that a profile shares with others, and what those are called who own them.
    """

    of_profile: Callable[[Profile], tuple[tuple[SharedDevice, ...], Mapping[int, Called]]]
