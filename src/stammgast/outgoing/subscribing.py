"""Ending mails of a purpose: what a mail's link says, and what follows for later mails to that address.

A link needs no log-in: it is sealed, so that nobody can make one. What somebody wishes is noted in control at once; the engine
keeps it, by a digest of the address, and lets no mail of that purpose go there.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

import msgspec

from stammgast.events.api import append_derived
from stammgast.events.contracts import OwnEvent
from stammgast.kernel import clock
from stammgast.kernel.effects import derived_message_id
from stammgast.kernel.errors import NotFound
from stammgast.kernel.ids import digest128
from stammgast.kernel.runtime import MessagePurpose, Runtime
from stammgast.kernel.sealing import WrongSealingKey, open_sealer
from stammgast.outgoing.contracts import MailOrder
from stammgast.outgoing.store import targets as store
from stammgast.outgoing.telling import ORIGIN
from stammgast.workspace.api import touch

PATH = "/unsubscribe/"
ENDED, BEGUN = "Message Unsubscribed", "Message Resubscribed"
RULE, VERSION = "outgoing subscription", 1
_SEALED_FOR = "outgoing unsubscribe"


class LinkBroken(NotFound):
    """This link is not whole. Open it from the mail once more, or answer the mail."""

    code = "not_found"


class Subscription(msgspec.Struct, frozen=True, array_like=True):
    """What a link says: the key of its mail, whose timeline is told (0: nobody's), the purpose, and the address."""

    key: str
    profile: int
    purpose: str
    address: str


def purposes_of(runtime: Runtime) -> Mapping[str, MessagePurpose]:
    """Return the purposes that the modules declare, by name."""
    return {one.name: one for manifest in runtime.manifests for one in manifest.purposes}


def address_digest(address: str) -> bytes:
    """Return what an address is remembered by.

    >>> address_digest("Anna@Inn.example") == address_digest("anna@inn.example ")
    True
    """
    return digest128(b"mail address", address.strip().casefold().encode())


def unsubscribe_url(runtime: Runtime, order: MailOrder) -> str:
    """Return the link at which the reader of a mail ends mails of its purpose."""
    said = msgspec.msgpack.encode(Subscription(order.key, order.profile, order.purpose, order.to))
    sealed = open_sealer(runtime.settings).seal(said, _SEALED_FOR)
    return f"{runtime.settings.base_url}{PATH}{base64.urlsafe_b64encode(sealed).decode().rstrip('=')}"


def read_link(runtime: Runtime, token: str) -> Subscription:
    """Return what a link says. Raises LinkBroken."""
    try:
        sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        said = open_sealer(runtime.settings).unseal(sealed, _SEALED_FOR)
        return msgspec.msgpack.decode(said, type=Subscription)
    except (binascii.Error, ValueError, WrongSealingKey):
        raise LinkBroken(what="link", name="") from None


def end_subscription(runtime: Runtime, one: Subscription) -> None:
    """Let no more mails of that purpose go to that address, from the next second on. Twice does no harm."""
    _change(runtime, one, "unsubscribe", ENDED)


def begin_subscription(runtime: Runtime, one: Subscription) -> None:
    """Let mails of that purpose go to that address again."""
    _change(runtime, one, "resubscribe", BEGUN)


def _change(runtime: Runtime, one: Subscription, wish: str, name: str) -> None:
    now = clock.now_millis()
    with runtime.control.write() as connection:
        said = f"{address_digest(one.address).hex()} {one.purpose}"
        number = store.add_wish(connection, wish, now, address=said)
        touch(connection)
    if one.profile:
        cause = derived_message_id(f"{one.key} {number}", f"{RULE} {wish}", VERSION)
        properties = {"kind": "mail", "purpose": one.purpose}
        append_derived(
            runtime,
            [OwnEvent(origin=ORIGIN, profile=one.profile, name=name, message_id=cause, properties=properties)],
        )
