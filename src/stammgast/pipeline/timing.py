"""Timers that are due become effects; their kinds belong to modules. One that fails again and again is set aside."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import Connection

from stammgast.kernel.effects import Effect, SetTimer
from stammgast.kernel.runtime import TimerKind
from stammgast.kernel.set_aside import TIMER, Aside, Patience
from stammgast.kernel.timers import Timer, due_timers

logger = logging.getLogger(__name__)

Fired = tuple[Timer, Sequence[Effect]]
"""A timer that was due, and what came of it."""
AGAIN_MILLIS = 60_000
"""When a timer is tried again whose kind fell over, or whose module is not there."""


class Timing:
    """Fires timers by their kinds."""

    def __init__(self, kinds: Iterable[TimerKind]) -> None:
        """Take the kinds of all modules."""
        self._kinds = {one.name: one for one in kinds}
        self._patience = Patience()

    def fire_due(self, connection: Connection, now: int) -> tuple[list[Fired], list[Aside]]:
        """Return each timer that is due with what came of it, and those to set aside. Nothing is written."""
        aside: list[Aside] = []
        return [(timer, self._fire(timer, now, aside)) for timer in due_timers(connection, now)], aside

    def _fire(self, timer: Timer, now: int, aside: list[Aside]) -> Sequence[Effect]:
        key = timer_key(timer)
        try:
            effects = list(self._kinds[timer.kind].fire(timer, now))
        except Exception as problem:
            logger.exception("timer fell over", extra={"kind": timer.kind, "known": timer.kind in self._kinds})
            if self._patience.is_out(TIMER, key):
                aside.append(timer_aside(timer, type(problem).__name__))
                return []
            return [SetTimer(msgspec.structs.replace(timer, due_at=now + AGAIN_MILLIS))]
        self._patience.succeeded(TIMER, (key,))
        return effects


def timer_key(timer: Timer) -> str:
    """Return the name of a timer among what is set aside."""
    return f"{timer.kind}:{timer.key}"


def timer_aside(timer: Timer, error: str) -> Aside:
    """Return a timer as it is set aside; `error` is a kind of error."""
    return Aside(TIMER, timer_key(timer), error, msgspec.msgpack.encode(timer))


def timer_again(payload: bytes, now: int) -> Timer:
    """Return a timer that was set aside, due at once."""
    return msgspec.structs.replace(msgspec.msgpack.decode(payload, type=Timer), due_at=now)
