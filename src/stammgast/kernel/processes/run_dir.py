"""The run folder: small files in which the processes tell each other ports, ids and one secret.

Every file is written whole and renamed into place, so a reader sees the old content or the new one, never half of it.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
from contextlib import suppress
from pathlib import Path

logger = logging.getLogger(__name__)


def write_small(path: Path, text: str, mode: int = 0o644) -> None:
    """Put `text` at `path` in one step, with `mode` from the first moment on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        fresh.replace(path)
    except BaseException:
        with suppress(OSError):
            fresh.unlink()
        raise


def read_small(path: Path) -> str | None:
    """Return the content without the white space around it, or None when there is no such file."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None


_AGAIN_SECONDS = 1.0
_untold: dict[Path, tuple[str, int]] = {}
_untold_lock = threading.Lock()
_has_thread = False
"""Whether what could not be told is told again on a thread of its own."""


def tell_small(path: Path, text: str, mode: int = 0o644) -> bool:
    """Put `text` at `path` as `write_small` does; where that fails, say so once, and leave it for `tell_again`.

    Telling is never a reason to die: the disk may be full, or shut, or the folder away.
    """
    try:
        write_small(path, text, mode)
    except OSError as problem:
        with _untold_lock:
            is_news = path not in _untold
            _untold[path] = (text, mode)
        if is_news:
            logger.warning("can't be written, trying again", extra={"file": path.name, "problem": problem.strerror})
            _tell_again_beside()
        return False
    with _untold_lock:
        _untold.pop(path, None)
    return True


def tell_again() -> bool:
    """Try once more what could not be told; say whether everything is told now."""
    with _untold_lock:
        waiting = list(_untold.items())
    for path, (text, mode) in waiting:
        try:
            write_small(path, text, mode)
        except OSError:
            continue
        with _untold_lock:
            if _untold.get(path) == (text, mode):
                del _untold[path]
    return not _untold


def keep_telling() -> None:
    """Let this process try again by itself, on a thread that is there only while something is untold."""
    global _has_thread  # noqa: PLW0603 - one process has one run folder
    _has_thread = True


def _tell_again_beside() -> None:
    if not _has_thread or any(one.name == "telling" for one in threading.enumerate()):
        return

    def run() -> None:
        while not tell_again():
            time.sleep(_AGAIN_SECONDS)

    with suppress(RuntimeError):  # No thread to be had: whoever tells next tries again.
        threading.Thread(target=run, name="telling", daemon=True).start()


def read_number(path: Path) -> int | None:
    """Return the whole number the file holds, or None when it is missing or holds none."""
    text = read_small(path)
    return int(text) if text and text.isdecimal() else None


def write_port(run_dir: Path, process: str, port: int) -> None:
    """Tell on which port of loopback `process` answers."""
    tell_small(run_dir / f"{process}.port", f"{port}\n")


def read_port(run_dir: Path, process: str) -> int | None:
    """Return the port that `process` told, or None when it never did."""
    return read_number(run_dir / f"{process}.port")


def write_pid(run_dir: Path, process: str) -> None:
    """Tell the number of this process as that of `process`."""
    tell_small(run_dir / f"{process}.pid", f"{os.getpid()}\n")


def forget_pid(run_dir: Path, process: str) -> None:
    """Take back what write_pid told."""
    path = run_dir / f"{process}.pid"
    with _untold_lock:
        _untold.pop(path, None)
    with suppress(OSError):  # A number that is left behind is nobody's, which `running_pid` sees.
        path.unlink(missing_ok=True)


def running_pid(run_dir: Path, process: str) -> int | None:
    """Return the number of the running `process`, or None when it does not run (also when its file was left behind)."""
    pid = read_number(run_dir / f"{process}.pid")
    return pid if pid is not None and is_stammgast(pid) else None


def is_stammgast(pid: int) -> bool:
    """Say whether `pid` is alive and one of ours: a number may have been given to another program since."""
    folder = Path(f"/proc/{pid}")
    try:
        state = folder.joinpath("stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
        command_line = folder.joinpath("cmdline").read_bytes()
    except OSError:
        return False
    return state not in "ZX" and b"stammgast" in command_line


def warehouse_password(run_dir: Path) -> str:
    """Return the password with which our own processes come into the embedded warehouse."""
    return generated_password(run_dir, "warehouse")


def generated_password(run_dir: Path, account: str) -> str:
    """Return the password of `account`, made once for the installation and readable by its owner only."""
    path = run_dir / f"{account}.password"
    password = read_small(path)
    if password:
        return password
    fresh = run_dir / f".{path.name}.{os.getpid()}"
    write_small(fresh, secrets.token_urlsafe(24), mode=0o600)
    try:
        # A link fails when the name is taken: of two processes that begin together, both end with the same password.
        path.hardlink_to(fresh)
    except FileExistsError:
        pass
    finally:
        fresh.unlink(missing_ok=True)
    return path.read_text(encoding="utf-8").strip()
