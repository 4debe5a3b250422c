"""Parquet files: typed columns, given as texts with the kind that the file says."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from stammgast.imports.contracts import Refusal, UnreadableFile, ValueKind
from stammgast.imports.tables import CELL_SEPARATOR, Batch, Dialect, open_bytes

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_A_BATCH = 50_000
NOTHING = "\x00"
"""Stands in a line's content for a cell without a value."""


class ParquetTable:
    """A Parquet file as a table of texts."""

    def __init__(self, path: Path, *, is_gzip: bool) -> None:
        """Read the schema; a gzipped file is unpacked first, since Parquet is read from its end. Raises UnreadableFile."""
        import pyarrow as pa
        from pyarrow import parquet

        self.path = path
        self._unpacked = _unpack(path) if is_gzip else None
        try:
            self._file = parquet.ParquetFile(self._unpacked or path)
        except (pa.ArrowInvalid, OSError) as problem:
            raise UnreadableFile(path=path.name, format="Parquet", problem=str(problem)) from problem
        schema = self._file.schema_arrow
        self.columns: tuple[str, ...] = tuple(schema.names)
        self.dialect = Dialect(kinds={field.name: _kind(field.type) for field in schema})

    def __del__(self) -> None:
        if self._unpacked is not None:
            self._unpacked.unlink(missing_ok=True)

    def batches(self, wanted: Sequence[str], refuse: Callable[[Refusal], None], *, contents: bool) -> Iterator[Batch]:  # noqa: ARG002 - a typed file has no unreadable lines
        """Yield the lines."""
        names = list(self.columns if contents else wanted)
        number = 1
        for arrow in self._file.iter_batches(ROWS_A_BATCH, columns=names or None):
            columns = {name: _texts(arrow.column(name)) for name in names}
            joined = [CELL_SEPARATOR.join(line) for line in zip(*_filled(columns), strict=True)] if contents else []
            rows = range(number, number + arrow.num_rows)
            number += arrow.num_rows
            yield Batch({name: columns[name] for name in wanted}, joined, rows)

    def cell(self, content: str, column: str) -> str | None:
        """Return one cell of a line."""
        cell = content.split(CELL_SEPARATOR)[self.columns.index(column)]
        return None if cell == NOTHING else cell

    def shown(self, content: str) -> tuple[str, ...]:
        """Return a line's cells; one without a value is empty."""
        return tuple("" if cell == NOTHING else cell for cell in content.split(CELL_SEPARATOR))


def _filled(columns: dict[str, list[str | None]]) -> list[list[str]]:
    return [[NOTHING if cell is None else cell for cell in cells] for cells in columns.values()]


def _unpack(path: Path) -> Path:
    with (
        open_bytes(path, is_gzip=True) as packed,
        tempfile.NamedTemporaryFile(suffix=".parquet", delete=False) as plain,
    ):
        shutil.copyfileobj(packed, plain)
    return Path(plain.name)


def _kind(arrow: pa.DataType) -> ValueKind:
    from pyarrow import types

    if types.is_integer(arrow) or types.is_floating(arrow) or types.is_decimal(arrow):
        return "number"
    if types.is_boolean(arrow):
        return "boolean"
    if types.is_timestamp(arrow):
        return "time"
    return "json" if types.is_nested(arrow) else "text"


def _texts(column: pa.Array) -> list[str | None]:
    import pyarrow as pa
    from pyarrow import types

    if types.is_nested(column.type):
        return [None if one is None else msgspec.json.encode(one).decode() for one in column.to_pylist()]
    if types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("ms", column.type.tz and "UTC"), safe=False)
    texts: list[str | None] = column.cast(pa.string()).to_pylist()
    return texts
