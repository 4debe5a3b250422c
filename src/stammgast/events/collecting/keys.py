"""Who may send: write keys, their sources' origins and rates."""

from __future__ import annotations

import base64
import binascii
import math
from functools import lru_cache
from typing import Protocol

import msgspec

from stammgast.events.collecting.refusals import OriginNotAllowed, RateLimited, UnknownWriteKey
from stammgast.kernel import clock
from stammgast.kernel.runtime import Runtime
from stammgast.workspace.api import source_by_key
from stammgast.workspace.contracts import Source

WRITE_KEY_LENGTH_MAX = 200
UNKNOWN_SECONDS = 1.0
"""How long a key that is unknown stays so, lest somebody who guesses keys keeps the database busy."""
_UNKNOWN_MAX = 10_000
_BURST_SECONDS = 10
RETRY_SECONDS_MAX = 300


class KeyRing(Protocol):
    """Knows which source a write key opens."""

    def source(self, write_key: str) -> Source | None:
        """Return the source, None when the key is unknown, rotated out or revoked."""


class WorkspaceKeys:
    """The key ring of the installation: the workspace's picture, at most a second old."""

    def __init__(self, runtime: Runtime) -> None:
        """Begin with no key known to be wrong."""
        self._runtime = runtime
        self._unknown: dict[str, float] = {}

    def source(self, write_key: str) -> Source | None:
        """Return the source, None when the key is unknown, rotated out or revoked."""
        now = clock.monotonic()
        if self._unknown.get(write_key, 0.0) > now:
            return None
        found = source_by_key(self._runtime, write_key)
        if found is None:
            if len(self._unknown) >= _UNKNOWN_MAX:
                self._unknown.clear()
            self._unknown[write_key] = now + UNKNOWN_SECONDS
        return found


class Gate:
    """Lets a request in by its write key, its origin and its source's rate."""

    def __init__(self, keys: KeyRing) -> None:
        """Every source begins with a full allowance."""
        self._keys = keys
        self._allowances: dict[int, tuple[float, float]] = {}

    def admit(self, write_key: str, origin: str) -> Source:
        """Return the source that `write_key` opens to a page of `origin` (empty: it was no page).

        Raises UnknownWriteKey or OriginNotAllowed.
        """
        source = self._keys.source(write_key) if 0 < len(write_key) <= WRITE_KEY_LENGTH_MAX else None
        if source is None:
            raise UnknownWriteKey
        if origin and source.allowed_origins and origin.rstrip("/") not in source.allowed_origins:
            raise OriginNotAllowed(origin=origin[:200])
        return source

    def charge(self, source: Source, events: int) -> None:
        """Count a source's events against its rate. Raises RateLimited with the seconds to wait.

        A request is let in while anything is left, even if it then owes: a batch larger than the rate must get through.
        """
        limit = source.rate_limit
        if limit <= 0:
            return
        now = clock.monotonic()
        left, since = self._allowances.get(source.id, (limit * _BURST_SECONDS, now))
        left = min(left + (now - since) * limit, limit * _BURST_SECONDS)
        if left <= 0:
            self._allowances[source.id] = (left, now)
            seconds = min(max(1, math.ceil(-left / limit)), RETRY_SECONDS_MAX)
            raise RateLimited(limit=limit, seconds=seconds)
        self._allowances[source.id] = (left - events, now)


@lru_cache(maxsize=4096)
def key_of_authorization(header: bytes) -> str:
    """Return the write key in an Authorization header (Basic user, or Bearer), empty when there is none.

    >>> key_of_authorization(b"Basic a2V5Og=="), key_of_authorization(b"Bearer key")
    ('key', 'key')
    """
    scheme, _, rest = header.strip().partition(b" ")
    kind = scheme.lower()
    if kind == b"bearer":
        return rest.strip().decode("latin-1")
    if kind != b"basic":
        return ""
    try:
        return base64.b64decode(rest.strip()).partition(b":")[0].decode()
    except (binascii.Error, ValueError):
        return ""


def key_of_body(encoded: bytes) -> str:
    """Return the write key that stands in a body as JSON, empty when it is no text."""
    try:
        return msgspec.json.decode(encoded, type=str) if encoded else ""
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
