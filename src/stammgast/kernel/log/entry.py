"""What stands in the log, and what can go wrong with it."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from stammgast.kernel.errors import StammgastError


class LogEntry(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One accepted request. The log does not look into `meta` and `body`; the module that appends gives them meaning.

    `received_at` in ms UTC. `count` is the number of events in `body`, at least 1. `position` is 0 until it is read.
    """

    received_at: int
    source: int
    count: int
    kind: str
    meta: bytes
    body: bytes
    position: int = 0


class LogInUse(StammgastError):
    """Another process writes the log in {directory}. Only one may; stop it first."""

    status = 503


class LogUnavailable(StammgastError):
    """The log can't be written right now: {problem}. Check the free disk space; what was accepted is safe."""

    status = 503
    retry: ClassVar[bool] = True
