"""What BI tools see of the history: views in a database of their own, one SQL file each, made anew at every start.

`<module>/views/NAME.sql` holds the columns with their types and meanings, then `AS SELECT`. It reads `HISTORY.table` and
`BI.view`, of its own module or a lower one. Within a module views are made in the order of their names.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from stammgast.kernel.history import HistoryClient, HistoryRefused

ACCESS_DENIED = 497
_COLUMN = re.compile(r"^    (\w+) (.+?) COMMENT '((?:[^']|'')*)',?$", re.MULTILINE)
_AS_MAKER = "DEFINER = CURRENT_USER SQL SECURITY DEFINER"
_PLACE = re.compile(r"('?)\b(HISTORY|BI)(?=\.)")


@dataclass(frozen=True)
class HistoryView:
    """One view: `about` says what a row is, `columns` are (name, type, meaning)."""

    name: str
    about: str
    columns: tuple[tuple[str, str, str], ...]
    sql: str


def read_views(folder: Path) -> list[HistoryView]:
    """Return the views of a folder, by name."""
    return [_read_view(path) for path in sorted(folder.glob("*.sql"))]


def _read_view(path: Path) -> HistoryView:
    lines = path.read_text(encoding="utf-8").splitlines()
    about = [line.removeprefix("-- ") for line in lines if line.startswith("-- ")]
    sql = "\n".join(line for line in lines if not line.startswith("--"))
    columns = tuple((name, kind, meaning.replace("''", "'")) for name, kind, meaning in _COLUMN.findall(sql))
    return HistoryView(path.stem, " ".join(about), columns, sql)


def bi_database(client: HistoryClient) -> str:
    """Return the name of the database that holds the views; all that a BI account needs to see."""
    return f"{client.address.database}_bi"


def make_views(client: HistoryClient, views: Sequence[HistoryView]) -> bool:
    """Make the views as they are said now; False when our account may not, on a server that somebody else keeps.

    Who reads a view reads with the rights of the account that made it, and so needs a right on the view alone.
    """
    places = {"HISTORY": client.address.database, "BI": bi_database(client)}
    try:
        client.command(f"CREATE DATABASE IF NOT EXISTS `{places['BI']}`")
        for view in views:
            body = _PLACE.sub(lambda place: _named(places[place[2]], place[1]), view.sql)
            columns, select = body.split("\nAS ", 1)
            client.command(f"CREATE OR REPLACE VIEW `{places['BI']}`.{view.name}\n{columns}\n{_AS_MAKER}\nAS {select}")
    except HistoryRefused as refusal:
        if refusal.facts["history_code"] != ACCESS_DENIED:
            raise
        return False
    return True


def missing_views(client: HistoryClient, names: Collection[str]) -> set[str]:
    """Return which of these views are not there."""
    rows = client.query(
        "SELECT name FROM system.tables WHERE database = {database:String}", {"database": bi_database(client)}
    )
    return set(names) - {name for (name,) in rows}


def _named(database: str, quote: str) -> str:
    """Return a database's name as it stands in a statement; a dictionary is named in a string, where nothing is quoted."""
    return f"'{database}" if quote else f"`{database}`"
