"""What other modules and the edges may ask about the installation itself."""

from __future__ import annotations

import time

from sqlalchemy.exc import SQLAlchemyError

from stammgast import __version__
from stammgast.kernel.errors import StammgastError
from stammgast.kernel.runtime import Runtime
from stammgast.operations.contracts import Finding, ProcessStatus, Progress, RecountStatus, Status
from stammgast.operations.demo import demo_login
from stammgast.operations.doctor import examine
from stammgast.operations.machine import process_table
from stammgast.operations.metrics import metrics_text
from stammgast.operations.progress import Pace, read_progress, read_worker_status
from stammgast.operations.readiness import problems
from stammgast.pipeline.api import count_aside
from stammgast.profiles.api import recount

__all__ = [
    "Finding",
    "ProcessStatus",
    "Progress",
    "Status",
    "demo_login",
    "examine",
    "metrics_text",
    "note_pace",
    "problems",
    "read_progress",
    "status",
]


def note_pace(runtime: Runtime) -> None:
    """Take a look at the progress, so that a later status can tell rates."""
    runtime.service(Pace).note(read_progress(runtime.settings), time.monotonic())


def status(runtime: Runtime) -> Status:
    """Return how the whole installation is doing. The one source of `status --json` and of GET /api/status."""
    progress = read_progress(runtime.settings)
    accepted, processed = runtime.service(Pace).note(progress, time.monotonic())
    found = problems(runtime, progress)
    worker = read_worker_status(runtime.settings.run_dir)
    return Status(
        version=__version__,
        ready=not found,
        problems=found,
        processes=process_table(runtime.settings.run_dir),
        log_backlog=progress.backlog,
        lag_seconds=round(progress.lag_seconds, 3),
        history_backlog=progress.undelivered,
        accepted=progress.accepted,
        processed=progress.processed,
        accepted_per_second=None if accepted is None else round(accepted, 1),
        events_per_second=None if processed is None else round(processed, 1),
        watch_waiting=0 if worker is None else worker.watch_waiting,
        watch_lag_seconds=0.0 if worker is None else round(worker.watch_lag_seconds, 3),
        set_aside=_count_aside(runtime),
        recount=_recount_status(runtime),
    )


def _count_aside(runtime: Runtime) -> int:
    try:
        return sum(count_aside(runtime).values())
    except (StammgastError, SQLAlchemyError):
        return 0  # The database is told of in `problems`.


def _recount_status(runtime: Runtime) -> RecountStatus | None:
    try:
        found = recount(runtime)
    except (StammgastError, SQLAlchemyError):
        return None  # The database is told of in `problems`.
    if not (found.is_unfinished or found.parts):
        return None
    return RecountStatus(found.state, found.percent, list(found.features), len(found.parts))
