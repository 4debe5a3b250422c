"""The run folder: small files in which the processes tell each other ports, ids and one secret.

Every file is written whole and renamed into place, so a reader sees the old content or the new one, never half of it.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_small(path: Path, text: str, mode: int = 0o644) -> None:
    """Put `text` at `path` in one step, with `mode` from the first moment on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)


def read_small(path: Path) -> str | None:
    """Return the content without the white space around it, or None when there is no such file."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None


def read_number(path: Path) -> int | None:
    """Return the whole number the file holds, or None when it is missing or holds none."""
    text = read_small(path)
    return int(text) if text and text.isdecimal() else None


def write_port(run_dir: Path, process: str, port: int) -> None:
    """Tell on which port of loopback `process` answers."""
    write_small(run_dir / f"{process}.port", f"{port}\n")


def read_port(run_dir: Path, process: str) -> int | None:
    """Return the port that `process` told, or None when it never did."""
    return read_number(run_dir / f"{process}.port")


def write_pid(run_dir: Path, process: str) -> None:
    """Tell the number of this process as that of `process`."""
    write_small(run_dir / f"{process}.pid", f"{os.getpid()}\n")


def forget_pid(run_dir: Path, process: str) -> None:
    """Take back what write_pid told."""
    (run_dir / f"{process}.pid").unlink(missing_ok=True)


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
