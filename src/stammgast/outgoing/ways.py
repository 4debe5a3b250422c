"""What every way out is handed: the job of one attempt, and what of the world outside the setting allows."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from stammgast.kernel.errors import StammgastError
from stammgast.kernel.settings import Settings
from stammgast.outgoing.addresses import Allowed, Resolve, read_allowed, resolve
from stammgast.outgoing.contracts import Delivery, Target
from stammgast.outgoing.deciding import Answer
from stammgast.outgoing.ordering import Order


class UnreadableAuthorities(StammgastError):
    """The file of certificate authorities {path} can't be read: {problem}. Mend the setting `outgoing_ca`."""


@dataclass(frozen=True)
class Job:
    """One attempt that is to be made. `secrets` are open, newest first."""

    delivery: Delivery
    order: Order
    target: Target
    secrets: tuple[str, ...] = ()
    unsubscribe_url: str = ""
    """At which the reader of a mail ends mails of its purpose; empty where they can't."""


@dataclass(frozen=True)
class Outside:
    """How the world outside is reached."""

    allowed: Allowed
    authorities: str = ""
    """PEM file of further certificate authorities, empty for none."""
    base_url: str = ""
    resolve: Resolve = field(default=resolve)

    @classmethod
    def of(cls, settings: Settings) -> Outside:
        """Return the outside as the settings have it."""
        return cls(read_allowed(settings.outgoing_private), settings.outgoing_ca, settings.base_url)

    def tls(self) -> ssl.SSLContext:
        """Return the context of TLS connections: certificates are checked, and against the host's name."""
        return self._context

    @cached_property
    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self.authorities:
            try:
                context.load_verify_locations(self.authorities)
            except OSError as problem:
                raise UnreadableAuthorities(path=self.authorities, problem=problem) from None
        return context


Way = Callable[[Job, Outside], Answer]
"""Makes one attempt. It raises nothing for what the other side does; what it raises is a fault of ours."""
