"""How far each reader has come: one small file a reader, replaced at once, read by the writing process.

The files only say what may be deleted and how much is waiting. The truth about what is done stays in the reader's own
database, so a file that is older than that, or lost, does no harm.
"""

from __future__ import annotations

from pathlib import Path

_FOLDER = "readers"


def publish_position(directory: Path, reader: str, position: int) -> None:
    """Say that `reader` has committed everything up to `position`."""
    folder = directory / _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f".{reader}"
    fresh.write_text(str(position), encoding="ascii")
    fresh.replace(folder / reader)


def published_position(directory: Path, reader: str) -> int:
    """Return what `reader` last published, 0 when it never did."""
    try:
        return int((directory / _FOLDER / reader).read_text(encoding="ascii") or 0)
    except (FileNotFoundError, ValueError):
        return 0


def slowest_position(directory: Path, readers: tuple[str, ...]) -> int:
    """Return the position that all `readers` have passed."""
    return min((published_position(directory, reader) for reader in readers), default=0)
