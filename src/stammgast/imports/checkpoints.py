"""How far an import from the command line has come: a small file, so that an interrupted one goes on and does not begin anew.

Losing it costs time only: events have the same ids again, and what is there already is not counted twice.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from stammgast.imports.contracts import ImportMap
from stammgast.kernel.ids import digest128
from stammgast.kernel.processes.run_dir import read_number, write_small


class Checkpoint:
    """Events of one file under one map that are known to be kept."""

    def __init__(self, folder: Path, file: Path, plan: ImportMap, target: str) -> None:
        """Name the checkpoint by all that must be the same to go on: the file as it is now, the map, where it goes."""
        state = file.stat()
        facts = (str(file.resolve()), state.st_size, state.st_mtime_ns, target)
        name = digest128(msgspec.json.encode(facts), msgspec.json.encode(plan)).hex()
        self._path = folder / f"{name}.checkpoint"
        self._kept = self.kept()

    def kept(self) -> int:
        """Return how many events of the file's start are kept already."""
        return read_number(self._path) or 0

    def note(self, kept: int) -> None:
        """Remember how far it is."""
        if kept != self._kept:
            self._kept = kept
            write_small(self._path, f"{kept}\n")

    def forget(self) -> None:
        """The import is complete; the next one of this file begins at its start."""
        self._path.unlink(missing_ok=True)
