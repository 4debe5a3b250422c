"""How a text file is written, as far as nobody said: encoding and dialect together, told from the file."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import IO

import msgspec

from stammgast.imports.contracts import FileShape
from stammgast.imports.dialects import Dialect, guess_dialect
from stammgast.imports.encodings import EncodingGuess, guess_encoding
from stammgast.imports.tables import open_bytes

SAMPLE_LETTERS = 512 * 1024
SAMPLE_LINES = 2_000
CELL_LETTERS_MAX = 8 * 1024 * 1024
csv.field_size_limit(CELL_LETTERS_MAX)


class Recognised(msgspec.Struct, frozen=True):
    """A file's shape with nothing left open, and what it was told by."""

    shape: FileShape
    encoding: EncodingGuess
    dialect: Dialect


def recognise_shape(path: Path, said: FileShape, *, is_gzip: bool) -> Recognised:
    """Return the shape of a text file; what is said stays. Raises OSError, EOFError, LookupError, UnicodeDecodeError."""
    if said.encoding:
        encoding = EncodingGuess(said.encoding, "sure")
    else:
        with open_bytes(path, is_gzip=is_gzip) as file:
            encoding = guess_encoding(file)
    lines = first_lines(path, encoding.encoding, is_gzip=is_gzip)
    dialect = guess_dialect(lines, delimiter=said.delimiter, quote=said.quote, escape=said.escape)
    if said.skip_lines is not None:
        dialect = msgspec.structs.replace(dialect, skip_lines=said.skip_lines, has_heading=True)
    shape = msgspec.structs.replace(
        said,
        delimiter=dialect.delimiter,
        quote=dialect.quote,
        escape=dialect.escape,
        encoding=encoding.encoding,
        skip_lines=dialect.skip_lines,
    )
    return Recognised(shape, encoding, dialect)


def first_lines(path: Path, encoding: str, *, is_gzip: bool) -> list[str]:
    """Return the file's first lines, with their ends."""
    with open_bytes(path, is_gzip=is_gzip) as file, as_text(file, encoding) as text:
        return text.readlines(SAMPLE_LETTERS)[:SAMPLE_LINES]


def as_text(file: IO[bytes], encoding: str) -> io.TextIOWrapper:
    """Return the bytes as text with the ends of lines as they are; a byte that is no letter stays to be found."""
    errors = "replace" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"
    return io.TextIOWrapper(file, encoding=encoding, errors=errors, newline="")
