"""Reading files as batches of columns of text: CSV, JSON Lines, Parquet, each also gzipped, without loading them whole.

Columns and not rows, because a value that occurs a thousand times is then looked at once.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Protocol, cast

import msgspec

from stammgast.imports.contracts import Refusal, ValueKind

CELL_SEPARATOR = "\x1f"
"""Stands between the cells of a line's content. A cell that holds one itself can't make two lines equal by mistake in
a way that matters: equal contents still count their occurrences."""


class Batch(msgspec.Struct, gc=False):
    """Some lines. `columns`: name -> cells as text, None where there is none. `contents`: each line as one text.

    `rows`: number of each line, as a spreadsheet counts.
    """

    columns: dict[str, list[str | None]]
    contents: list[str]
    rows: Sequence[int]

    def __len__(self) -> int:
        return len(self.rows)

    def only(self, keep: list[bool]) -> Batch:
        """Return the lines whose place in `keep` is true."""
        places = [index for index, kept in enumerate(keep) if kept]
        if len(places) == len(keep):
            return self
        return Batch(
            {name: [cells[index] for index in places] for name, cells in self.columns.items()},
            [self.contents[index] for index in places] if self.contents else [],
            [self.rows[index] for index in places],
        )


class Dialect(msgspec.Struct, frozen=True):
    """How a file's texts are to be taken. `kinds`: what a typed file says of a column. `missing`: texts for nothing."""

    is_json: bool = False
    kinds: dict[str, ValueKind] = {}
    missing: frozenset[str] = frozenset()


class Table(Protocol):
    """A file that can be read from its start as often as needed."""

    dialect: Dialect

    @property
    def columns(self) -> tuple[str, ...] | None:
        """Names of the columns, None when each line names its own (JSON Lines)."""
        ...

    def batches(self, wanted: Sequence[str], refuse: Callable[[Refusal], None], *, contents: bool) -> Iterator[Batch]:
        """Yield the file's lines in order; a line that can't be read at all goes to `refuse`.

        `wanted`: the columns to give; `contents` says whether the lines' contents are needed too.
        """
        ...

    def cell(self, content: str, column: str) -> str | None:
        """Return one cell of a line, from its content."""
        ...

    def shown(self, content: str) -> tuple[str, ...]:
        """Return a line's cells to write them down again."""
        ...


def open_bytes(path: Path, *, is_gzip: bool) -> IO[bytes]:
    """Return the file's bytes, unpacked."""
    return cast("IO[bytes]", gzip.open(path, "rb") if is_gzip else path.open("rb"))
