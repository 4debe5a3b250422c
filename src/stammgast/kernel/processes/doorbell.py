"""A doorbell between processes of one machine: a named pipe in the run folder that carries no news, only "look now".

A ring may get lost (nobody listens yet, the pipe is full), so whoever listens also looks by itself now and then.
"""

from __future__ import annotations

import errno
import os
import select
import stat
from pathlib import Path

_NOBODY_LISTENS = {errno.ENXIO, errno.ENOENT, errno.EPIPE}


def _pipe_path(run_dir: Path, name: str) -> Path:
    return run_dir / f"{name}.bell"


class Doorbell:
    """The listening end. One listener at a time; waiting is not for several threads at once."""

    def __init__(self, descriptor: int) -> None:
        """Take over an open, non-blocking pipe."""
        self._descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)

    @classmethod
    def listen(cls, run_dir: Path, name: str) -> Doorbell:
        """Open the doorbell `name`, making its pipe when it is missing."""
        path = _pipe_path(run_dir, name)
        run_dir.mkdir(parents=True, exist_ok=True)
        try:
            os.mkfifo(path, 0o600)
        except FileExistsError:
            if not stat.S_ISFIFO(path.stat().st_mode):
                path.unlink()
                os.mkfifo(path, 0o600)
        # Opened for both directions, so that the pipe never reports its end when the last ringer leaves.
        return cls(os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC))

    def wait(self, timeout: float) -> bool:
        """Wait for a ring at most `timeout` seconds; say whether there was one. Rings that piled up count as one."""
        if not self._poll.poll(max(0.0, timeout) * 1000):
            return False
        try:
            while len(os.read(self._descriptor, 65_536)) == 65_536:  # noqa: PLR2004 - the pipe's own size
                pass
        except BlockingIOError:
            pass
        return True

    def fileno(self) -> int:
        """Return the descriptor, for event loops."""
        return self._descriptor

    def close(self) -> None:
        """Stop listening."""
        os.close(self._descriptor)


class Ringer:
    """The ringing end for whoever rings often: keeps the pipe open, never blocks, never fails."""

    def __init__(self, run_dir: Path, name: str) -> None:
        """Nothing is opened before the first ring."""
        self._path = _pipe_path(run_dir, name)
        self._descriptor: int | None = None

    def ring(self) -> bool:
        """Ring; say whether somebody may have heard it."""
        try:
            if self._descriptor is None:
                self._descriptor = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            os.write(self._descriptor, b"!")
        except BlockingIOError:
            return True  # full of rings that nobody has answered yet
        except OSError as problem:
            if problem.errno not in _NOBODY_LISTENS:
                raise
            self.close()
            return False
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
