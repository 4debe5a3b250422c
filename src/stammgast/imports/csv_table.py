"""CSV files as a table of texts, as real programs write them: what nobody says of a file is told from the file."""

from __future__ import annotations

import csv
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from stammgast.imports.contracts import FileShape, Refusal, UnreadableFile
from stammgast.imports.records import Records
from stammgast.imports.shaping import Recognised, as_text, recognise_shape
from stammgast.imports.tables import CELL_SEPARATOR, Batch, Dialect, open_bytes
from stammgast.kernel.i18n import marked as _

_PROTECTED = re.compile(r"'(?:[=+\-@\t\r]|[\d .,/()-]+$)")
"""A spreadsheet's apostrophe, which keeps a cell from being counted as a formula or a number."""
_FIRST = frozenset("'=")
_AS_FORMULA = re.compile(r'="([^"]*)"')


class CsvTable:
    """A CSV file as a table of texts."""

    def __init__(self, path: Path, shape: FileShape, *, is_gzip: bool) -> None:
        """Recognise what the shape leaves open and read the names of the columns. Raises UnreadableFile."""
        self.path = path
        self._is_gzip = is_gzip
        with told_if_unreadable(path):
            self.recognised: Recognised = recognise_shape(path, shape, is_gzip=is_gzip)
            self.shape = self.recognised.shape
            self._has_heading = not shape.columns and self.recognised.dialect.has_heading
            self.columns: tuple[str, ...] = shape.columns or self._named()
        if not self.columns:
            raise UnreadableFile(path=path.name, format="CSV", problem=_("there is nothing in it"))
        self.dialect = Dialect(missing=frozenset(shape.missing) | {""})

    def batches(self, wanted: Sequence[str], refuse: Callable[[Refusal], None], *, contents: bool) -> Iterator[Batch]:
        """Yield the lines; one with too many or too few cells, or bytes that are no text, is refused."""
        places = [self.columns.index(name) for name in wanted]
        with told_if_unreadable(self.path), self._open() as records:
            if self._has_heading:
                records.heading()
            for columns, numbers in records.batches(len(self.columns), refuse):
                if records.is_protected:
                    columns = [_mended(cells) for cells in columns]  # noqa: PLW2901 - the same columns, put right
                joined = list(map(CELL_SEPARATOR.join, zip(*columns, strict=True))) if contents else []
                yield Batch({name: columns[at] for name, at in zip(wanted, places, strict=True)}, joined, numbers)  # type: ignore[misc]

    def cell(self, content: str, column: str) -> str | None:
        """Return one cell of a line."""
        return content.split(CELL_SEPARATOR)[self.columns.index(column)]

    def shown(self, content: str) -> tuple[str, ...]:
        """Return a line's cells."""
        return tuple(content.split(CELL_SEPARATOR))

    @contextmanager
    def _open(self) -> Iterator[Records]:
        before = max(0, (self.shape.skip_lines or 0) - self.recognised.dialect.has_sep_line)
        with open_bytes(self.path, is_gzip=self._is_gzip) as file, as_text(file, self.shape.encoding) as text:
            yield Records(text, self.shape, before)

    def _named(self) -> tuple[str, ...]:
        with self._open() as records:
            first = records.heading()
        return distinct_names(first if self._has_heading else [""] * len(first))


def distinct_names(cells: Sequence[str]) -> tuple[str, ...]:
    """Return names for columns: blanks around them cut, those without a name by their place, equal ones numbered.

    >>> distinct_names([" Name", "", "Name"])
    ('Name', 'Column 2', 'Name (2)')
    """
    seen: Counter[str] = Counter()
    names = []
    for place, cell in enumerate(cells, 1):
        name = " ".join(cell.replace("\ufeff", "").split()) or f"Column {place}"
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(names)


@contextmanager
def told_if_unreadable(path: Path, kind: str = "CSV") -> Iterator[None]:
    """Turn what goes wrong with a file's bytes into UnreadableFile."""
    try:
        yield
    except (EOFError, zlib.error) as problem:
        raise UnreadableFile(path=path.name, format=kind, problem=_("it was cut off or damaged")) from problem
    except (OSError, UnicodeError, LookupError, csv.Error) as problem:
        raise UnreadableFile(path=path.name, format=kind, problem=str(problem)) from problem


def _mended(cells: list[str]) -> list[str]:
    """Take away what spreadsheets add to cells.

    >>> _mended(["'+49 30 1", '="007"', "'t Hof"])
    ['+49 30 1', '007', "'t Hof"]
    """
    if not any(cell[:1] == "'" or cell[:2] == '="' for cell in cells):
        return cells
    return [_without_protection(cell) if cell[:1] in _FIRST else cell for cell in cells]


def _without_protection(cell: str) -> str:
    if _PROTECTED.match(cell):
        return cell[1:]
    found = _AS_FORMULA.fullmatch(cell)
    return found[1] if found else cell
