"""A mail as it goes out: the same bytes at each attempt, under the same Message-ID."""

from __future__ import annotations

import html
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from stammgast.kernel import clock
from stammgast.kernel.ids import digest128
from stammgast.outgoing.contracts import UNSUBSCRIBE_URL, MailOrder, MailSettings

ONE_CLICK = "List-Unsubscribe=One-Click"
"""What RFC 8058 has in the header, and in the body of the request that a mail program then sends."""


def message_id(key: str, from_address: str) -> str:
    """Return the Message-ID of a mail, which follows from its key.

    >>> message_id("survey:7", "desk@inn.example")
    '<67efcac6321f652ace9239ab18d33633@inn.example>'
    """
    return f"<{digest128(b'mail', key.encode()).hex()}@{from_address.rpartition('@')[2]}>"


def compose(order: MailOrder, settings: MailSettings, ordered_at: int, unsubscribe_url: str = "") -> EmailMessage:
    """Return the mail; `ordered_at` in ms UTC is its date. Raises ValueError for addresses and types that are none.

    `unsubscribe_url` stands in its headers, so that mail programs offer a button, and wherever the text names it.
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = _address(settings.from_address, settings.from_name)
    message["To"] = _address(order.to, order.to_name)
    message["Subject"] = order.subject
    message["Date"] = format_datetime(clock.from_millis(ordered_at))
    message["Message-ID"] = message_id(order.key, settings.from_address)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: whoever is away does not tell us so.
    reply_to = order.reply_to or settings.reply_to
    if reply_to:
        message["Reply-To"] = reply_to
    if order.in_reply_to:
        message["In-Reply-To"] = message["References"] = order.in_reply_to
    if unsubscribe_url:
        message["List-Unsubscribe"] = f"<{unsubscribe_url}>"
        if unsubscribe_url.startswith("https://"):  # RFC 8058, section 3.1
            message["List-Unsubscribe-Post"] = ONE_CLICK
    _fill(message, order, unsubscribe_url)
    _name_parts(message, order.key)
    return message


def as_bytes(message: EmailMessage, *, is_international: bool) -> bytes:
    """Return the mail as it travels; `is_international`: addresses in UTF-8, for servers that know RFC 6531."""
    return message.as_bytes(policy=SMTPUTF8 if is_international else SMTP)


def is_international(message: EmailMessage) -> bool:
    """Say whether the mail goes only by servers that know RFC 6531: an address has letters beyond ASCII before its @."""
    addresses = [
        one.addr_spec for name in ("From", "To", "Reply-To") if message[name] for one in message[name].addresses
    ]
    return not all(one.isascii() for one in addresses)


def _address(address: str, name: str) -> Address:
    user, at, domain = address.rpartition("@")
    if not (user and at and domain):
        raise ValueError(f"{address!r} is no mail address")
    return Address(name, user, domain.encode("idna").decode() if not domain.isascii() else domain)


def _fill(message: EmailMessage, order: MailOrder, unsubscribe_url: str) -> None:
    message.set_content(order.text.replace(UNSUBSCRIBE_URL, unsubscribe_url))
    if order.html:
        text = order.html.replace(UNSUBSCRIBE_URL, html.escape(unsubscribe_url))
        message.add_alternative(text, subtype="html")
    for one in order.attachments:
        main, slash, sub = one.media_type.partition("/")
        if not (main and slash and sub):
            raise ValueError(f"{one.media_type!r} is no media type")
        message.add_attachment(one.content, maintype=main, subtype=sub, filename=one.name)


def _name_parts(message: EmailMessage, key: str) -> None:
    """Give the parts boundaries that follow from the key, where the library would take random ones."""
    for place, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_{digest128(b'part', key.encode(), b'%d' % place).hex()}")
