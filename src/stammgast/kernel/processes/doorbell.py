"""A doorbell between processes of one machine: a named pipe in the run folder that carries no news, only "look now".

A ring may get lost (nobody listens yet, the pipe is full), so whoever listens also looks by itself now and then.
"""

from __future__ import annotations

import errno
import logging
import os
import select
import stat
import time
from pathlib import Path

logger = logging.getLogger(__name__)

_NOBODY_LISTENS = {errno.ENXIO, errno.ENOENT, errno.EPIPE}


def _pipe_path(run_dir: Path, name: str) -> Path:
    return run_dir / f"{name}.bell"


class Doorbell:
    """The listening end. One listener at a time; waiting is not for several threads at once."""

    def __init__(self, descriptor: int | None) -> None:
        """Take over an open, non-blocking pipe; None where there could be none, and waiting is all it does."""
        self._descriptor = descriptor
        self._poll = select.poll()
        if descriptor is not None:
            self._poll.register(descriptor, select.POLLIN)

    @classmethod
    def listen(cls, run_dir: Path, name: str) -> Doorbell:
        """Open the doorbell `name`, making its pipe when it is missing."""
        try:
            return cls(_open_pipe(_pipe_path(run_dir, name)))
        except OSError as problem:
            logger.warning("no doorbell, looking now and then", extra={"problem": problem.strerror})
            return cls(None)

    def wait(self, timeout: float) -> bool:
        """Wait for a ring at most `timeout` seconds; say whether there was one. Rings that piled up count as one."""
        if self._descriptor is None:
            time.sleep(max(0.0, timeout))
            return False
        if not self._poll.poll(max(0.0, timeout) * 1000):
            return False
        try:
            while len(os.read(self._descriptor, 65_536)) == 65_536:  # noqa: PLR2004 - the pipe's own size
                pass
        except BlockingIOError:
            pass
        return True

    def close(self) -> None:
        """Stop listening."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _open_pipe(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.mkfifo(path, 0o600)
    except FileExistsError:
        if not stat.S_ISFIFO(path.stat().st_mode):
            path.unlink()
            os.mkfifo(path, 0o600)
    # Opened for both directions, so that the pipe never reports its end when the last ringer leaves.
    return os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)


class Ringer:
    """The ringing end for whoever rings often: keeps the pipe open, never blocks, never fails."""

    def __init__(self, run_dir: Path, name: str) -> None:
        """Nothing is opened before the first ring."""
        self._path = _pipe_path(run_dir, name)
        self._descriptor: int | None = None
        self._has_failed = False

    def ring(self) -> bool:
        """Ring; say whether somebody may have heard it."""
        try:
            if self._descriptor is None:
                self._descriptor = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            os.write(self._descriptor, b"!")
        except BlockingIOError:
            return True  # full of rings that nobody has answered yet
        except OSError as problem:
            if problem.errno not in _NOBODY_LISTENS and not self._has_failed:
                # No file handle left, a disk that can't be read: whoever listens looks by itself as well.
                logger.warning("doorbell can't be rung", extra={"problem": problem.strerror})
                self._has_failed = True
            self.close()
            return False
        self._has_failed = False
        return True

    def close(self) -> None:
        """Give the pipe back."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def ring(run_dir: Path, name: str) -> bool:
    """Ring the doorbell `name` once; say whether somebody may have heard it."""
    ringer = Ringer(run_dir, name)
    try:
        return ringer.ring()
    finally:
        ringer.close()
