"""What crosses the module's border: orders of mails and webhooks, targets, deliveries, and the refusals about them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from stammgast.kernel.errors import Conflict, NotFound

MAIL, WEBHOOK = "mail", "webhook"
TargetKind = Literal["mail", "webhook", "shown"]
TARGET_KINDS: tuple[TargetKind, ...] = ("mail", "webhook", "shown")
Security = Literal["starttls", "tls", "none"]
SECURITIES: tuple[Security, ...] = ("starttls", "tls", "none")
WhenUnsure = Literal["again", "hold"]
WHEN_UNSURE: tuple[WhenUnsure, ...] = ("again", "hold")
State = Literal["waiting", "sending", "sent", "failed", "discarded"]
STATES: tuple[State, ...] = ("waiting", "sending", "sent", "failed", "discarded")

ATTACHED_BYTES_MAX = 5_000_000
"""All attachments of a mail together; they lie in the customers database until the mail is out."""
WEBHOOK_BYTES_MAX = 256 * 1024
UNSUBSCRIBE_URL = "{unsubscribe_url}"
"""Stands in a mail's text and HTML for the address at which its reader ends mails of that purpose."""


Number = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Moment = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]


class Attachment(msgspec.Struct, frozen=True):
    """A file that goes with a mail. `media_type` is like `application/pdf`."""

    name: str
    media_type: str
    content: bytes


class MailOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A mail that is to go out once. Ordered by `api.order_mail`.

    key: names it for ever; a second order with the same key is dropped. purpose: the `MessagePurpose` that a manifest
    declares. profile: the customer whose timeline tells of it, 0 for nobody. sender: a target's number, 0 for the one of
    `brand` (0: of all brands). not_after: ms UTC after which it is not worth sending, None for never.
    """

    key: str
    purpose: str
    to: str
    subject: str
    text: str
    html: str = ""
    to_name: str = ""
    profile: Number = 0
    brand: Number = 0
    sender: Number = 0
    reply_to: str = ""
    in_reply_to: str = ""
    """Message-ID of the mail that this one answers."""
    attachments: tuple[Attachment, ...] = ()
    not_after: Moment | None = None


class WebhookOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A call that is to go out once. Ordered by `api.order_webhook`; `key`, `purpose`, `profile`, `not_after` as of a mail.

    target: its number. type: what happened, in words with dots, like `segment.entered`. time: when it happened, ms UTC.
    data: what the receiver is told, as JSON.
    """

    key: str
    purpose: str
    target: Number
    type: str
    time: Moment
    data: dict[str, Any] = {}
    profile: Number = 0
    not_after: Moment | None = None


class WebhookSettings(msgspec.Struct, frozen=True, tag="webhook"):
    """Where a webhook goes."""

    url: str


class MailSettings(msgspec.Struct, frozen=True, tag="mail", kw_only=True):
    """A sender of mails: the server, and who the mails are from. `user` empty: the server asks for no log-in."""

    host: str
    port: int = 587
    security: Security = "starttls"
    user: str = ""
    from_address: str
    from_name: str = ""
    reply_to: str = ""


class ShownSettings(msgspec.Struct, frozen=True, tag="shown"):
    """The null way: mails and webhooks end here and are shown, as they would have gone out."""


TargetSettings = WebhookSettings | MailSettings | ShownSettings


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How a target is sent to.

    at_once: most attempts at the same time. per_minute: most in a minute, 0 for no limit. in_order: the next one goes only
    when the one before it has arrived or failed for good. timeout_seconds: of a whole attempt. give_up_hours: from the first
    attempt on. when_unsure: what happens when nobody knows whether the other side took it: it goes again (the receiver drops
    what it has by its id), or it is held for a person to decide.
    """

    at_once: int = 4
    per_minute: int = 0
    in_order: bool = False
    timeout_seconds: int = 15
    give_up_hours: int = 72
    when_unsure: WhenUnsure = "again"


class Secret(msgspec.Struct, frozen=True):
    """A sealed secret of a target. `hint`: its last four characters, empty for a password. ends_at: None while it is present."""

    sealed: bytes
    hint: str
    made_at: int
    ends_at: int | None = None


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where something goes. brand 0: for all brands. Times are ms UTC; opened_at: when a person last switched it on."""

    id: int
    uid: str
    name: str
    kind: TargetKind
    brand: int
    is_on: bool
    settings: TargetSettings
    pace: Pace = Pace()
    secrets: tuple[Secret, ...] = ()
    created_at: int
    opened_at: int
    removed_at: int | None = None

    @property
    def seal_purpose(self) -> str:
        """What the target's secrets are sealed for: a seal moved to another target does not open there."""
        return f"outgoing target {self.uid}"


class TargetFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a person enters about a target."""

    name: str
    settings: TargetSettings
    brand: int = 0
    pace: Pace = Pace()


class TargetSecret(msgspec.Struct, frozen=True):
    """A target with its new signing secret: the only time that it is told. Empty for targets that have none."""

    target: Target
    secret: str


class Health(msgspec.Struct, kw_only=True):
    """How a target answers. failures: in a row, its own fault. resting_until: ms UTC, nothing goes there before.

    closed_at: when it answered that it is gone for good (410). sent, failed: how many for good.
    """

    failures: int = 0
    first_failed_at: int = 0
    last_sent_at: int = 0
    last_failed_at: int = 0
    resting_until: int = 0
    closed_at: int = 0
    sent: int = 0
    failed: int = 0

    def is_closed(self, target: Target) -> bool:
        """Say whether the receiver closed it and nobody has opened it since."""
        return self.closed_at > 0 and self.closed_at >= target.opened_at


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One mail or call and how far it is. Times are ms UTC.

    attempts: in all; tries: since it was ordered, or last replayed. target 0: no sender is there for it yet. reason: why it
    failed (see `words.REASONS`). detail: the last answer. told: the outcome that its customer's timeline has, if any.
    """

    number: int
    key: str
    kind: str
    target: int
    purpose: str
    profile: int
    brand: int
    state: State
    attempts: int
    tries: int
    created_at: int
    first_at: int
    next_at: int
    ended_at: int
    reason: str
    detail: str
    told: str
    title: str
    """Subject of a mail, type of a webhook."""


class Attempt(msgspec.Struct, frozen=True):
    """One try: when (ms UTC), how long (ms), whether it was taken, HTTP status or SMTP code (0: none), what was answered."""

    delivery: int
    number: int
    target: int
    at: int
    millis: int
    outcome: str
    status: int
    detail: str


class TargetNotFound(NotFound):
    """There is no target {name}."""

    code = "not_found"


class DeliveryNotFound(NotFound):
    """There is no delivery {name}."""

    code = "not_found"


class TargetNameTaken(Conflict):
    """The name {name} is taken. Choose another one."""

    code = "name_taken"


class NothingToSend(Conflict):
    """Delivery {name} is {state}: only what failed can be sent again, only what waits or failed can be let go."""


class TargetOff(Conflict):
    """The target {name} is switched off or closed. Switch it on first."""
