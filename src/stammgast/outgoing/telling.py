"""What a customer's timeline is told: once, that a message was sent, or that it could not be."""

from __future__ import annotations

from sqlalchemy import Connection

from stammgast.events.api import own_body
from stammgast.events.contracts import OwnEvent
from stammgast.kernel.effects import derived_message_id
from stammgast.kernel.own_queue import queue_own
from stammgast.outgoing.contracts import Delivery
from stammgast.outgoing.store import deliveries

ORIGIN = "outgoing"
SENT, FAILED = "Message Sent", "Message Failed"
RULE, VERSION = "outgoing", 1
_NAMES: dict[str, str] = {"sent": SENT, "failed": FAILED}
_TOLD_BEFORE = {"": ("sent", "failed"), "failed": ("sent",)}
"""What may still be told after what was: a message that failed may be sent yet, and fails but once."""


def outcome_event(delivery: Delivery, outcome: str, target: str, reason: str) -> OwnEvent:
    """Return the own event of a delivery's end. Its message id follows from the delivery's key and the outcome alone."""
    properties: dict[str, object] = {
        "kind": delivery.kind,
        "purpose": delivery.purpose,
        "subject": delivery.title,
        "target": target,
        "delivery": delivery.number,
        "attempts": delivery.attempts,
    }
    if outcome == "failed":
        properties["reason"] = reason
    return OwnEvent(
        origin=ORIGIN,
        profile=delivery.profile,
        name=_NAMES[outcome],
        message_id=derived_message_id(delivery.key, f"{RULE} {outcome}", VERSION),
        properties=properties,
    )


def tell(connection: Connection, delivery: Delivery, state: str, target: str, reason: str, now: int) -> None:
    """Queue the own event of a delivery that ended, in the transaction that ends it; nobody's timeline is told nothing."""
    if not delivery.profile or state not in _TOLD_BEFORE.get(delivery.told, ()):
        return
    queue_own(connection, [own_body(outcome_event(delivery, state, target, reason))], now)
    deliveries.note_told(connection, delivery.number, state)
