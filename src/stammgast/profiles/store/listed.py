"""A long list, sorted and paged by a cursor: what the lists of customers and of accounts have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, Select, Table, func, literal, select, tuple_

from stammgast.profiles.contracts import TOTAL_MAX


def page_of(
    connection: Connection,
    query: Select[Any],
    column: Column[Any],
    key: Column[int],
    *,
    ascending: bool,
    after: tuple[int | str, int] | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Return up to `limit` rows of `query` by (column, key), beyond the place `after`."""
    place = tuple_(column, key)
    if after is not None:
        given = tuple_(literal(after[0]), literal(after[1]))
        query = query.where(place > given if ascending else place < given)
    order = (column.asc(), key.asc()) if ascending else (column.desc(), key.desc())
    return connection.execute(query.order_by(*order).limit(limit)).all()


def count_of(connection: Connection, table: Table, conditions: Sequence[ColumnElement[bool]]) -> int:
    """Return how many rows match, counting no further than TOTAL_MAX."""
    found = select(literal(1)).select_from(table).where(*conditions)
    return int(connection.scalar(select(func.count()).select_from(found.limit(TOTAL_MAX).subquery())) or 0)
