"""Letting watchers look: pure; a watcher that falls over one profile spoils nothing of the others."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from stammgast.events import api as events
from stammgast.events.contracts import OwnEvent
from stammgast.kernel.effects import CancelTimer, Deliver, Derive, Effect, HoldBlob, ReleaseBlobs, SetTimer
from stammgast.kernel.ports.watching import Before, Kept, Looked, ProfileView, Watcher
from stammgast.kernel.timers import Timer
from stammgast.pipeline.watching.failures import Failed

logger = logging.getLogger(__name__)

AGAIN_MILLIS = 3_600_000
"""When a profile is looked at again that a watcher fell over."""
EFFECTS_MAX = 100
"""Most effects of one look."""


class WatcherEchoes(Exception):
    """A watcher that answers with effects though nothing changed, or with too many, would never come to rest."""


@dataclass
class Obeyed:
    """Effects as they are kept."""

    own: list[bytes] = field(default_factory=list)
    timers: list[Timer] = field(default_factory=list)
    cancelled: list[tuple[str, str]] = field(default_factory=list)
    deliveries: list[tuple[str, str, bytes]] = field(default_factory=list)
    holds: list[HoldBlob | ReleaseBlobs] = field(default_factory=list)

    def add(self, effect: Effect, view: ProfileView) -> None:
        """Take an effect in; an own event that names nobody is about the profile that is looked at."""
        match effect:
            case Derive(event):
                assert isinstance(event, OwnEvent)
                about = event if event.profile else msgspec.structs.replace(event, profile=view.profile)
                self.own.append(events.own_body(about))
            case SetTimer(timer):
                self.timers.append(timer)
            case CancelTimer(kind, key):
                self.cancelled.append((kind, key))
            case Deliver(kind, key, payload):
                self.deliveries.append((kind, key, payload))
            case HoldBlob() | ReleaseBlobs():
                self.holds.append(effect)

    def take(self, other: Obeyed) -> None:
        """Take in what another has."""
        self.own += other.own
        self.timers += other.timers
        self.cancelled += other.cancelled
        self.deliveries += other.deliveries
        self.holds += other.holds


@dataclass
class Found:
    """What a step comes to."""

    results: dict[str, dict[int, Kept]]
    """Watcher -> profile -> what changed."""
    forgotten: dict[str, set[int]]
    """Watcher -> profiles of which nothing is found any more."""
    wakes: dict[int, int | None] = field(default_factory=dict)
    failed: list[Failed] = field(default_factory=list)
    obeyed: Obeyed = field(default_factory=Obeyed)


def look(
    watchers: Sequence[Watcher], views: Iterable[ProfileView], before: Mapping[str, Mapping[int, Before]]
) -> Found:
    """Return what the watchers find; `before` is watcher -> profile -> what is known from earlier."""
    found = Found({one.name: {} for one in watchers}, {one.name: set() for one in watchers})
    for view in views:
        wake_at = None
        for watcher in watchers:
            earlier = before[watcher.name].get(view.profile, Before())
            wake_at = _earliest(wake_at, _look(watcher, view, earlier, found))
        found.wakes[view.profile] = wake_at
    return found


def _look(watcher: Watcher, view: ProfileView, before: Before, found: Found) -> int | None:
    try:
        looked = watcher.look(view, before)
        obeyed = _checked(looked, view, is_changed=_is_changed(looked, before.kept))
    except Exception as problem:
        # Which profile it is must not stand in a log line; it stands in the table.
        logger.exception("watcher fell over a profile", extra={"watcher": watcher.name})
        found.failed.append((watcher.name, view.profile, type(problem).__name__))
        return view.now + AGAIN_MILLIS
    _keep(watcher, view, before, looked, found)
    found.obeyed.take(obeyed)
    return looked.wake_at


def _is_changed(looked: Looked, kept: Kept | None) -> bool:
    return looked.result != (None if kept is None else kept.result)


def _keep(watcher: Watcher, view: ProfileView, before: Before, looked: Looked, found: Found) -> None:
    kept = before.kept
    if looked.result is None:
        if kept is not None:
            found.forgotten[watcher.name].add(view.profile)
    elif _is_changed(looked, kept):
        found.results[watcher.name][view.profile] = Kept(looked.result, watcher.version, before.next_transition)
    elif kept is not None and kept.version != watcher.version:
        found.results[watcher.name][view.profile] = msgspec.structs.replace(kept, version=watcher.version)


def _checked(looked: Looked, view: ProfileView, *, is_changed: bool) -> Obeyed:
    """Return what the effects come to; nothing of it is kept before all of it is known to be right."""
    if looked.effects and not is_changed:
        raise WatcherEchoes("effects without a change")
    if len(looked.effects) > EFFECTS_MAX:
        raise WatcherEchoes(f"more than {EFFECTS_MAX} effects")
    obeyed = Obeyed()
    for effect in looked.effects:
        obeyed.add(effect, view)
    return obeyed


def _earliest(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else min(one, other)
