"""Watchers: what modules make of a whole profile, whenever something about it changed or a time came (the profile stage).

A watcher is pure: it looks at a `ProfileView` and at what it found the last time, and returns what it finds now, what follows
from the difference, and when time alone may change the answer. The worker keeps all of it in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import IntFlag
from typing import Any

import msgspec
from sqlalchemy import Connection

from stammgast.kernel.effects import Effect, derived_message_id
from stammgast.kernel.ids import ProfileId


class Cause(IntFlag):
    """Why a profile is looked at; several may come together.

    LIVE   an event of the last 24 hours that came in as it happened
    QUIET  an older or imported event, one that was replayed, or what people noted
    MOVED  it was merged or split, or somebody decided about it
    TIME   the moment came that a watcher had asked for
    ANEW   other rules, policies, definitions, or figures that were counted anew
    """

    LIVE = 1
    QUIET = 2
    MOVED = 4
    TIME = 8
    ANEW = 16
    GONE = 32
    """Marks the number of a profile that is no more; no watcher sees it."""


class ProfileView(msgspec.Struct, frozen=True, kw_only=True):
    """One customer at one moment. What is in here is shared by all watchers and must stay as it is."""

    profile: ProfileId
    anchors: tuple[int, ...]
    identifiers: tuple[tuple[str, str], ...]
    """(namespace, normalised value), sorted."""
    traits: Mapping[str, Any]
    """The values that count by the policies in force."""
    features: Mapping[str, Any]
    """Feature -> state, combined over the anchors (`Feature.present` makes it readable)."""
    unsure: frozenset[str] = frozenset()
    """Features that are being counted anew for this profile and can't be relied on yet: keep what was found before."""
    consent: Mapping[str, bool]
    trails: Any
    """What the manifest's `trails` loaded for this profile, None when no module keeps trails."""
    cause: Cause
    now: int
    """When it is looked at, ms UTC."""

    @property
    def is_quiet(self) -> bool:
        """Say whether what is found now is only to be noted: nothing live and no moment stands behind it."""
        return not self.cause & (Cause.LIVE | Cause.TIME)


class Kept(msgspec.Struct, frozen=True):
    """What a watcher found of a profile the last time. `transition` counts how often that changed."""

    result: bytes
    version: int
    transition: int


class Before(msgspec.Struct, frozen=True):
    """What is known from earlier looks.

    `absorbed`: what was found of profiles that became part of this one since. `is_first_round`: the watcher (in its present version)
    has not seen everybody yet, so `kept` None does not mean that the customer is new.
    """

    kept: Kept | None = None
    absorbed: tuple[Kept, ...] = ()
    is_first_round: bool = False

    @property
    def next_transition(self) -> int:
        """The number of the change that is found now, if it is one: what own events are named by."""
        return 1 if self.kept is None else self.kept.transition + 1


class Looked(msgspec.Struct, frozen=True):
    """What is found now. Effects may come only with a `result` other than the kept one.

    `result` None forgets; `wake_at` (ms UTC) is the earliest moment at which the answer may change by itself.
    """

    result: bytes | None = None
    effects: tuple[Effect, ...] = ()
    wake_at: int | None = None


@dataclass(frozen=True)
class Keeping:
    """Where a watcher keeps its results, when it wants a table of its own in the customers database.

    load(connection, profiles)        profile -> what is kept
    keep(connection, kept, gone)      write what changed, and forget profiles that are gone or of which nothing is found
    """

    load: Callable[[Connection, Collection[int]], Mapping[int, Kept]]
    keep: Callable[[Connection, Mapping[int, Kept], Iterable[int]], None]


@dataclass(frozen=True)
class Watcher:
    """One module's look at customers. Whoever changes what `look` finds raises `version`: everybody is looked at again."""

    name: str
    version: int
    look: Callable[[ProfileView, Before], Looked]
    keeping: Keeping | None = None


Trails = Callable[[Connection, Mapping[int, tuple[int, ...]]], Mapping[int, Any]]
"""Loads what `ProfileView.trails` shows: (connection, profile -> its anchors) -> profile -> its trails."""

NOTHING_KNOWN = Before()


def observed_message_id(view: ProfileView, watcher: str, version: int, transition: int, ordinal: int = 0) -> str:
    """Return the message id of an own event about what changed: by subject and transition number, never by the time.

    >>> view = ProfileView(profile=7, anchors=(7,), identifiers=(), traits={}, features={}, consent={}, trails=None, cause=1, now=0)
    >>> observed_message_id(view, "segment", 1, 3) == observed_message_id(view, "segment", 1, 3)
    True
    """
    return derived_message_id(f"profile {view.profile} {transition}", watcher, version, ordinal)
