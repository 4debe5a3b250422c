"""One event that makes a stage fall over must not hold up the others: find it, set it aside, compute the rest."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from stammgast.kernel.errors import StammgastError
from stammgast.pipeline.batch import Bench, StageFailed, poison_key
from stammgast.pipeline.changes import Changes
from stammgast.pipeline.reading import Reading

logger = logging.getLogger(__name__)

Attempt = Callable[[Reading], Changes]
"""Compute a batch, starting from what is stored."""


def compute_around_poison(bench: Bench, reading: Reading, attempt: Attempt) -> Changes:
    """Return the changes of a batch; each event on which a stage falls over goes to the quarantine with its error.

    Raises StammgastError as it comes (a store that does not answer is no event's fault), and what remains when no event
    is to blame.
    """
    bench.poison.clear()
    while True:
        try:
            return attempt(reading)
        except StageFailed as problem:
            bench.forget()
            if problem.key in bench.poison:
                raise
            logger.exception("event set aside", extra={"stage": str(problem)})
            bench.poison[problem.key] = str(problem)
        except StammgastError:
            bench.forget()
            raise
        except Exception as problem:
            bench.forget()
            logger.exception("batch failed; looking for the event to blame")
            _blame(bench, reading, attempt, problem)


def _blame(bench: Bench, reading: Reading, attempt: Attempt, problem: Exception) -> None:
    """Set aside the last event of the shortest beginning of the batch that fails."""
    if _failure(bench, replace(reading, taken=[]), attempt) is not None:
        raise problem
    good, bad = 0, len(reading.taken)
    while bad - good > 1:
        middle = (good + bad) // 2
        failure = _failure(bench, replace(reading, taken=reading.taken[:middle]), attempt)
        if failure is None:
            good = middle
        else:
            bad, problem = middle, failure
    culprit = poison_key(reading.taken[bad - 1])
    if culprit in bench.poison:
        raise problem
    bench.poison[culprit] = f"computing: {type(problem).__name__}"


def _failure(bench: Bench, reading: Reading, attempt: Attempt) -> Exception | None:
    try:
        attempt(reading)
    except StammgastError:
        raise
    except Exception as problem:  # noqa: BLE001 - which error it is does not matter, only whose
        return problem
    finally:
        bench.forget()
    return None
