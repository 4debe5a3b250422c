"""Lines of a CSV file, each with its cells: a line with an open quote, or with bytes that are no text, falls out alone.

Lines that are as they should be are read many at once, by Arrow. Where that fails, Python's reader looks closer. It is strict,
so that a quote that was opened by mistake is noticed where it meets the next one; what it then complains of in a single line
is read again as leniently as spreadsheets do.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TextIO

from stammgast.imports import sentences
from stammgast.imports.contracts import FileShape, Refusal
from stammgast.imports.dialects import reading

READ_LETTERS = 512 * 1024
RECORD_LETTERS_MAX = 1_100_000
"""More than an event may hold: a quote was opened by mistake."""
_NO_TEXT = re.compile("[\x00\udc80-\udcff]")
Row = list[str]
Refuse = Callable[[Refusal], None]


class _OpenQuote(Exception):
    """The record goes on where it can't."""


class Records:
    """What stands in a file after the lines that are skipped. `number` is that of the line read last."""

    def __init__(self, file: TextIO, shape: FileShape, number: int) -> None:
        """Begin after `shape.skip_lines`; the first line gets the number after `number`."""
        self.number = number
        self.is_protected = False
        """Whether a cell may have begun with what spreadsheets put before it."""
        self._file = file
        self._shape = shape
        self._reading = reading(shape.delimiter, shape.quote, shape.escape)
        self._protections = ('="', *(f"{before}'" for before in (shape.delimiter, "\n", "\r", '"')))
        self._waiting: deque[str] = deque()
        self._pulled: list[str] = []
        self._is_suspect = False
        for _ in range(shape.skip_lines or 0):
            file.readline()

    def heading(self) -> Row:
        """Return the cells of the first line that has some."""
        self._fill()
        for row in self._one_by_one(0, lambda _refusal: None):
            if row:
                return row
        return []

    def batches(self, width: int, refuse: Refuse) -> Iterator[tuple[list[list[str]], Sequence[int]]]:
        """Yield `width` columns of lines, with the lines' numbers, some thousand at a time; others go to `refuse`."""
        while self._waiting or self._fill():
            columns = self._at_once(width)
            if columns is not None:
                begun, self.number = self.number + 1, self.number + len(columns[0])
                yield columns, range(begun, self.number + 1)
                continue
            rows: list[Row] = []
            numbers: list[int] = []
            for row in self._one_by_one(width, refuse):
                fitted = row if len(row) == width and any(row) else self._fitted(row, width, refuse)
                if fitted is not None:
                    rows.append(fitted)
                    numbers.append(self.number)
            if rows:
                yield [list(column) for column in zip(*rows, strict=True)], numbers

    def _at_once(self, width: int) -> list[list[str]] | None:
        """Return the columns of all waiting lines, None when one of the lines wants a closer look."""
        if self._is_suspect:
            return None
        import pyarrow as pa  # takes longer than starting may
        from pyarrow import csv as arrow

        names = [str(place) for place in range(width)]
        text = "".join(self._waiting).encode()
        try:
            table = arrow.read_csv(
                pa.py_buffer(text),
                read_options=arrow.ReadOptions(column_names=names, use_threads=False, block_size=2 * len(text) + 1),
                parse_options=arrow.ParseOptions(
                    delimiter=self._shape.delimiter,
                    quote_char=self._shape.quote,
                    double_quote=not self._shape.escape,
                    escape_char=self._shape.escape or False,
                    newlines_in_values=True,
                ),
                convert_options=arrow.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
            )
        except pa.ArrowInvalid:
            return None
        # Fewer records than lines: a cell that goes over several lines, for good or by mistake.
        if table.num_rows != len(self._waiting):
            return None
        columns = [column.to_pylist() for column in table.columns]
        if any(column[-1].endswith(("\n", "\r")) for column in columns):
            return None  # The last line ends inside a quoted cell.
        if "" in columns[0] and not all(map(any, zip(*columns, strict=True))):
            return None  # A line of delimiters only.
        self._waiting.clear()
        return columns

    def _one_by_one(self, width: int, refuse: Refuse) -> Iterator[Row]:
        """Yield the waiting lines' records; after each, `number` is right. `width` 0: as many cells as there are."""
        pulled = self._pulled
        while self._waiting:
            try:
                for row in csv.reader(self._feed(), strict=True, **self._reading):
                    if len(pulled) > 1 and width and len(row) != width:
                        raise _OpenQuote  # noqa: TRY301 - met in the same way as in the feed
                    self.number += 1
                    is_text = not self._is_suspect or self._is_text(row, refuse)
                    pulled.clear()
                    if is_text:
                        yield row
            except (_OpenQuote, csv.Error):
                lenient = self._lenient(refuse)
                if lenient is not None:
                    yield lenient

    def _lenient(self, refuse: Refuse) -> Row | None:
        """Take the first line of what was pulled by itself and put the others back."""
        first, *rest = self._pulled
        self._waiting.extendleft(reversed(rest))
        self._pulled.clear()
        self.number += 1
        row = next(csv.reader([first.rstrip("\r\n") + "\n"], **self._reading), [])
        if row and row[-1].endswith("\n"):
            cells = tuple(_cleaned(cell) for cell in first.rstrip("\r\n").split(self._shape.delimiter))
            refuse(Refusal(self.number, "open_quote", sentences.OPEN_QUOTE, cells))
            return None
        return row

    def _is_text(self, row: Row, refuse: Refuse) -> bool:
        found = next((match for line in self._pulled if (match := _NO_TEXT.search(line))), None)
        if found is None:
            return True
        if found[0] == "\x00":
            reason, detail = "no_text", sentences.NUL
        else:
            reason, detail = "wrong_encoding", sentences.WRONG_ENCODING.format(encoding=self._shape.encoding)
        refuse(Refusal(self.number, reason, detail, tuple(map(_cleaned, row))))
        return False

    def _fitted(self, row: Row, width: int, refuse: Refuse) -> Row | None:
        """Return a line whose needless cells are empty without them; refuse one that does not fit, but for blank lines."""
        if not any(cell.strip() for cell in row):
            return None
        if len(row) > width and not any(cell.strip() for cell in row[width:]):
            return row[:width]
        detail = sentences.WRONG_CELLS.format(actual=len(row), expected=width)
        refuse(Refusal(self.number, "wrong_number_of_cells", detail, tuple(row)))
        return None

    def _feed(self) -> Iterator[str]:
        """Yield waiting lines; more of the file only where a record goes on. `_pulled` holds the record under way."""
        pulled, waiting = self._pulled, self._waiting
        size = 0
        while waiting or (pulled and self._fill()):
            line = waiting.popleft()
            size = size + len(line) if pulled else len(line)
            if pulled and size > RECORD_LETTERS_MAX:
                waiting.appendleft(line)
                raise _OpenQuote
            pulled.append(line)
            yield line
        if pulled:
            raise _OpenQuote

    def _fill(self) -> bool:
        """Read more of the file; say whether there was more."""
        lines = self._file.readlines(READ_LETTERS)
        # One look at half a million letters instead of one at each line.
        text = "".join(lines)
        is_suspect = "\x00" in text or (not text.isascii() and _NO_TEXT.search(text) is not None)
        self._is_suspect = is_suspect or (bool(self._waiting or self._pulled) and self._is_suspect)
        self.is_protected = self.is_protected or any(mark in text for mark in self._protections)
        self._waiting.extend(lines)
        return bool(lines)


def _cleaned(text: str) -> str:
    """Return a cell that can be written down: a byte that is no letter becomes a sign for such."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").replace("\x00", "\ufffd")
