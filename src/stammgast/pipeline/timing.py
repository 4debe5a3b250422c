"""Timers that are due become effects; their kinds belong to modules."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import Connection

from stammgast.kernel.effects import Effect, SetTimer
from stammgast.kernel.runtime import TimerKind
from stammgast.kernel.timers import Timer, due_timers
from stammgast.pipeline.batch import Fired

logger = logging.getLogger(__name__)

AGAIN_MILLIS = 5 * 60_000
"""When a timer is tried again whose kind fell over, or whose module is not there."""


class Timing:
    """Fires timers by their kinds."""

    def __init__(self, kinds: Iterable[TimerKind]) -> None:
        """Take the kinds of all modules."""
        self._kinds = {one.name: one for one in kinds}

    def fire_due(self, connection: Connection, now: int) -> list[Fired]:
        """Return each timer that is due with what came of it. Nothing is written."""
        return [(timer, self._fire(timer, now)) for timer in due_timers(connection, now)]

    def _fire(self, timer: Timer, now: int) -> Sequence[Effect]:
        kind = self._kinds.get(timer.kind)
        try:
            if kind is not None:
                return list(kind.fire(timer, now))
            logger.warning("timer of an unknown kind", extra={"kind": timer.kind})
        except Exception:
            logger.exception("timer fell over", extra={"kind": timer.kind})
        return [SetTimer(msgspec.structs.replace(timer, due_at=now + AGAIN_MILLIS))]
