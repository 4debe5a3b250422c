"""Keeping the log open, small and watched."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from stammgast.events.receipts import message_book
from stammgast.events.store.quarantine import count_quarantined, quarantined_bodies
from stammgast.kernel.blobs.mentions import mentioned
from stammgast.kernel.log import LogReader, LogWriter
from stammgast.kernel.processes.doorbell import Ringer
from stammgast.kernel.runtime import Runtime

WORKER = "worker"
"""The name of the worker, as the log's reader and as the doorbell's owner."""


def open_log(runtime: Runtime) -> LogWriter:
    """Open the installation's log for writing; each commit rings the worker. Raises LogInUse when web already has it.

    A log that was lost (a database restored on a new disk) goes on after the position the worker knows.
    """
    book = message_book(runtime)
    position = book.committed_position() if book else 0
    ringer = Ringer(runtime.settings.run_dir, WORKER)
    return LogWriter(runtime.settings.log_dir, readers=(WORKER,), at_least=position, on_commit=ringer.ring)


def trim_log(runtime: Runtime) -> None:
    """Delete the segments that the worker has passed."""
    if LogWriter in runtime.services:
        runtime.service(LogWriter).trim()


def log_problem(runtime: Runtime) -> str | None:
    """Return what is wrong with the log where this process writes it, None when all is well."""
    problem = runtime.services[LogWriter].problem() if LogWriter in runtime.services else None
    return f"The log can't be written ({problem}). Check the free disk space." if problem else None


def backlog(runtime: Runtime) -> Mapping[str, float]:
    """Return how many events wait for the worker; for any process, from the files alone."""
    reader = LogReader(runtime.settings.log_dir, WORKER)
    try:
        return {"": max(0, reader.head() - reader.published())}
    finally:
        reader.close()


def head(runtime: Runtime) -> Mapping[str, float]:
    """Return the log's last position: the number of events ever accepted."""
    reader = LogReader(runtime.settings.log_dir, WORKER)
    try:
        return {"": reader.head()}
    finally:
        reader.close()


def mentioned_in_quarantine(runtime: Runtime, names: Collection[str]) -> set[str]:
    """Return which of some files are named by events that were set aside: they may be replayed."""
    with runtime.customers.read() as connection:
        return mentioned(names, quarantined_bodies(connection))


def quarantined(runtime: Runtime) -> Mapping[str, float]:
    """Return how many events wait in the quarantine, by reason."""
    with runtime.customers.read() as connection:
        counts = count_quarantined(connection)
    return {f'reason="{reason}"': count for reason, count in counts.items()}
