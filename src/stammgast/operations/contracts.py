"""What the installation tells about itself."""

from __future__ import annotations

import msgspec


class ProcessStatus(msgspec.Struct, frozen=True, rename="camel"):
    """One process. `pid` is None when it does not run; memory is what only it uses plus its share of the rest (PSS)."""

    name: str
    running: bool
    pid: int | None = None
    memory_mb: float | None = None
    seconds_up: float | None = None
    restarts: int = 0


class Progress(msgspec.Struct, frozen=True, rename="camel"):
    """How far the worker is. Positions count accepted events since the installation began."""

    accepted: int
    processed: int
    backlog: int
    """Events that wait in the log."""
    lag_seconds: float
    """Age of the oldest event that waits; 0 when none does."""
    undelivered: int
    """Rows of history that may still wait for the history store, at most; profiles have them already."""


class RecountStatus(msgspec.Struct, frozen=True, rename="camel"):
    """Figures of customers that are being counted anew, or could not all be. `state` as in GET /api/recount."""

    state: str
    percent: int
    features: list[str]
    set_aside: int
    """Parts that could not be counted."""


class Status(msgspec.Struct, frozen=True, rename="camel"):
    """The whole installation at one moment. Rates are None until two looks lie far enough apart."""

    version: str
    ready: bool
    problems: dict[str, str]
    """What keeps it from being ready: name of the check -> sentence that says how to mend it."""
    processes: list[ProcessStatus]
    log_backlog: int
    lag_seconds: float
    history_backlog: int
    """Rows that may still wait for the history store, at most; 0 says that history has all that profiles have."""
    accepted: int
    processed: int
    accepted_per_second: float | None
    events_per_second: float | None
    """Events processed a second."""
    watch_waiting: int = 0
    """Changed profiles that nobody looked at yet: lists follow by themselves, segments and alerts may be so far behind."""
    watch_lag_seconds: float = 0.0
    set_aside: int = 0
    """What failed three times and waits to be taken up again, apart from the quarantine's events."""
    recount: RecountStatus | None = None
    """None while all figures are counted by the present rules."""


class Finding(msgspec.Struct, frozen=True):
    """One line of `doctor`. `mend` says what to do; it is empty when all is well."""

    name: str
    is_well: bool
    found: str
    mend: str = ""
