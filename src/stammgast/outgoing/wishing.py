"""What people want done with deliveries: noted by web, done by the worker within a second."""

from __future__ import annotations

from stammgast.kernel import clock
from stammgast.kernel.errors import Invalid
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.runtime import Runtime
from stammgast.outgoing.checking import read_mail_address
from stammgast.outgoing.contracts import MAIL, NothingToSend, TargetOff
from stammgast.outgoing.looking import delivery, target_health
from stammgast.outgoing.store import targets as store
from stammgast.outgoing.targets import target
from stammgast.workspace.api import changing
from stammgast.workspace.contracts import Actor


def replay(runtime: Runtime, by: Actor, number: int) -> None:
    """Let a delivery that failed go again. Raises DeliveryNotFound, NothingToSend, TargetNotFound when there is none left."""
    found = delivery(runtime, number)
    if found.state != "failed":
        raise NothingToSend(name=number, state=found.state)
    if found.kind != MAIL:
        target(runtime, found.target)
    _wish(runtime, by, "replay", delivery=number)


def replay_all(runtime: Runtime, by: Actor, number: int) -> None:
    """Let everything that failed at a target go again. Raises TargetNotFound."""
    target(runtime, number)
    _wish(runtime, by, "replay", target=number)


def discard(runtime: Runtime, by: Actor, number: int) -> None:
    """Let go of a delivery that waits or failed. Raises DeliveryNotFound, NothingToSend."""
    found = delivery(runtime, number)
    if found.state not in ("waiting", "failed"):
        raise NothingToSend(name=number, state=found.state)
    _wish(runtime, by, "discard", delivery=number)


def send_test(runtime: Runtime, by: Actor, number: int, address: str = "") -> str:
    """Send a message that says it is a test; `address` is who gets a mail. Return the key of its delivery.

    Raises TargetNotFound, TargetOff, Invalid.
    """
    found = target(runtime, number)
    if not found.is_on or target_health(runtime, found).is_closed(found):
        raise TargetOff(name=found.name)
    if found.kind == MAIL:
        if not address.strip():
            raise Invalid(field="address", problem=_("write who gets the test mail"))
        address = read_mail_address(address, "address")
    return f"test:{_wish(runtime, by, 'test', target=number, address=address)}"


def _wish(runtime: Runtime, by: Actor, wish: str, *, target: int = 0, delivery: int = 0, address: str = "") -> int:
    with changing(runtime, by) as change:
        subject = f"target {target}" if target else f"delivery {delivery}"
        change.note(f"outgoing.{wish}", subject)
        return store.add_wish(
            change.connection, wish, clock.now_millis(), target=target, delivery=delivery, address=address
        )
