"""Orders as effects: what a module gives the worker to have a mail or a webhook sent. Pure; refuses what can never go out."""

from __future__ import annotations

import msgspec

from stammgast.kernel.effects import Deliver
from stammgast.outgoing.contracts import ATTACHED_BYTES_MAX, MAIL, WEBHOOK, WEBHOOK_BYTES_MAX, MailOrder, WebhookOrder

KEY_LENGTH_MAX = 200
Order = MailOrder | WebhookOrder

_encode = msgspec.msgpack.Encoder().encode
_decode_mail = msgspec.msgpack.Decoder(MailOrder).decode
_decode_webhook = msgspec.msgpack.Decoder(WebhookOrder).decode


def order_mail(order: MailOrder) -> Deliver:
    r"""Return the effect that sends a mail. Raises ValueError for what can't be sent as it is.

    >>> mail = MailOrder(key="survey:7", purpose="survey", to="anna@inn.example", subject="How was it?", text="Tell us.")
    >>> order_mail(mail).key
    'survey:7'
    >>> order_mail(msgspec.structs.replace(mail, subject="Hi\nBcc: all@inn.example"))
    Traceback (most recent call last):
    ...
    ValueError: mail survey:7: a line break in its subject
    """
    _check_names(order)
    for name in ("to", "subject", "to_name", "reply_to", "in_reply_to"):
        if any(sign in getattr(order, name) for sign in "\r\n\0"):
            raise ValueError(f"mail {order.key}: a line break in its {name}")
    attached = sum(len(one.content) for one in order.attachments)
    if attached > ATTACHED_BYTES_MAX:
        raise ValueError(f"mail {order.key}: {attached} bytes attached, at most {ATTACHED_BYTES_MAX}")
    return Deliver(MAIL, order.key, _encode(order))


def order_webhook(order: WebhookOrder) -> Deliver:
    """Return the effect that calls a webhook. Raises ValueError for what can't be sent as it is."""
    _check_names(order)
    payload = _encode(order)
    if len(payload) > WEBHOOK_BYTES_MAX:
        raise ValueError(f"webhook {order.key}: {len(payload)} bytes, at most {WEBHOOK_BYTES_MAX}")
    return Deliver(WEBHOOK, order.key, payload)


def read_order(kind: str, payload: bytes) -> Order:
    """Return an order as it was given. Raises msgspec.DecodeError (a ValueError)."""
    return _decode_mail(payload) if kind == MAIL else _decode_webhook(payload)


def _check_names(order: Order) -> None:
    if not (0 < len(order.key) <= KEY_LENGTH_MAX and order.key.isprintable()):
        raise ValueError(f"the key {order.key[:KEY_LENGTH_MAX]!r}: 1 to {KEY_LENGTH_MAX} printable characters")
    if not (order.purpose.isprintable() and (isinstance(order, MailOrder) or order.type.isprintable())):
        raise ValueError(f"order {order.key}: signs in its purpose or type that can't be printed")
