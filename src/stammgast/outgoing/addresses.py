"""Which network addresses a webhook may reach: public ones, and private ones only where the setting names them."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from stammgast.kernel.errors import StammgastError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Sequence[str]]

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class PrivateAddress(StammgastError):
    """{host} leads to {address}, an address of a private network. Name it in the setting `outgoing_private` to allow it."""


class NoSuchHost(StammgastError):
    """The name {host} leads nowhere: {problem}."""

    retry = True


@dataclass(frozen=True)
class Allowed:
    """The private networks and host names that webhooks may reach."""

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = field(default_factory=frozenset)

    def is_named(self, host: str) -> bool:
        """Say whether the host, a name or an address, is one of those named."""
        try:
            return self._holds(ipaddress.ip_address(host.strip("[]")))
        except ValueError:
            return host.lower().rstrip(".") in self.hosts

    def may_reach(self, host: str, address: Address) -> bool:
        """Say whether a call to `host` may connect to `address`."""
        return is_public(address) or self.is_named(host) or self._holds(address)

    def _holds(self, address: Address) -> bool:
        return any(address in network for network in self.networks)


def read_allowed(text: str) -> Allowed:
    """Return what the setting names: addresses, networks and host names, separated by commas or blanks.

    >>> allowed = read_allowed("127.0.0.1, 10.1.0.0/16, Intranet.example")
    >>> allowed.is_named("10.1.2.3"), allowed.is_named("intranet.example"), allowed.is_named("10.2.0.1")
    (True, True, False)
    """
    networks: list[Network] = []
    hosts = set()
    for one in text.replace(",", " ").split():
        try:
            networks.append(ipaddress.ip_network(one, strict=False))
        except ValueError:
            hosts.add(one.lower().rstrip("."))
    return Allowed(tuple(networks), frozenset(hosts))


def is_public(address: Address) -> bool:
    """Say whether an address belongs to the public internet; one that wraps another is as public as that one.

    >>> [is_public(ipaddress.ip_address(one)) for one in ("93.184.216.34", "127.0.0.1", "169.254.169.254", "10.0.0.1")]
    [True, False, False, False]
    >>> [is_public(ipaddress.ip_address(one)) for one in ("::1", "fd00::1", "fe80::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1")]
    [False, False, False, False, False]
    """
    wrapped = _wrapped(address)
    if wrapped is not None:
        return is_public(wrapped)
    return address.is_global and not address.is_multicast and not address.is_reserved


def is_private_host(host: str) -> bool:
    """Say whether a host is private by the look of it; what a name leads to is seen at each call.

    >>> is_private_host("127.0.0.1"), is_private_host("localhost"), is_private_host("[::1]"), is_private_host("crm.example")
    (True, True, True, False)
    """
    try:
        return not is_public(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return host.lower().rstrip(".").rpartition(".")[2] in ("localhost", "local", "internal")


def _wrapped(address: Address) -> Address | None:
    """Return the IPv4 address that an IPv6 one stands for, None when it stands for itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a name, as the machine's resolver orders them. Raises NoSuchHost."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as problem:
        raise NoSuchHost(host=host, problem=problem) from None
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def address_to_reach(host: str, port: int, allowed: Allowed, resolver: Resolve = resolve) -> str:
    """Return the one address that a call to `host` connects to. Raises NoSuchHost, and PrivateAddress if any is private.

    A name is looked up once and the address is pinned: what it leads to a moment later does not matter.
    """
    found = resolver(host.strip("[]"), port)
    if not found:
        raise NoSuchHost(host=host, problem="no address")
    for one in found:
        if not allowed.may_reach(host, ipaddress.ip_address(one.partition("%")[0])):
            raise PrivateAddress(host=host, address=one)
    return found[0]
