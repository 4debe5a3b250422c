"""Taking files away that nobody names: those that were let go within minutes, orphans after a day. Run by the worker's process.

A file may be named by an event that waits in the log, in the quarantine or in a queue. So nothing is taken away that was put after
the moment up to which the log is read, less a grace in which whoever puts a file must name it; and what waits elsewhere is asked for
(`Manifest.blob_mentions`).
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from pathlib import Path

from stammgast.kernel.blobs.holds import held_among
from stammgast.kernel.blobs.store import DUE, FRESH, NAME, Blobs, blobs_of
from stammgast.kernel.log import LogReader
from stammgast.kernel.position import committed_position
from stammgast.kernel.runtime import Runtime

logger = logging.getLogger(__name__)

GRACE_SECONDS = 86_400
"""How old a file must be before it counts as an orphan: whoever puts one names it within that time."""
SETTLE_SECONDS = 600
"""The same for a file that was let go: the same content may just be put again by somebody else."""
AT_ONCE = 500


def sweep_released(runtime: Runtime) -> int:
    """Take away what was let go and nobody holds; return how many."""
    blobs = blobs_of(runtime)
    read_until = _read_until(runtime)
    marks = [mark for mark in _files(blobs.folder / DUE) if _put_at(mark) < read_until - SETTLE_SECONDS]
    return sum(
        _sweep(runtime, blobs, part, read_until - SETTLE_SECONDS) for part in _parts([one.name for one in marks])
    )


def sweep_orphans(runtime: Runtime) -> int:
    """Take away what nobody ever named, and what a process left half written; return how many."""
    blobs = blobs_of(runtime)
    before = _read_until(runtime) - GRACE_SECONDS
    for fresh in _files(blobs.folder / FRESH):
        if _put_at(fresh) < before:
            fresh.unlink(missing_ok=True)
    old = (path.name for path in kept_files(blobs) if _put_at(path) < before)
    return sum(_sweep(runtime, blobs, part, before) for part in _parts(old))


def kept_files(blobs: Blobs) -> Iterator[Path]:
    """Yield where each file lies, in no order."""
    for folder in _entries(blobs.folder):
        if len(folder.name) == 2 and folder.is_dir():  # noqa: PLR2004 - the first two digits of a name
            yield from (Path(one.path) for one in _entries(Path(folder.path)) if NAME.fullmatch(one.name))


def held_anywhere(runtime: Runtime, names: Collection[str]) -> set[str]:
    """Return which of some files are held, or named by something that still waits to be taken in."""
    held: set[str] = set()
    for state in (runtime.customers, runtime.control):
        with state.read() as connection:
            held |= held_among(connection, names)
    left = [name for name in names if name not in held]
    for manifest in runtime.manifests:
        for mentions in manifest.blob_mentions:
            held |= set(mentions(runtime, left)) if left else set()
    return held


def _sweep(runtime: Runtime, blobs: Blobs, names: list[str], before: float) -> int:
    held = held_anywhere(runtime, names)
    taken = 0
    for name in names:
        path = blobs.path(name)
        with blobs.settled():
            if name not in held and _put_at(path) < before:
                path.unlink(missing_ok=True)
                taken += 1
            # What is younger keeps no mark: it was put again, and its own putter names it or leaves an orphan.
            (blobs.folder / DUE / name).unlink(missing_ok=True)
    if taken:
        logger.info("files taken away", extra={"count": taken})
    return taken


def _read_until(runtime: Runtime) -> float:
    """Return the moment (s UTC) before which every appended event is taken in."""
    now = time.time()
    with runtime.customers.read() as connection:
        position = committed_position(connection)
    reader = LogReader(runtime.settings.log_dir, "blobs")
    try:
        waiting = reader.read(position, 1)
    finally:
        reader.close()
    return min(now, waiting[0].received_at / 1000) if waiting else now


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except FileNotFoundError:
        return []


def _files(folder: Path) -> list[Path]:
    return [Path(one.path) for one in _entries(folder) if one.is_file(follow_symlinks=False)]


def _put_at(path: Path) -> float:
    """Return when a file was put or marked (s UTC); never, when it is gone."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _parts(names: Iterable[str]) -> Iterator[list[str]]:
    left = iter(names)
    while part := list(islice(left, AT_ONCE)):
        yield part
