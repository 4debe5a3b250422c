"""Management API of profiles: one profile, its timeline, and searching for profiles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import msgspec
from litestar import get
from litestar.concurrency import sync_to_thread
from litestar.params import FromQuery, QueryParameter

from stammgast.kernel.ids import BrandId
from stammgast.kernel.runtime import Runtime
from stammgast.profiles import api
from stammgast.profiles.accounts.api import accounts_of_profile
from stammgast.profiles.addressing import Cursor, Reference
from stammgast.profiles.answers import MembershipAnswer, TraitAnswer, membership_answer, trait_answers
from stammgast.profiles.contracts import CustomerFilter, CustomerRow, Parted, Profile, SortBy, TimelineEvent
from stammgast.profiles.figures.orders import decimal_text
from stammgast.web.contracts import Role
from stammgast.web.guards import brands_of, requires
from stammgast.web.http import ApiController, iso_time, name_in_path
from stammgast.web.pages import runtime_of, shell_of
from stammgast.web.shell import AnyRequest

VIEWER = [requires(Role.VIEWER)]
AGENT = [requires(Role.AGENT, bound="own")]

Words = Annotated[
    str, QueryParameter(name="query", max_length=300, description="Beginnings of names, mails or identifiers.")
]


class IdentifierAnswer(msgspec.Struct, rename="camel"):
    """An identifier in its normal form, and where it came from first."""

    namespace: str
    value: str
    first_seen: str | None
    source: int
    message_id: str


class PartedAnswer(msgspec.Struct, rename="camel"):
    """Somebody else who was one customer with this one until `at`."""

    profile_id: int
    at: str | None
    name: str


class ProfileAnswer(msgspec.Struct, rename="camel"):
    """A customer. Among `features`, `orders` and `sessions` are counts, `revenue` and `refunds` amounts by currency.

    Moments in features are in ms UTC.
    """

    profile_id: int
    name: str
    identifiers: list[IdentifierAnswer]
    traits: dict[str, Any]
    """The values that count."""
    trait_values: dict[str, TraitAnswer]
    """Of each trait why its value counts, where it came from, and the values that lost."""
    accounts: list[MembershipAnswer]
    """Companies, households: at most 200, present ones first."""
    features: dict[str, Any]
    consent: dict[str, bool]
    first_seen: str | None
    last_seen: str | None
    merged: list[int]
    """Numbers of profiles that became part of this one; they lead here for ever."""
    split_off: list[PartedAnswer]
    """Who was split off in the last 30 days, so that what named this customer before may mean them; newest first."""
    split_from: list[PartedAnswer]
    """From whom this one was split off in the last 30 days."""
    recounting: dict[str, int]
    """Features that are being counted anew and not yet for this customer, each with the percent done. One that is missing in
    `features` can't be relied on before that."""


class CampaignAnswer(msgspec.Struct, omit_defaults=True):
    """The campaign that brought the visit; what is not known is left out."""

    source: str = ""
    medium: str = ""
    name: str = ""
    term: str = ""
    content: str = ""


class EventAnswer(msgspec.Struct, rename="camel"):
    """An event. `timestamp` is corrected by the clocks, `originalTimestamp` what the sender said."""

    message_id: str
    timestamp: str | None
    type: str
    event: str | None
    properties: dict[str, Any]
    traits: dict[str, Any]
    user_id: str | None
    anonymous_id: str | None
    group_id: str | None
    original_timestamp: str | None
    received_at: str | None
    source: int
    brand: int
    channel: str
    touchpoint: str
    device: str
    browser: str
    os: str
    country: str
    language: str
    referrer_medium: str
    referrer: str
    """Who sent the visitor: a known place, or its host."""
    campaign: CampaignAnswer | None
    amount: str | None
    currency: str | None
    flags: list[str]
    bot: bool
    staff: bool
    imported: bool
    origin: str
    """Which part of Stammgast made it; empty for what a sender sent."""


class TimelineAnswer(msgspec.Struct):
    """A page of a timeline, newest first. `next` is what to pass as `before`, null at the end."""

    events: list[EventAnswer]
    next: str | None


class FoundAnswer(msgspec.Struct, rename="camel"):
    """A line of the list of customers. `revenue` is net, in the currency most used."""

    profile_id: int
    name: str
    email: str
    first_seen: str | None
    last_seen: str | None
    events: int
    orders: int
    revenue: str | None
    currency: str | None
    identified: bool
    """Known by more than a device or an anonymous id."""


class FoundPageAnswer(msgspec.Struct):
    """A page of customers. `next` is what to pass as `after`, null at the end; `total` counts no further than 10,000."""

    profiles: list[FoundAnswer]
    next: str | None
    total: int


class ProfilesController(ApiController):
    """Customers."""

    path = "/api/profiles"
    tags = ("Profiles",)

    @get(guards=AGENT, summary="Search for profiles", sync_to_thread=True)
    def search(
        self,
        request: AnyRequest,
        words: Words = "",
        sort: FromQuery[SortBy] = "last_seen",
        after: Cursor = "",
        limit: Annotated[int, QueryParameter(ge=1, le=api.LIST_MAX)] = 50,
        channel: Annotated[str, QueryParameter(max_length=100)] = "",
    ) -> FoundPageAnswer:
        """Every word must be the beginning of a word of the name or of an identifier; none lists all."""
        narrowed = (("channel", channel.replace("\0", "")),)
        wanted = CustomerFilter(narrowed=narrowed, brand=shell_of(request).brand or BrandId(0))
        page = api.list_customers(
            runtime_of(request), words.replace("\0", ""), wanted=wanted, sort=sort, after=after, limit=limit
        )
        return FoundPageAnswer([_found_answer(row) for row in page.rows], page.next, page.total)

    @get("/{reference:str}", guards=AGENT, summary="Get a profile")
    async def profile(self, request: AnyRequest, reference: Reference) -> ProfileAnswer:
        """Everything known about one customer now."""
        runtime, wanted = runtime_of(request), name_in_path(reference)
        brands = brands_of(request)
        profile = None if brands else api.glance_at_profile(runtime, wanted)
        if profile is None:
            return await sync_to_thread(_read_profile, runtime, wanted, brands)
        return _profile_answer(runtime, profile)

    @get("/{reference:str}/events", guards=AGENT, summary="Read a timeline", sync_to_thread=True)
    def events(
        self,
        request: AnyRequest,
        reference: Reference,
        limit: Annotated[int, QueryParameter(ge=1, le=api.TIMELINE_MAX)] = 50,
        before: Cursor = "",
        name: Annotated[str, QueryParameter(max_length=255, description="Only events of this name.")] = "",
    ) -> TimelineAnswer:
        """Events of all channels, newest first."""
        runtime = runtime_of(request)
        brands, wanted = brands_of(request), name_in_path(reference)
        anchors = api.get_profile(runtime, wanted, brands).anchors if brands else api.profile_anchors(runtime, wanted)
        names = (name.replace("\0", ""),) if name else ()
        page = api.timeline(runtime, anchors, before=before, limit=limit, names=names, brands=brands)
        return TimelineAnswer([event_answer(one) for one in page.events], page.next)


CONTROLLERS = (ProfilesController,)


def _read_profile(runtime: Runtime, reference: str, brands: Sequence[BrandId]) -> ProfileAnswer:
    return _profile_answer(runtime, api.get_profile(runtime, reference, brands), is_bound=bool(brands))


def _profile_answer(runtime: Runtime, profile: Profile, *, is_bound: bool = False) -> ProfileAnswer:
    accounts = () if is_bound else accounts_of_profile(runtime, profile.anchors)
    return ProfileAnswer(
        profile_id=profile.profile,
        name=profile.name,
        identifiers=[
            IdentifierAnswer(one.namespace, one.value, iso_time(one.first_seen), one.source, one.message_id)
            for one in profile.identifiers
        ],
        traits={one.name: one.current.value for one in profile.traits},
        trait_values=trait_answers(profile.traits),
        accounts=[membership_answer(one) for one in accounts],
        features=features_answer(profile.features),
        consent={one.category: one.is_agreed for one in profile.consent},
        first_seen=iso_time(profile.first_seen),
        last_seen=iso_time(profile.last_seen),
        merged=list(profile.merged),
        split_off=_parted(profile.split_off),
        split_from=_parted(profile.split_from),
        recounting=profile.recounting,
    )


def _parted(many: Sequence[Parted]) -> list[PartedAnswer]:
    return [PartedAnswer(one.profile, iso_time(one.at), one.name) for one in many]


def features_answer(features: dict[str, Any]) -> dict[str, Any]:
    """Return features as a program wants them: a count where one says it all. Those of other modules stay as they are.

    >>> features_answer({"orders": {"count": 3, "first": 1, "last": 2}, "mood": {"x": 1}})
    {'orders': 3, 'mood': {'x': 1}}
    """
    return {
        name: _IN_SHORT[name](shown) if name in _IN_SHORT else shown
        for name, shown in features.items()
        if name not in _ELSEWHERE
    }


def _counts(uses: dict[str, dict[str, int]]) -> dict[str, int]:
    return {key: use["count"] for key, use in uses.items()}


def _amounts(sums: dict[str, dict[str, Any]]) -> dict[str, msgspec.Raw]:
    """Return amounts as JSON numbers with all their decimals."""
    return {currency: msgspec.Raw(one["amount"].encode()) for currency, one in sums.items()}


def _sizes(sums: dict[str, dict[str, Any]]) -> dict[str, msgspec.Raw]:
    """Return refunds' amounts without their sign."""
    return {currency: msgspec.Raw(one["amount"].lstrip("-").encode()) for currency, one in sums.items()}


_ELSEWHERE = frozenset({"seen"})
"""Beside `features` there are firstSeen and lastSeen."""
_IN_SHORT: dict[str, Callable[[Any], Any]] = {
    "events": lambda shown: shown["by_name"],
    "sessions": lambda shown: shown["count"],
    "orders": lambda shown: shown["count"],
    "revenue": _amounts,
    "refunds": _sizes,
    "channels": _counts,
    "devices": _counts,
    "countries": _counts,
    "brands": _counts,
}


def event_answer(event: TimelineEvent) -> EventAnswer:
    """Return an event as the API tells it."""
    return EventAnswer(
        message_id=event.message_id,
        timestamp=iso_time(event.time),
        type=event.type,
        event=event.name or None,
        properties=event.properties,
        traits=event.traits,
        user_id=event.user_id or None,
        anonymous_id=event.anonymous_id or None,
        group_id=event.group_id or None,
        original_timestamp=iso_time(event.original_time),
        received_at=iso_time(event.received_at),
        source=event.source,
        brand=event.brand,
        channel=event.channel,
        touchpoint=event.touchpoint,
        device=event.device,
        browser=event.browser,
        os=event.os,
        country=event.country,
        language=event.language,
        referrer_medium=event.referrer_medium,
        referrer=event.referrer_name,
        campaign=_campaign_answer(event),
        amount=None if event.amount is None else decimal_text(event.amount),
        currency=event.currency or None,
        flags=list(event.flags),
        bot=event.is_bot,
        staff=event.is_staff,
        imported=event.is_import,
        origin=event.origin,
    )


def _campaign_answer(event: TimelineEvent) -> CampaignAnswer | None:
    found = CampaignAnswer(
        event.campaign_source, event.campaign_medium, event.campaign_name, event.campaign_term, event.campaign_content
    )
    return None if found == CampaignAnswer() else found


def _found_answer(row: CustomerRow) -> FoundAnswer:
    return FoundAnswer(
        profile_id=row.profile,
        name=row.name,
        email=row.email,
        first_seen=iso_time(row.first_seen),
        last_seen=iso_time(row.last_seen),
        events=row.events,
        orders=row.orders,
        revenue=None if row.revenue is None else decimal_text(row.revenue),
        currency=row.currency or None,
        identified=row.is_identified,
    )
