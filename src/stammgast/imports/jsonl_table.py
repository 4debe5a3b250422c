"""JSON Lines files: an object a line; a column is a member, or a path into inner objects written with dots."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from stammgast.imports.contracts import Refusal, UnreadableFile
from stammgast.imports.tables import Batch, Dialect, open_bytes

BLOCK_BYTES = 4 * 1024 * 1024
SHOWN_LENGTH_MAX = 2_000

# Raw keeps every number as it was written: 1.10 stays 1.10.
_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])


class JsonLinesTable:
    """A JSON Lines file as a table of JSON texts."""

    columns: tuple[str, ...] | None = None
    dialect = Dialect(is_json=True)

    def __init__(self, path: Path, *, is_gzip: bool) -> None:
        """Name the file; it is opened when it is read."""
        self.path = path
        self._is_gzip = is_gzip

    def batches(self, wanted: Sequence[str], refuse: Callable[[Refusal], None], *, contents: bool) -> Iterator[Batch]:
        """Yield the lines; blank ones are passed over, one that is no object is refused."""
        number = 1
        for lines in self._blocks():
            batch, number = _read_lines(lines, number, wanted, refuse, contents=contents)
            yield batch

    def cell(self, content: str, column: str) -> str | None:
        """Return the JSON of one member of a line."""
        found = _decoder.decode(content)
        raw = found.get(column)
        return _text(raw) if raw is not None else _inner(found, column.split("."))

    def shown(self, content: str) -> tuple[str, ...]:
        """Return the line itself."""
        return (content,)

    def _blocks(self) -> Iterator[list[bytes]]:
        rest = b""
        try:
            with open_bytes(self.path, is_gzip=self._is_gzip) as file:
                while block := file.read(BLOCK_BYTES):
                    lines = (rest + block).split(b"\n")
                    rest = lines.pop()
                    yield lines
        except (OSError, EOFError) as problem:
            raise UnreadableFile(path=self.path.name, format="JSON Lines", problem=problem) from problem
        if rest:
            yield [rest]


def _read_lines(
    lines: list[bytes], number: int, wanted: Sequence[str], refuse: Callable[[Refusal], None], *, contents: bool
) -> tuple[Batch, int]:
    columns: dict[str, list[str | None]] = {name: [] for name in wanted}
    getters = [(cells.append, name, name.split(".")) for name, cells in columns.items()]
    texts: list[str] = []
    rows: list[int] = []
    for row, line in enumerate(lines, number):
        if not line.strip():
            continue
        try:
            text = line.decode().strip()
            found = _decoder.decode(text)
        except (UnicodeDecodeError, msgspec.DecodeError) as problem:
            shown = line[:SHOWN_LENGTH_MAX].decode("utf-8", "replace")
            refuse(Refusal(row, "wrong_json", str(problem), (shown,)))
            continue
        for append, name, path in getters:
            raw = found.get(name)
            append(_text(raw) if raw is not None else _inner(found, path))
        rows.append(row)
        if contents:
            texts.append(text)
    return Batch(columns, texts, rows), number + len(lines)


def _text(raw: msgspec.Raw) -> str | None:
    text = bytes(raw).decode()
    return None if text == "null" else text


def _inner(found: dict[str, msgspec.Raw], path: list[str]) -> str | None:
    """Return the JSON at a dotted path, or None when there is none."""
    for step in path[:-1]:
        raw = found.get(step)
        if raw is None:
            return None
        try:
            found = _decoder.decode(raw)
        except msgspec.DecodeError:
            return None
    last = found.get(path[-1])
    return None if last is None else _text(last)
