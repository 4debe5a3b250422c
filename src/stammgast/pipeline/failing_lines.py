"""Lines of the lists that can't be written: tried alone, tried again, set aside in the end, and tried anew at each start."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import Connection

from stammgast.identity.store import graph
from stammgast.kernel import clock
from stammgast.kernel.errors import StammgastError
from stammgast.kernel.passing import is_passing
from stammgast.kernel.set_aside import (
    ACCOUNT,
    CUSTOMER,
    Aside,
    Patience,
    keys_set_aside,
    put_aside,
    take_out_by_key,
)
from stammgast.kernel.state import State

logger = logging.getLogger(__name__)

MANY = 20
"""So many lines of one step, and every one of them fails: no line is to blame, but what writes them."""


class FailingLines:
    """Knows which lines are set aside; `aside`: stage -> numbers of profiles or accounts."""

    def __init__(self, state: State) -> None:
        """Look up what was set aside before."""
        self._state = state
        self._patience = Patience()
        with state.read() as connection:
            self.aside = {
                stage: {int(key) for key in keys_set_aside(connection, stage)} for stage in (CUSTOMER, ACCOUNT)
            }

    def write(self, stage: str, numbers: Sequence[int], write: Callable[[Sequence[int]], None]) -> set[int]:
        """Write the lines of `numbers`, together or else one by one; return those to try again with the next round.

        Raises what is the store's fault, and what happens to every one of many lines.
        """
        try:
            self._write(stage, numbers, write)
        except Exception as problem:
            if _is_the_stores(problem) or not numbers:
                raise
            logger.exception("lines can't be written together", extra={"stage": stage, "count": len(numbers)})
            return self._write_alone(stage, numbers, write, problem)
        return set()

    def succeeded(self, connection: Connection, stage: str, numbers: Iterable[int]) -> None:
        """Take lines that are being written out of what is set aside, in the same transaction."""
        if self.aside[stage]:
            take_out_by_key(connection, stage, map(str, self.aside[stage].intersection(numbers)))

    def forget_gone(self, connection: Connection) -> None:
        """Forget lines of profiles that are no more: they were merged into others."""
        aside = self.aside[CUSTOMER]
        gone = aside - graph.living(connection, aside) if aside else None
        if gone:
            with self._state.write() as writing:
                take_out_by_key(writing, CUSTOMER, map(str, gone))
            self.aside[CUSTOMER] -= gone

    def _write(self, stage: str, numbers: Sequence[int], write: Callable[[Sequence[int]], None]) -> None:
        write(numbers)
        self._patience.succeeded(stage, map(str, numbers))
        self.aside[stage].difference_update(numbers)

    def _write_alone(
        self, stage: str, numbers: Sequence[int], write: Callable[[Sequence[int]], None], problem: Exception
    ) -> set[int]:
        failed: dict[int, str] = {}
        for one in numbers:
            try:
                self._write(stage, [one], write)
            except Exception as alone:
                if _is_the_stores(alone):
                    raise
                failed[one] = type(alone).__name__
        if len(failed) == len(numbers) >= MANY:
            raise problem
        given_up = {one for one in failed if self._patience.is_out(stage, str(one))}
        if given_up:
            logger.warning("lines set aside", extra={"stage": stage, "count": len(given_up)})
            with self._state.write() as connection:
                lines = [Aside(stage, str(one), failed[one]) for one in sorted(given_up)]
                put_aside(connection, lines, clock.now_millis())
            self.aside[stage] |= given_up
        return failed.keys() - given_up


def _is_the_stores(problem: Exception) -> bool:
    return isinstance(problem, StammgastError) or is_passing(problem)
