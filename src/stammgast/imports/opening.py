"""Opening a file as a table, by what its name and its first bytes tell."""

from __future__ import annotations

from pathlib import Path

from stammgast.imports.contracts import FileFormat, FileShape, UnreadableFile
from stammgast.imports.tables import Table

GZIP_MAGIC = b"\x1f\x8b"


def open_table(path: Path, shape: FileShape) -> Table:
    """Return the file as a table. Raises UnreadableFile."""
    kind = shape.format or format_of(path)
    try:
        is_gzip = _is_gzip(path)
    except OSError as problem:
        raise UnreadableFile(path=path.name, format=kind, problem=problem.strerror or str(problem)) from problem
    if kind == "csv":
        from stammgast.imports.csv_table import CsvTable

        return CsvTable(path, shape, is_gzip=is_gzip)
    if kind == "parquet":
        from stammgast.imports.parquet_table import ParquetTable

        return ParquetTable(path, is_gzip=is_gzip)
    from stammgast.imports.jsonl_table import JsonLinesTable

    return JsonLinesTable(path, is_gzip=is_gzip)


def format_of(path: Path) -> FileFormat:
    """Return the format that a file's name tells; CSV when it tells none.

    >>> format_of(Path("orders.jsonl.gz")), format_of(Path("orders.txt"))
    ('jsonl', 'csv')
    """
    endings = [ending.lower() for ending in path.suffixes if ending.lower() != ".gz"]
    last = endings[-1] if endings else ""
    if last in (".jsonl", ".ndjson", ".json"):
        return "jsonl"
    return "parquet" if last in (".parquet", ".pq") else "csv"


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == GZIP_MAGIC
