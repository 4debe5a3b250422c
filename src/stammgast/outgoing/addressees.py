"""Which target an order goes to, and what is taken in of what the worker kept."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

import msgspec

from stammgast.outgoing.contracts import MAIL, WEBHOOK, MailOrder, Target, WebhookOrder
from stammgast.outgoing.ordering import read_order
from stammgast.outgoing.store.deliveries import Fresh, Kept

logger = logging.getLogger(__name__)

TAKES: Mapping[str, tuple[str, ...]] = {MAIL: ("mail", "shown"), WEBHOOK: ("webhook", "shown")}
"""Kind of order -> kinds of targets that take it."""
TITLE_LENGTH_MAX = 300


def sender_of(targets: Iterable[Target], brand: int) -> int:
    """Return the number of the sender of a brand's mails: one of the brand itself, else one of all brands; 0 for none.

    A real sender comes before one that only shows.
    """
    fit = [one for one in targets if one.removed_at is None and one.kind in TAKES[MAIL] and one.brand in (brand, 0)]
    return min(fit, key=lambda one: (one.kind != MAIL, one.brand != brand, one.id)).id if fit else 0


def fresh_delivery(kept: Kept, targets: Mapping[int, Target]) -> Fresh:
    """Return what an effect becomes. One that can't be read or names no target fails at once, and is shown."""
    begun = Fresh(key=kept.key, kind=kept.kind, payload=kept.payload, target=0, created_at=kept.created_at)
    try:
        order = read_order(kept.kind, kept.payload)
    except (msgspec.MsgspecError, ValueError) as problem:
        logger.error("order can't be read", extra={"kind": kept.kind, "problem": type(problem).__name__})  # noqa: TRY400
        return msgspec.structs.replace(begun, state="failed", reason="unreadable", detail=str(problem))
    begun = msgspec.structs.replace(
        begun, purpose=order.purpose, profile=order.profile, not_after=order.not_after or 0, title=_title(order)
    )
    if isinstance(order, MailOrder):
        begun = msgspec.structs.replace(begun, brand=order.brand)
        if not order.sender:
            return msgspec.structs.replace(begun, target=sender_of(targets.values(), order.brand))
    number = order.sender if isinstance(order, MailOrder) else order.target
    target = targets.get(number)
    if target is None or target.removed_at is not None or target.kind not in TAKES[kept.kind]:
        return msgspec.structs.replace(begun, target=number, state="failed", reason="no_target")
    return msgspec.structs.replace(begun, target=number)


def _title(order: MailOrder | WebhookOrder) -> str:
    return (order.subject if isinstance(order, MailOrder) else order.type)[:TITLE_LENGTH_MAX]
