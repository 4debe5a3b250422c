"""How far each reader has come: one small file a reader, replaced at once, read by the writing process.

The files only say what may be deleted and how much is waiting. The truth about what is done stays in the reader's own
database, so a file that is older than that, or lost, does no harm.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

_FOLDER = "readers"


def publish_position(directory: Path, reader: str, position: int) -> bool:
    """Say that `reader` has committed everything up to `position`; return whether that could be written.

    The folder of the log itself is not made: where it is gone, nobody may find an empty one in its place.
    """
    folder = directory / _FOLDER
    fresh = folder / f".{reader}"
    try:
        folder.mkdir(exist_ok=True)
        fresh.write_text(str(position), encoding="ascii")
        fresh.replace(folder / reader)
    except OSError:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        return False
    return True


def published_position(directory: Path, reader: str) -> int:
    """Return what `reader` last published, 0 when it never did."""
    try:
        return int((directory / _FOLDER / reader).read_text(encoding="ascii") or 0)
    except (FileNotFoundError, ValueError):
        return 0


def slowest_position(directory: Path, readers: tuple[str, ...]) -> int:
    """Return the position that all `readers` have passed."""
    return min((published_position(directory, reader) for reader in readers), default=0)
