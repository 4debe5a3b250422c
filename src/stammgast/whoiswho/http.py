"""Management API of identity: why a profile is one person, what a decision would do, who is held, the log of all."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import delete, get, post
from litestar.params import JSONBody, PathParameter, QueryParameter

from stammgast.identity.resolution import Pair
from stammgast.profiles.api.pages import Cursor, Reference, read_pair
from stammgast.web.contracts import Role
from stammgast.web.guards import person_of, requires
from stammgast.web.http import ApiController, iso_time, name_in_path
from stammgast.web.pages import runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.whoiswho import curating
from stammgast.whoiswho.tracing.contracts import (
    LINE_KINDS,
    Decided,
    Foresight,
    Going,
    Held,
    KeptApart,
    LineKind,
    LogFilter,
    LogLine,
    Part,
    ProfileIdentity,
    Turned,
)
from stammgast.whoiswho.tracing.holding import held_identifiers, released_identifiers
from stammgast.whoiswho.tracing.log import LIMIT_MAX, read_log
from stammgast.whoiswho.tracing.reading import profile_identity
from stammgast.workspace.contracts import Actor

AGENT = [requires(Role.AGENT)]
ANALYST = [requires(Role.ANALYST)]
HELD_MAX = 200
Moment = Annotated[int | None, QueryParameter(ge=0, le=2**53, description="Milliseconds since 1970 UTC.")]


class SplitOrder(msgspec.Struct, frozen=True):
    """Which identifiers, each as `namespace:value` in its normal form, are another person's.

    `never` also says that the two are never to be suggested as one again.
    """

    identifiers: Annotated[tuple[Annotated[str, msgspec.Meta(max_length=600)], ...], msgspec.Meta(max_length=1_000)]
    never: bool = False


class MergeOrder(msgspec.Struct, frozen=True):
    """The other profile, by `namespace:value` or `profile:NUMBER`."""

    other: Annotated[str, msgspec.Meta(max_length=600)]


class OrderedAnswer(msgspec.Struct):
    """The order's place in the log; the worker obeys within a second."""

    position: int


class KnownIdentifierAnswer(msgspec.Struct, rename="camel"):
    """An identifier of the profile, in its normal form. `held` ones link nowhere."""

    identifier: str
    first_seen: str | None
    message_id: str
    source: int
    events: int
    held: bool


class LinkAnswer(msgspec.Struct, rename="camel"):
    """Identifiers that came on the same events, strongest first. Events of robots and staff are not counted."""

    identifiers: list[str]
    first_seen: str | None
    message_id: str
    source: int
    days: int
    events: int


class RefusalAnswer(msgspec.Struct, rename="camel"):
    """`leftOut` came on an event of `kept` but is not theirs. reason: limit (of `namespace`), cap, separated."""

    kept: str
    left_out: str
    kept_profile_id: int | None
    left_profile_id: int | None
    reason: str
    namespace: str | None
    time: str | None
    message_id: str
    rule_version: int


class TurnAnswer(msgspec.Struct, rename="camel"):
    """A merge (`merged` became part of `kept`) or a split (what `merged` has now was `kept`'s), and why."""

    kind: Literal["merge", "split"]
    kept: int
    merged: int
    rule: str
    rule_version: int
    at: str | None
    message_id: str | None
    event_time: str | None
    identifiers: list[str]
    person: str | None


class DecisionAnswer(msgspec.Struct, rename="camel"):
    """What a person decided; `number` takes it back. At most five identifiers of each side are named."""

    number: int
    kind: str
    decided_at: str | None
    person: str
    pairs: int
    one_side: list[str]
    other_side: list[str]
    standing: bool


class IdentityAnswer(msgspec.Struct, rename="camel"):
    """Why a profile is one person."""

    profile_id: int
    identifiers: list[KnownIdentifierAnswer]
    links: list[LinkAnswer]
    refusals: list[RefusalAnswer]
    log: list[TurnAnswer]
    decisions: list[DecisionAnswer]


class PartAnswer(msgspec.Struct, rename="camel"):
    """A profile as it is or would be; revenue is net, in micros.

    `was` is the profile that goes on as this one, null for somebody new; `movedEvents` would come from other people.
    """

    profile_id: int
    was: int | None
    identifiers: list[str]
    events: int
    orders: int
    revenue: int
    currency: str | None
    moved_events: int


class StayingAnswer(msgspec.Struct, rename="camel"):
    """Events that carry an identifier but would be `profileId`'s, by the stronger `identifier` on them."""

    profile_id: int | None
    identifier: str
    events: int


class GoingAnswer(msgspec.Struct, rename="camel"):
    """Where an identifier goes: whose it is (`was`) and would be (`to`), null for nobody's; with how many of its events."""

    identifier: str
    was: int | None
    to: int | None
    events: int
    stays: list[StayingAnswer]


class ForesightAnswer(msgspec.Struct):
    """The profiles that a decision would touch, as they are and as they would be, and where identifiers go."""

    before: list[PartAnswer]
    after: list[PartAnswer]
    goings: list[GoingAnswer]


class HeldAnswer(msgspec.Struct, rename="camel"):
    """An identifier that links nowhere. `met`: of how many distinct ones, of namespace `of`, it came with on `day`.

    `of` is `*` for stronger ones of any. `by`: who holds it by hand.
    """

    identifier: str
    held_at: str | None
    day: str | None
    of: str | None
    met: int
    examples: list[str]
    by: str | None
    profile_id: int | None


class ReleasedAnswer(msgspec.Struct, rename="camel"):
    """An identifier that a person let link again."""

    identifier: str
    released_at: str | None
    by: str
    profile_id: int | None


class HeldPageAnswer(msgspec.Struct):
    """Held identifiers, newest first, how many there are in all, and every one that was released."""

    held: list[HeldAnswer]
    total: int
    released: list[ReleasedAnswer]


class IdentifierOrder(msgspec.Struct, frozen=True):
    """An identifier as `namespace:value`; it is brought into its normal form."""

    identifier: Annotated[str, msgspec.Meta(min_length=3, max_length=600, pattern="^[^:]+:.")]


class LogLineAnswer(msgspec.Struct, rename="camel"):
    """One line; what belongs to its kind is set, the rest null."""

    kind: LineKind
    at: str | None
    turn: TurnAnswer | None
    refusal: RefusalAnswer | None
    decision: DecisionAnswer | None


class LogAnswer(msgspec.Struct):
    """A page of the log, newest first. `next` is what to pass as `after`, null at the end."""

    lines: list[LogLineAnswer]
    next: str | None


class ProfileIdentityController(ApiController):
    """Why a profile is one person, and what decisions about it would do."""

    path = "/api/profiles"
    tags = ("Identity",)

    @get("/{reference:str}/identity", guards=AGENT, summary="Tell why a profile is one person", sync_to_thread=True)
    def identity(self, request: AnyRequest, reference: Reference) -> IdentityAnswer:
        """Identifiers, what linked them, what was kept apart, merges and splits, people's decisions."""
        return _identity_answer(profile_identity(runtime_of(request), name_in_path(reference)))

    @post(
        "/{reference:str}/unmerge/preview",
        guards=AGENT,
        status_code=200,
        summary="Foresee a split",
        sync_to_thread=True,
    )
    def foresee_split(self, request: AnyRequest, reference: Reference, data: JSONBody[SplitOrder]) -> ForesightAnswer:
        """What `unmerge` would do with the same body; nothing is changed."""
        chosen = [read_pair(one) for one in data.identifiers]
        runtime = runtime_of(request)
        return _foresight_answer(
            curating.foresee_split(runtime, name_in_path(reference), chosen, is_forever=data.never)
        )

    @post(
        "/{reference:str}/merge/preview", guards=AGENT, status_code=200, summary="Foresee a merge", sync_to_thread=True
    )
    def foresee_merge(self, request: AnyRequest, reference: Reference, data: JSONBody[MergeOrder]) -> ForesightAnswer:
        """What `merge` would do with the same body; nothing is changed."""
        references = [name_in_path(reference), data.other.replace("\0", "")]
        return _foresight_answer(curating.foresee_merge(runtime_of(request), *references))

    @post("/{reference:str}/unmerge", guards=AGENT, status_code=202, summary="Split a profile", sync_to_thread=True)
    def unmerge(self, request: AnyRequest, reference: Reference, data: JSONBody[SplitOrder]) -> OrderedAnswer:
        """The identifiers named become a person of their own; events, traits and figures follow them."""
        chosen = [read_pair(one) for one in data.identifiers]
        by = Actor.of(person_of(request))
        runtime = runtime_of(request)
        position = curating.split_profile(runtime, by, name_in_path(reference), chosen, is_forever=data.never)
        return OrderedAnswer(position)

    @post("/{reference:str}/merge", guards=AGENT, status_code=202, summary="Merge two profiles", sync_to_thread=True)
    def merge(self, request: AnyRequest, reference: Reference, data: JSONBody[MergeOrder]) -> OrderedAnswer:
        """Both become one person, whatever the limits; a split takes it back."""
        references = [name_in_path(reference), data.other.replace("\0", "")]
        return OrderedAnswer(curating.merge_profiles(runtime_of(request), Actor.of(person_of(request)), *references))


class IdentityController(ApiController):
    """The identity graph as a whole."""

    path = "/api/identity"
    tags = ("Identity",)

    @get("/held", guards=AGENT, summary="List held identifiers", sync_to_thread=True)
    def held(
        self,
        request: AnyRequest,
        limit: Annotated[int, QueryParameter(ge=1, le=HELD_MAX)] = 50,
        offset: Annotated[int, QueryParameter(ge=0, le=10_000_000)] = 0,
    ) -> HeldPageAnswer:
        """Identifiers that link nowhere since they met too many people on one day, or since a person holds them."""
        runtime = runtime_of(request)
        rows, total = held_identifiers(runtime, limit=limit, offset=offset)
        released = [
            ReleasedAnswer(_text(one.identifier), iso_time(one.at), one.by, one.profile or None)
            for one in released_identifiers(runtime)
        ]
        return HeldPageAnswer([_held_answer(one) for one in rows], total, released)

    @post("/held", guards=ANALYST, status_code=202, summary="Hold an identifier", sync_to_thread=True)
    def hold(self, request: AnyRequest, data: JSONBody[IdentifierOrder]) -> OrderedAnswer:
        """It links nowhere from the beginning on; profiles that only it joined come apart."""
        runtime = runtime_of(request)
        pair = curating.normal_pair(runtime, *read_pair(data.identifier))
        return OrderedAnswer(curating.hold_identifier(runtime, Actor.of(person_of(request)), pair))

    @post("/held/release", guards=ANALYST, status_code=202, summary="Release an identifier", sync_to_thread=True)
    def release(self, request: AnyRequest, data: JSONBody[IdentifierOrder]) -> OrderedAnswer:
        """It links again, whatever it met and will meet."""
        runtime = runtime_of(request)
        pair = curating.normal_pair(runtime, *read_pair(data.identifier))
        return OrderedAnswer(curating.release_identifier(runtime, Actor.of(person_of(request)), pair))

    @get("/log", guards=AGENT, summary="Read the merge log", sync_to_thread=True)
    def log(
        self,
        request: AnyRequest,
        kind: Annotated[list[LineKind] | None, QueryParameter(description="None: all kinds.")] = None,
        namespace: Annotated[str, QueryParameter(max_length=255)] = "",
        person: Annotated[str, QueryParameter(max_length=255, description="Who decided, exactly.")] = "",
        since: Moment = None,
        until: Moment = None,
        after: Cursor = "",
        limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = 50,
    ) -> LogAnswer:
        """Merges, splits, links that were refused and what people decided, newest first."""
        wanted = LogFilter(
            tuple(kind or LINE_KINDS), namespace.replace("\0", ""), since, until, person.replace("\0", "")
        )
        page = read_log(runtime_of(request), wanted, after=after, limit=limit)
        return LogAnswer([_line_answer(one) for one in page.lines], page.next)

    @delete(
        "/decisions/{number:int}",
        guards=AGENT,
        status_code=202,
        summary="Take back a decision",
        sync_to_thread=True,
    )
    def take_back(self, request: AnyRequest, number: Annotated[int, PathParameter(ge=0, le=2**48)]) -> OrderedAnswer:
        """Its identifiers link or not as if nobody had decided."""
        return OrderedAnswer(curating.take_back(runtime_of(request), Actor.of(person_of(request)), number))


CONTROLLERS = (ProfileIdentityController, IdentityController)


def _text(pair: Pair) -> str:
    return f"{pair[0]}:{pair[1]}"


def _texts(pairs: tuple[Pair, ...]) -> list[str]:
    return [_text(one) for one in pairs]


def _identity_answer(found: ProfileIdentity) -> IdentityAnswer:
    return IdentityAnswer(
        found.profile,
        [
            KnownIdentifierAnswer(
                _text(one.pair),
                iso_time(one.origin.first_seen),
                one.origin.message_id,
                one.origin.source,
                one.events,
                one.is_held,
            )
            for one in found.identifiers
        ],
        [
            LinkAnswer(_texts(one.identifiers), iso_time(one.first), one.message_id, one.source, one.days, one.events)
            for one in found.seen_together
        ],
        [_refusal_answer(one) for one in found.kept_apart],
        [_turn_answer(one) for one in found.turned],
        [_decision_answer(one) for one in found.decided],
    )


def _refusal_answer(one: KeptApart) -> RefusalAnswer:
    return RefusalAnswer(
        _text(one.kept),
        _text(one.left_out),
        one.kept_profile or None,
        one.left_profile or None,
        one.reason,
        one.namespace or None,
        iso_time(one.time),
        one.message_id,
        one.version,
    )


def _turn_answer(one: Turned) -> TurnAnswer:
    return TurnAnswer(
        one.kind,
        one.kept,
        one.merged,
        one.rule,
        one.version,
        iso_time(one.at),
        one.message_id or None,
        iso_time(one.time) if one.message_id else None,
        _texts(one.identifiers),
        one.person or None,
    )


def _decision_answer(one: Decided) -> DecisionAnswer:
    return DecisionAnswer(
        one.number,
        one.kind,
        iso_time(one.decided_at),
        one.person,
        one.pairs,
        _texts(one.one_side),
        _texts(one.other_side),
        one.is_standing,
    )


def _foresight_answer(found: Foresight) -> ForesightAnswer:
    return ForesightAnswer(
        [_part_answer(one) for one in found.before],
        [_part_answer(one) for one in found.after],
        [_going_answer(one) for one in found.goings],
    )


def _going_answer(one: Going) -> GoingAnswer:
    stays = [StayingAnswer(each.profile or None, _text(each.identifier), each.events) for each in one.stays]
    return GoingAnswer(_text(one.identifier), one.was or None, one.to or None, one.events, stays)


def _part_answer(one: Part) -> PartAnswer:
    return PartAnswer(
        one.profile,
        one.was or None,
        _texts(one.identifiers),
        one.events,
        one.orders,
        one.revenue,
        one.currency or None,
        one.moved_events,
    )


def _held_answer(one: Held) -> HeldAnswer:
    return HeldAnswer(
        _text(one.identifier),
        iso_time(one.held_at),
        None if one.by else (iso_time(one.day * 86_400_000) or "")[:10],
        one.of or None,
        one.met,
        _texts(one.examples),
        one.by or None,
        one.profile or None,
    )


def _line_answer(line: LogLine) -> LogLineAnswer:
    return LogLineAnswer(
        line.kind,
        iso_time(line.at),
        None if line.turned is None else _turn_answer(line.turned),
        None if line.kept_apart is None else _refusal_answer(line.kept_apart),
        None if line.decided is None else _decision_answer(line.decided),
    )
