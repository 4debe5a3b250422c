"""Is this the company's own traffic? By network, mail domain or user id, as the workspace says."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Protocol

from stammgast.workspace.contracts import StaffRules


class Told(Protocol):
    """What of an event tells whose traffic it is."""

    user_id: str
    traits: dict[str, Any]
    properties: dict[str, Any]


KEPT_BITS_V4 = 24
KEPT_BITS_V6 = 48


class StaffMarker:
    """Staff rules made ready. A rule that can't be read (they are checked when saved) marks nobody."""

    def __init__(self, rules: StaffRules) -> None:
        """Leave out networks that a truncated address does not show: they were asked at collection (`collecting/staff.py`)."""
        networks = [network for text in rules.networks if (network := read_network(text))]
        self._networks = tuple(network for network in networks if not is_narrow(network))
        self._rules = rules
        self.is_idle = not (self._networks or rules.email_domains or rules.user_ids)
        self._is_staff_network = lru_cache(16_384)(self._contains)

    def is_staff(self, event: Told, ip: str) -> bool:
        """Say whether any rule fits the event or its truncated address."""
        if self.is_idle:
            return False
        rules = self._rules
        if (event.user_id and rules.is_user(event.user_id)) or (rules.email_domains and self._has_staff_mail(event)):
            return True
        return bool(self._networks and ip) and self._is_staff_network(ip)

    def _has_staff_mail(self, event: Told) -> bool:
        for place in (event.traits, event.properties):
            email = place.get("email")
            if isinstance(email, str) and self._rules.is_email(email):
                return True
        return False

    def _contains(self, ip: str) -> bool:
        try:
            address = ip_address(ip)
        except ValueError:
            return False
        return any(address in network for network in self._networks)


def read_network(text: str) -> IPv4Network | IPv6Network | None:
    """Return the network that a rule names, or None when `text` is none.

    >>> read_network("203.0.113.77/28")
    IPv4Network('203.0.113.64/28')
    """
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        return None


def is_narrow(network: IPv4Network | IPv6Network) -> bool:
    """Say whether a truncated address (IPv4 /24, IPv6 /48) can't tell who is in the network.

    >>> is_narrow(ip_network("203.0.113.0/25")), is_narrow(ip_network("203.0.113.0/24"))
    (True, False)
    """
    return network.prefixlen > (KEPT_BITS_V4 if network.version == 4 else KEPT_BITS_V6)  # noqa: PLR2004 - IP versions
