"""Nobody but the account that runs Stammgast may read its data: folders 0700, files 0600, also those of earlier versions."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

UMASK = 0o077
FOLDER_MODE, FILE_MODE = 0o700, 0o600
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def keep_private(data: Path) -> None:
    """Let this process and its children make private files only, and shut those that are open to others.

    What belongs to another account stays as it is; `stammgast doctor` tells.
    """
    os.umask(UMASK)
    for path in open_to_others(data):
        try:
            path.chmod(FOLDER_MODE if path.is_dir() else FILE_MODE)
        except OSError:
            continue  # Another account's, a read-only disk, or gone meanwhile: telling is the doctor's.


def open_to_others(data: Path) -> Iterator[Path]:
    """Yield the folder of an installation and what lies in it, as far as other accounts have any right to it.

    History lies behind one folder: what is in it can't be reached once that is shut.
    """
    for path in _within(data):
        try:
            found = path.lstat()
        except OSError:
            continue
        if found.st_mode & OTHERS and not stat.S_ISLNK(found.st_mode):
            yield path


def _within(data: Path) -> Iterator[Path]:
    yield data
    for folder, folders, files in os.walk(data):
        if Path(folder) == data and "history" in folders:
            yield data / "history"
            folders.remove("history")
        yield from (Path(folder, name) for name in (*folders, *files))
