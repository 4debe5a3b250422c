"""Management API of events: receipts, the quarantine, event schemas, channel rules."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import unquote

import msgspec
from litestar import delete, get, post, put
from litestar.params import JSONBody, Parameter

from stammgast.events import api
from stammgast.events.channel_rules import HOSTS_MAX
from stammgast.events.contracts import EventSchema, Fate, PropertyType, Quarantined
from stammgast.events.enrichment.rules import ChannelRule
from stammgast.events.reading import NAME_LENGTH_MAX, PROPERTIES_MAX
from stammgast.events.reasons import REASONS
from stammgast.kernel.errors import Invalid
from stammgast.web.contracts import Role
from stammgast.web.guards import person_of, requires
from stammgast.web.http import ApiController, iso_time
from stammgast.web.pages import runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.workspace.contracts import Actor

VIEWER = [requires(Role.VIEWER)]
AGENT = [requires(Role.AGENT)]
DEFINITIONS = [requires(Role.VIEWER, bound="same")]
"""Event rules and channels are the whole company's."""
ANALYST = [requires(Role.ANALYST)]

LIMIT_MAX = 1_000
ChannelText = Annotated[str, msgspec.Meta(max_length=200)]
Number = Annotated[int, msgspec.Meta(ge=1, le=2**53)]
SourceNumber = Annotated[int, msgspec.Meta(ge=0, le=2_147_483_647)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_LENGTH_MAX, pattern=r"^[^\x00]*\S[^\x00]*$")]
PropertyName = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_LENGTH_MAX, pattern=r"^[^\x00]*$")]


class ReceiptAnswer(msgspec.Struct, rename="camel"):
    """What became of a message. `reason` and `detail` say why it is in quarantine."""

    message_id: str
    fate: Fate
    reason: str
    detail: str
    quarantine_id: int | None
    received_at: str | None
    copies: int
    profile_id: int | None
    suppressed_by: str
    segments: list[str]


class QuarantinedAnswer(msgspec.Struct, rename="camel"):
    """An event in quarantine. `explanation` says in a sentence what `reason` means; `raw` is the event as it came."""

    id: int
    reason: str
    explanation: str
    detail: str
    message_id: str
    type: str
    event: str
    source: int
    timestamp: str | None
    received_at: str | None
    quarantined_at: str | None
    raw: str


class QuarantineAnswer(msgspec.Struct):
    """A page of the quarantine, newest first. `next` is what to pass as `before`, null at the end."""

    events: list[QuarantinedAnswer]
    next: int | None
    counts: dict[str, int]


class QuarantineOrder(msgspec.Struct):
    """Which events: by `ids`, or all that wait with a `reason`."""

    ids: Annotated[list[Number], msgspec.Meta(max_length=10_000)] = []
    reason: Annotated[str, msgspec.Meta(max_length=40)] = ""


class OrderAnswer(msgspec.Struct):
    """How many events the worker was asked to look at; it does so within moments."""

    ordered: int


class SchemaAnswer(msgspec.Struct):
    """What a track event of a name must carry: property -> type. One that is `blocked` may not come in at all."""

    name: Name
    required: Annotated[dict[PropertyName, PropertyType], msgspec.Meta(max_length=PROPERTIES_MAX)] = {}
    blocked: bool = False


class ChannelRuleAnswer(msgspec.Struct, rename="camel"):
    """One line of the ordered list: conditions (empty: any; `*` stands for any text), then what an event gets."""

    channel: ChannelText = ""
    touchpoint: ChannelText = ""
    source: SourceNumber = 0
    source_kind: ChannelText = ""
    library: ChannelText = ""
    type: ChannelText = ""
    event: ChannelText = ""
    page: ChannelText = ""


ChannelRules = Annotated[list[ChannelRuleAnswer], msgspec.Meta(max_length=1_000)]


class MessagesController(ApiController):
    """Receipts."""

    path = "/api/messages"
    tags = ("Messages",)

    @get("/{message_id:path}", guards=VIEWER, summary="Say what became of a message", sync_to_thread=True)
    def receipt(self, request: AnyRequest, message_id: Annotated[str, Parameter(max_length=200)]) -> ReceiptAnswer:
        """Accepted (waits for the worker), processed, deduplicated, quarantined (why), discarded or suppressed (which erasure).

        The message id is all that follows in the path, slashes included.
        """
        found = api.receipt(runtime_of(request), _rest_of_path(request, f"{self.path}/", message_id))
        return ReceiptAnswer(
            message_id=found.message_id,
            fate=found.fate,
            reason=found.reason,
            detail=found.detail,
            quarantine_id=found.quarantine_id,
            received_at=iso_time(found.received_at),
            copies=found.copies,
            profile_id=found.profile_id,
            suppressed_by=found.suppressed_by,
            segments=list(found.segments),
        )


class QuarantineController(ApiController):
    """Events that were not valid."""

    path = "/api/quarantine"
    tags = ("Quarantine",)

    @get(guards=AGENT, summary="List the quarantine", sync_to_thread=True)
    def list_events(
        self,
        request: AnyRequest,
        reason: Annotated[str, Parameter(max_length=40)] = "",
        source: Annotated[int | None, Parameter(ge=0, le=2_147_483_647)] = None,
        before: Annotated[int | None, Parameter(ge=1, le=2**53)] = None,
        limit: Annotated[int, Parameter(ge=1, le=LIMIT_MAX)] = 50,
    ) -> QuarantineAnswer:
        """Newest first; how many wait in all, by reason, stands beside them."""
        runtime = runtime_of(request)
        page = api.quarantine_page(
            runtime, reason=reason.replace("\0", ""), source=source, before=before, limit=limit + 1
        )
        more = len(page) > limit
        return QuarantineAnswer(
            events=[_quarantined_answer(one) for one in page[:limit]],
            next=page[limit - 1].id if more else None,
            counts=dict(api.quarantine_counts(runtime)),
        )

    @post("/replay", guards=ANALYST, status_code=202, summary="Replay quarantined events", sync_to_thread=True)
    def replay(self, request: AnyRequest, data: JSONBody[QuarantineOrder]) -> OrderAnswer:
        """Read them again by the present rules; those that are valid now count as if they had been at once."""
        _check_order(data)
        ordered = api.order_replay(runtime_of(request), by=_by(request), ids=data.ids, reason=data.reason)
        return OrderAnswer(ordered)

    @post("/discard", guards=ANALYST, status_code=202, summary="Discard quarantined events", sync_to_thread=True)
    def discard(self, request: AnyRequest, data: JSONBody[QuarantineOrder]) -> OrderAnswer:
        """Let them go for good: what they said is erased, a receipt of each stays."""
        _check_order(data)
        ordered = api.order_discard(runtime_of(request), by=_by(request), ids=data.ids, reason=data.reason)
        return OrderAnswer(ordered)


class EventSchemasController(ApiController):
    """What events must carry."""

    path = "/api/event-schemas"
    tags = ("Event schemas",)

    @get(guards=DEFINITIONS, summary="List event schemas", sync_to_thread=True)
    def list_schemas(self, request: AnyRequest) -> list[SchemaAnswer]:
        """All schemas by name."""
        return [
            SchemaAnswer(one.name, dict(one.required), one.is_blocked) for one in api.event_schemas(runtime_of(request))
        ]

    @put(guards=ANALYST, summary="Write an event schema", sync_to_thread=True)
    def save(self, request: AnyRequest, data: JSONBody[SchemaAnswer]) -> SchemaAnswer:
        """Replaces the schema of the same name; holds for events read from now on, a second late at most."""
        name = data.name.strip()
        schema = EventSchema(name, tuple(sorted(data.required.items())), data.blocked)
        api.save_event_schema(runtime_of(request), _by(request), schema)
        return SchemaAnswer(name, data.required, data.blocked)

    @delete(guards=ANALYST, summary="Delete an event schema", sync_to_thread=True)
    def remove(
        self, request: AnyRequest, name: Annotated[str, Parameter(min_length=1, max_length=NAME_LENGTH_MAX)]
    ) -> None:
        """Events of the name are free again."""
        api.delete_event_schema(runtime_of(request), _by(request), name.replace("\0", ""))


class ChannelRulesController(ApiController):
    """Which channel and touchpoint an event belongs to."""

    path = "/api/channel-rules"
    tags = ("Channel rules",)

    @get(guards=DEFINITIONS, summary="List channel rules", sync_to_thread=True)
    def list_rules(self, request: AnyRequest) -> list[ChannelRuleAnswer]:
        """In their order: the first that fits and names a channel gives the channel, likewise the touchpoint."""
        rules = api.channel_rules(runtime_of(request))
        return [ChannelRuleAnswer(**msgspec.structs.asdict(one)) for one in rules]

    @put(guards=ANALYST, summary="Replace the channel rules", sync_to_thread=True)
    def replace(self, request: AnyRequest, data: JSONBody[ChannelRules]) -> list[ChannelRuleAnswer]:
        """An empty list brings back the rules that Stammgast comes with. Holds for events read from now on."""
        lines = [ChannelRule(**msgspec.structs.asdict(one)) for one in data]
        api.change_channel_rules(runtime_of(request), _by(request), lines)
        return [ChannelRuleAnswer(**msgspec.structs.asdict(one)) for one in api.channel_rules(runtime_of(request))]


class PaymentHosts(msgspec.Struct):
    """Hosts of payment providers; each stands for its subdomains too."""

    hosts: Annotated[list[Annotated[str, msgspec.Meta(max_length=300)]], msgspec.Meta(max_length=HOSTS_MAX)]


class PaymentHostsController(ApiController):
    """Payment providers: who comes back from one was on the site before, so they are no referrers."""

    path = "/api/payment-hosts"
    tags = ("Channel rules",)

    @get(guards=DEFINITIONS, summary="List payment providers", sync_to_thread=True)
    def list_hosts(self, request: AnyRequest) -> PaymentHosts:
        """Those of a person, else those Stammgast comes with."""
        return PaymentHosts(list(api.payment_hosts(runtime_of(request))))

    @put(guards=ANALYST, summary="Replace the payment providers", sync_to_thread=True)
    def replace(self, request: AnyRequest, data: JSONBody[PaymentHosts]) -> PaymentHosts:
        """Holds for events read from now on."""
        api.change_payment_hosts(runtime_of(request), _by(request), data.hosts)
        return PaymentHosts(list(api.payment_hosts(runtime_of(request))))


def _rest_of_path(request: AnyRequest, prefix: str, normal: str) -> str:
    """Return what follows `prefix` in the path as it was sent; `normal`, which has lost slashes, when that is unknown."""
    sent = request.scope.get("raw_path", b"").partition(b"?")[0].decode("latin-1")
    start = sent.find(prefix)
    return unquote(sent[start + len(prefix) :]) if start >= 0 else normal.removeprefix("/")


def _quarantined_answer(one: Quarantined) -> QuarantinedAnswer:
    rejected = one.rejected
    return QuarantinedAnswer(
        id=one.id,
        reason=rejected.reason,
        explanation=REASONS.get(rejected.reason, ""),
        detail=rejected.detail,
        message_id=rejected.message_id,
        type=rejected.type,
        event=rejected.name,
        source=rejected.raw.source,
        timestamp=iso_time(rejected.time),
        received_at=iso_time(rejected.raw.received_at),
        quarantined_at=iso_time(one.quarantined_at),
        raw=rejected.raw.body.decode("utf-8", "replace"),
    )


def _check_order(order: QuarantineOrder) -> None:
    if bool(order.ids) == bool(order.reason):
        raise Invalid(field="ids", problem="name either ids or a reason")
    if order.reason and order.reason not in REASONS:
        raise Invalid(field="reason", problem=f"must be one of {', '.join(REASONS)}")


def _by(request: AnyRequest) -> Actor:
    return Actor.of(person_of(request))


CONTROLLERS = (
    MessagesController,
    QuarantineController,
    EventSchemasController,
    ChannelRulesController,
    PaymentHostsController,
)
