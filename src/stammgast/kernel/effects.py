"""What modules may answer when the worker tells them that something happened: decisions, never deeds.

A reactor is pure: it looks at one event and returns effects. The worker keeps them in the same transaction as the event
itself, so each takes effect exactly once; only what leaves the system (Deliver) may leave it more than once.
"""

from __future__ import annotations

from typing import Any

import msgspec

from stammgast.kernel.ids import Anchor, ProfileId, digest128
from stammgast.kernel.timers import Timer


class Happened(msgspec.Struct, frozen=True):
    """One event that was taken in, and whose it is. `event` is an `events.contracts.Event`; profile 0 is nobody."""

    event: Any
    anchor: Anchor
    profile: ProfileId
    now: int
    """When the worker looked at it, ms UTC."""


class SetTimer(msgspec.Struct, frozen=True):
    """Set a timer, or move the one that stands under its name."""

    timer: Timer


class CancelTimer(msgspec.Struct, frozen=True):
    """Take the timer (kind, key) away, if it stands."""

    kind: str
    key: str


class Derive(msgspec.Struct, frozen=True):
    """Note a further event of our own. `event` is an `events.contracts.OwnEvent`; its profile 0 means the cause's.

    Its message id is made by `derived_message_id`.
    """

    event: Any


class Deliver(msgspec.Struct, frozen=True):
    """Let something leave the system, at least once. `key` lets the receiver drop what it got twice."""

    kind: str
    key: str
    payload: bytes


class HoldBlob(msgspec.Struct, frozen=True):
    """Hold a kept file (`kernel/blobs`) for `holder`, written `kind:key`."""

    blob: str
    holder: str


class ReleaseBlobs(msgspec.Struct, frozen=True):
    """Let go of every file that `holder` holds; those that nobody holds any more are taken away."""

    holder: str


Effect = SetTimer | CancelTimer | Derive | Deliver | HoldBlob | ReleaseBlobs


def derived_message_id(cause: str, rule: str, version: int, ordinal: int = 0) -> str:
    """Return the message id of an event that a rule makes of its cause: always the same, so it counts once.

    >>> derived_message_id("m1", "churn-alert", 1) == derived_message_id("m1", "churn-alert", 1)
    True
    """
    return f"derived-{digest128(cause.encode(), rule.encode(), b'%d/%d' % (version, ordinal)).hex()}"
