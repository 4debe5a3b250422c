"""One `up` for one data folder: a lock that all its processes hold together.

The lock belongs to the open file, which children inherit: it is free only when the last of them is gone, even when
their supervisor was killed.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stammgast.kernel.errors import StammgastError
from stammgast.kernel.processes.run_dir import is_stammgast, read_number


class AlreadyRunning(StammgastError):
    """Stammgast already runs on {data} (process {pid}). Stop it first, or choose another folder with --data."""


class DataFolderNotWritable(StammgastError):
    """The data folder {data} can't be written: {problem}. Make it yours, or choose another one with --data."""


def hold_lock(data: Path, run_dir: Path, patience: float = 5.0) -> int:
    """Take the lock of a data folder and return its descriptor; keep it open as long as the lock is needed.

    When the lock's last holder is dying (its supervisor is gone already), wait for it at most `patience` seconds.

    Raises AlreadyRunning or DataFolderNotWritable.
    """
    path = run_dir / "up.lock"
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as problem:
        raise DataFolderNotWritable(data=data, problem=problem.strerror) from problem
    deadline = time.monotonic() + patience
    while not _try_lock(descriptor):
        holder = read_number(path)
        if time.monotonic() > deadline or (holder and is_stammgast(holder)):
            os.close(descriptor)
            raise AlreadyRunning(data=data, pid=holder or "unknown")
        time.sleep(0.05)
    os.truncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


@contextmanager
def held_briefly(path: Path) -> Iterator[None]:
    """Hold the lock file `path` for a short while, waiting for whoever holds it now."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
