"""Numbered SQL for the history: `NNNN_name.sql`, each applied once, on either engine."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stammgast.kernel.errors import StammgastError
from stammgast.kernel.history import HistoryClient

_FILE = re.compile(r"(\d{4})_(\w+)\.sql")
_NOT_MODULES = frozenset({"sql", "migrations", "history", "history_migrations"})
_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    module String, number UInt32, name String, checksum String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3)
) ENGINE = MergeTree ORDER BY (module, number)
"""


class HistoryMigrationChanged(StammgastError):
    """{path} was changed after it had been applied. Put it back and write the change into a new file."""

    status = 500


@dataclass(frozen=True)
class HistoryMigration:
    """One file: the module it belongs to, its number and name, and its statements in order."""

    module: str
    number: int
    name: str
    path: Path
    statements: tuple[str, ...]
    checksum: str


def migrate_history(client: HistoryClient, directories: Sequence[Path]) -> list[HistoryMigration]:
    """Apply what is new, directory by directory and number by number; return it.

    A file that a crash interrupted is applied again from its start, so its statements say IF NOT EXISTS. Raises
    HistoryMigrationChanged before anything is applied when a file is not what was applied under its number.
    """
    client.create_database()
    client.command(_TABLE)
    rows = client.query("SELECT module, number, checksum FROM schema_migrations")
    applied = {(module, number): checksum for module, number, checksum in rows}
    fresh = []
    for migration in (each for directory in directories for each in read_migrations(directory)):
        known = applied.get((migration.module, migration.number))
        if known is None:
            fresh.append(migration)
        elif known != migration.checksum:
            raise HistoryMigrationChanged(path=migration.path.name)
    for migration in fresh:
        _apply(client, migration)
    return fresh


def read_migrations(directory: Path) -> list[HistoryMigration]:
    """Return a directory's migrations by number; it belongs to the module whose folder holds it."""
    place = directory.resolve()
    while place.name in _NOT_MODULES:
        place = place.parent
    found = []
    for path in sorted(directory.glob("*.sql")):
        name = _FILE.fullmatch(path.name)
        if name is None:
            continue
        text = path.read_text(encoding="utf-8")
        checksum = hashlib.sha256(text.encode()).hexdigest()
        found.append(HistoryMigration(place.name, int(name[1]), name[2], path, split_statements(text), checksum))
    return found


def split_statements(text: str) -> tuple[str, ...]:
    r"""Return the statements of a file; each ends with a semicolon at a line's end. Comments alone are none.

    >>> split_statements("-- first\nSELECT ';';\n\nSELECT 2;\n-- done\n")
    ("-- first\nSELECT ';'", 'SELECT 2')
    """
    pieces = re.split(r";[ \t]*(?:\n|$)", text)
    return tuple(piece.strip() for piece in pieces if _is_more_than_comments(piece))


def _is_more_than_comments(piece: str) -> bool:
    return any(line.strip() and not line.strip().startswith("--") for line in piece.splitlines())


def _apply(client: HistoryClient, migration: HistoryMigration) -> None:
    for statement in migration.statements:
        client.command(statement)
    client.command(
        "INSERT INTO schema_migrations (module, number, name, checksum)"
        " SELECT {module:String}, {number:UInt32}, {name:String}, {checksum:String}",
        {
            "module": migration.module,
            "number": migration.number,
            "name": migration.name,
            "checksum": migration.checksum,
        },
    )
