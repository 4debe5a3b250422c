"""CSV files, by Arrow's reader: quoted line breaks, other delimiters and encodings, lines with too many cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stammgast.imports import sentences
from stammgast.imports.contracts import DuplicateColumn, FileShape, Refusal, UnreadableFile
from stammgast.imports.tables import CELL_SEPARATOR, Batch, Dialect

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK_BYTES = 4 * 1024 * 1024


class CsvTable:
    """A CSV file as a table of texts."""

    def __init__(self, path: Path, shape: FileShape, *, is_gzip: bool) -> None:
        """Read the names of the columns. Raises UnreadableFile, DuplicateColumn."""
        self.path = path
        self.shape = shape
        self._compression = "gzip" if is_gzip else None
        # Arrow numbers bad lines only when it reads on one thread; the first look over the file finds out.
        self._has_bad_lines = False
        self.columns: tuple[str, ...] = tuple(shape.columns) or self._header()
        self.dialect = Dialect(missing=frozenset(shape.missing) | {""})
        self._first_row = 1 if shape.columns else 2
        for name in self.columns:
            if self.columns.count(name) > 1:
                raise DuplicateColumn(column=name)

    def batches(self, wanted: Sequence[str], refuse: Callable[[Refusal], None], *, contents: bool) -> Iterator[Batch]:
        """Yield the lines; one with too many or too few cells, or bytes that are no text, is refused."""
        import pyarrow as pa

        names = self.columns if contents else tuple(wanted)
        bad_lines: list[Any] = []
        number = self._first_row
        try:
            for arrow in self._open(names, bad_lines):
                rows, number = self._numbered(arrow.num_rows, number, bad_lines, refuse)
                yield from self._decoded(arrow, names, wanted, rows, refuse, contents=contents)
        except pa.ArrowInvalid as problem:
            raise UnreadableFile(path=self.path.name, format="CSV", problem=str(problem)) from problem
        except UnicodeDecodeError as problem:
            raise UnreadableFile(path=self.path.name, format="CSV", problem=_wrong_encoding(problem)) from problem
        self._numbered(0, number, bad_lines, refuse)

    def cell(self, content: str, column: str) -> str | None:
        """Return one cell of a line."""
        return content.split(CELL_SEPARATOR)[self.columns.index(column)]

    def shown(self, content: str) -> tuple[str, ...]:
        """Return a line's cells."""
        return tuple(content.split(CELL_SEPARATOR))

    def _header(self) -> tuple[str, ...]:
        import pyarrow as pa

        try:
            return tuple(self._open(None, []).schema.names)
        except (pa.ArrowInvalid, UnicodeDecodeError, OSError) as problem:
            raise UnreadableFile(path=self.path.name, format="CSV", problem=str(problem)) from problem

    def _open(self, names: Sequence[str] | None, bad_lines: list[Any]) -> pa.csv.CSVStreamingReader:
        import pyarrow as pa
        from pyarrow import csv

        def skip(line: Any) -> str:
            bad_lines.append(line)
            self._has_bad_lines = True
            return "skip"

        return csv.open_csv(
            pa.input_stream(str(self.path), compression=self._compression, buffer_size=BLOCK_BYTES),
            read_options=csv.ReadOptions(
                use_threads=not self._has_bad_lines,
                block_size=BLOCK_BYTES,
                column_names=list(self.shape.columns) or None,
                encoding=self.shape.encoding,
            ),
            parse_options=csv.ParseOptions(
                delimiter=self.shape.delimiter,
                quote_char=self.shape.quote,
                newlines_in_values=True,
                invalid_row_handler=skip,
            ),
            # As bytes, so that one line of another encoding is refused by itself and does not end the whole import.
            convert_options=csv.ConvertOptions(
                column_types={name: pa.binary() for name in names or ()}, include_columns=list(names or ()) or None
            ),
        )

    def _numbered(
        self, count: int, number: int, bad_lines: list[Any], refuse: Callable[[Refusal], None]
    ) -> tuple[Sequence[int], int]:
        """Return the numbers of the next `count` good lines and the one after; bad lines between them are refused."""
        if not bad_lines:
            return range(number, number + count), number + count
        rows: list[int] = []
        while len(rows) < count or (bad_lines and bad_lines[0].number in (number, None)):
            if bad_lines and bad_lines[0].number in (number, None):
                refuse(self._bad_line(bad_lines.pop(0), number))
            else:
                rows.append(number)
            number += 1
        return rows, number

    def _bad_line(self, line: Any, number: int) -> Refusal:
        detail = sentences.WRONG_CELLS.format(actual=line.actual_columns, expected=line.expected_columns)
        return Refusal(number, "wrong_number_of_cells", detail, tuple(line.text.split(self.shape.delimiter)))

    def _decoded(
        self,
        arrow: pa.RecordBatch,
        names: Sequence[str],
        wanted: Sequence[str],
        rows: Sequence[int],
        refuse: Callable[[Refusal], None],
        *,
        contents: bool,
    ) -> Iterator[Batch]:
        import pyarrow as pa

        try:
            cells = [column.cast(pa.string()).to_pylist() for column in arrow.columns]
            broken: set[int] = set()
        except pa.ArrowInvalid:
            cells, broken = _decoded_one_by_one(arrow)
        joined = [CELL_SEPARATOR.join(line) for line in zip(*cells, strict=True)] if contents else []
        columns = dict(zip(names, cells, strict=True))
        batch = Batch({name: columns[name] for name in wanted}, joined, rows)
        for index in sorted(broken):
            line = tuple(
                column[index].encode("utf-8", "surrogateescape").decode("utf-8", "replace") for column in cells
            )
            refuse(
                Refusal(
                    rows[index], "wrong_encoding", sentences.WRONG_ENCODING.format(encoding=self.shape.encoding), line
                )
            )
        yield batch.only([index not in broken for index in range(len(rows))]) if broken else batch


def _decoded_one_by_one(arrow: pa.RecordBatch) -> tuple[list[list[Any]], set[int]]:
    """Return the cells as texts, and the places of the lines that are no UTF-8."""
    broken: set[int] = set()
    cells: list[list[Any]] = []
    for column in arrow.columns:
        texts: list[str] = []
        for index, value in enumerate(column.to_pylist()):
            text = value.decode("utf-8", "surrogateescape")
            if not text.isascii() and any("\udc80" <= letter <= "\udcff" for letter in text):
                broken.add(index)
            texts.append(text)
        cells.append(texts)
    return cells, broken


def _wrong_encoding(problem: UnicodeDecodeError) -> str:
    return f"it is not {problem.encoding}; set file.encoding in the map, e.g. cp1252"
