"""Insert-or-update through SQLAlchemy Core, the same on SQLite and PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

    from stammgast.kernel.state import State


def upsert(where: State | Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return the database's own INSERT, which knows `on_conflict_do_update` and `on_conflict_do_nothing`.

    `where` is the state or an open connection of it; only the kind of database is read from it.
    """
    dialect = where.dialect.name if hasattr(where, "dialect") else where.engine.dialect.name
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
