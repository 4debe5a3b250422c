"""Is this the company's own traffic? Asked of the full address, which only the request still knows.

Networks at least as wide as a truncated address are left to the reading of events, by the rules of that moment. Narrower
ones are decided here, and the log keeps the answer instead of the address.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network

import msgspec

from stammgast.events.collecting.scrubbing import read_address
from stammgast.events.enrichment.staff import is_narrow, read_network
from stammgast.events.splitting import NotJson, split_batch
from stammgast.workspace.contracts import StaffRules


class _Context(msgspec.Struct, gc=False):
    ip: object = None


class _Event(msgspec.Struct, gc=False):
    context: _Context | None = None


_decode_context = msgspec.json.Decoder(_Context | None).decode
_decode_event = msgspec.json.Decoder(_Event).decode
_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class StaffAddresses:
    """Knows addresses in staff networks; `rules` gives the staff rules as of now."""

    def __init__(self, rules: Callable[[], StaffRules]) -> None:
        """Nothing is read before the first asking."""
        self._rules = rules

    def is_staff(self, address: str) -> bool:
        """Say whether a full address lies in a network too narrow to be told from a truncated one."""
        networks = _narrow_networks(self._rules().networks)
        return bool(networks) and _contains(networks, address)

    def ordinals(self, body: bytes, *, is_batch: bool) -> tuple[int, ...]:
        """Return which events of a request (from 0) say themselves that they come from such an address (`context.ip`)."""
        # The networks first: most have none, and a body is long.
        if not (networks := _narrow_networks(self._rules().networks)) or b'"ip"' not in body:
            return ()
        said = _said_in_batch(body) if is_batch else [_said_by(body)]
        return tuple(ordinal for ordinal, address in enumerate(said) if address and _contains(networks, address))


def _said_in_batch(body: bytes) -> list[str]:
    try:
        parts = split_batch(body)
    except NotJson:
        return []
    try:
        shared = _address_in(_decode_context(parts.context)) if bytes(parts.context) else ""
    except _BROKEN:
        shared = ""
    return [_said_by(bytes(one)) or shared for one in parts.batch]


def _said_by(body: bytes) -> str:
    try:
        return _address_in(_decode_event(body).context)
    except _BROKEN:
        return ""


def _address_in(context: _Context | None) -> str:
    return context.ip if context is not None and isinstance(context.ip, str) else ""


@lru_cache(maxsize=4)
def _narrow_networks(texts: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    networks = [network for text in texts if (network := read_network(text))]
    return tuple(one for one in networks if is_narrow(one))


@lru_cache(maxsize=16_384)
def _contains(networks: tuple[IPv4Network | IPv6Network, ...], text: str) -> bool:
    address = read_address(text)
    return address is not None and any(address in network for network in networks)
