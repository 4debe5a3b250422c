"""What makes a batch fall over must not hold up the rest: find it, set it aside, compute the rest.

A batch is made of orders, timers that fired, events, and lines for the quarantine. An event on which a stage falls over
is named by that stage. Whatever else fails is found by halving: the last part of the shortest beginning that fails.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import sleep
from typing import TypeVar

from stammgast.events import api as events
from stammgast.events.contracts import Rejected
from stammgast.kernel.errors import StammgastError
from stammgast.kernel.passing import is_passing
from stammgast.kernel.set_aside import TRIES
from stammgast.pipeline.batch import Bench, StageFailed, poison_key
from stammgast.pipeline.changes import Changes
from stammgast.pipeline.reading import Reading, refuse_order
from stammgast.pipeline.timing import Fired, timer_aside

logger = logging.getLogger(__name__)

T = TypeVar("T")

BETWEEN_TRIES_SECONDS = 0.05


@dataclass
class Parts:
    """All that a batch is made of."""

    reading: Reading
    fired: Sequence[Fired] = ()

    def __len__(self) -> int:
        """Return how many parts there are."""
        found = self.reading
        return len(found.obeyed) + len(self.fired) + len(found.taken) + len(found.refused)

    def first(self, count: int) -> Parts:
        """Return the first parts: orders, then timers, events, lines for the quarantine."""
        found = self.reading
        timers = max(0, count - len(found.obeyed))
        taken = max(0, timers - len(self.fired))
        refused = max(0, taken - len(found.taken))
        reading = replace(
            found, obeyed=found.obeyed[:count], taken=found.taken[:taken], refused=found.refused[:refused]
        )
        return Parts(reading, self.fired[:timers])


Attempt = Callable[[Parts], Changes]
"""Compute a batch (and perhaps try to write it), starting from what is stored."""


def compute_around_poison(bench: Bench, parts: Parts, attempt: Attempt) -> Changes:
    """Return the changes of a batch; whatever makes it fall over is set aside with the kind of its error.

    Raises what is nobody's fault as it comes: the errors of stores, and what remains when no part is to blame.
    """
    bench.poison.clear()
    while True:
        try:
            return attempt(parts)
        except StageFailed as problem:
            bench.forget()
            if problem.key in bench.poison:
                raise
            logger.exception("event set aside", extra={"stage": str(problem)})
            bench.poison[problem.key] = str(problem)
        except Exception as problem:
            bench.forget()
            if _is_the_stores(problem):
                raise
            logger.exception("batch failed; looking for what is to blame")
            parts = _without_culprit(bench, parts, attempt, problem)


def _is_the_stores(problem: Exception) -> bool:
    return isinstance(problem, StammgastError) or is_passing(problem)


def _without_culprit(bench: Bench, parts: Parts, attempt: Attempt, problem: Exception) -> Parts:
    """Return the batch with the last part of its shortest beginning that fails again and again set aside."""
    if _failure(bench, parts.first(0), attempt) is not None:
        raise problem
    good, bad = 0, len(parts)
    while bad - good > 1:
        middle = (good + bad) // 2
        failure = _failure(bench, parts.first(middle), attempt)
        if failure is None:
            good = middle
        else:
            bad, problem = middle, failure
    for _ in range(TRIES - 1):
        sleep(BETWEEN_TRIES_SECONDS)
        if _failure(bench, parts.first(bad), attempt) is None:
            return parts  # It was not the part itself: the whole is tried again.
    return _set_aside(bench, parts, bad - 1, problem)


def _failure(bench: Bench, parts: Parts, attempt: Attempt) -> Exception | None:
    try:
        attempt(parts)
    except Exception as problem:
        if _is_the_stores(problem):
            raise
        return problem
    finally:
        bench.forget()
    return None


def _set_aside(bench: Bench, parts: Parts, place: int, problem: Exception) -> Parts:
    """Return the parts without the one at `place`, which goes where it can be seen and taken up again."""
    found, error = parts.reading, type(problem).__name__
    logger.warning("set aside", extra={"error": error})
    if place < len(found.obeyed):
        one = found.obeyed[place]
        refused = [*found.refused, (refuse_order(one.entry, error), one.quarantine_id)]
        return replace(parts, reading=replace(found, obeyed=_without(found.obeyed, place), refused=refused))
    place -= len(found.obeyed)
    if place < len(parts.fired):
        timer, effects = parts.fired[place]
        if not effects:
            raise problem
        aside = [*found.aside, timer_aside(timer, error)]
        fired = [*_without(parts.fired, place), (timer, ())]
        return Parts(replace(found, aside=aside), fired)
    place -= len(parts.fired)
    if place < len(found.taken):
        return replace(parts, reading=_without_event(bench, found, place, problem))
    place -= len(found.taken)
    rejected, number = found.refused[place]
    if rejected == _bare(rejected):
        raise problem
    refused = [*_without(found.refused, place), (_bare(rejected), number)]
    return replace(parts, reading=replace(found, refused=refused))


def _without_event(bench: Bench, found: Reading, place: int, problem: Exception) -> Reading:
    """Mark an event as poison; one that is marked can't even be shown with what it says of itself, and is kept bare."""
    taken = found.taken[place]
    key = poison_key(taken)
    if key not in bench.poison:
        bench.poison[key] = f"computing: {type(problem).__name__}"
        return found
    if taken.raw is None:
        raise problem
    detail = bench.poison[key]
    rejected = _bare(Rejected(raw=taken.raw, reason=events.PROCESSING_FAILED, detail=detail))
    return replace(found, taken=_without(found.taken, place), refused=[*found.refused, (rejected, taken.quarantine_id)])


def _bare(rejected: Rejected) -> Rejected:
    """Return a line for the quarantine with nothing but its reason and the event as it came."""
    detail = rejected.detail.encode("ascii", "replace").decode().replace("\0", "")
    return Rejected(raw=rejected.raw, reason=rejected.reason, detail=detail)


def _without(many: Sequence[T], place: int) -> list[T]:
    return [*many[:place], *many[place + 1 :]]
