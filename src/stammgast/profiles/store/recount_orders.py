"""Orders of people about counting anew, in the control database: web and commands write them, the worker reads them."""

from __future__ import annotations

import msgspec
from sqlalchemy import Boolean, Column, Connection, Integer, MetaData, String, Table, Text, insert, select

from stammgast.profiles.recounts.contracts import Action, RecountOrder

METADATA = MetaData()

recount_orders = Table(
    "recount_orders",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("action", String(20), nullable=False),
    Column("features", Text, nullable=False),
    Column("is_forced", Boolean, nullable=False),
    Column("person", Text, nullable=False),
    sqlite_autoincrement=True,
    comment="What people want of counting anew. features: JSON list, empty for all.",
)

_decode = msgspec.json.Decoder(tuple[str, ...]).decode


def add_order(
    connection: Connection, action: Action, features: tuple[str, ...], person: str, *, is_forced: bool
) -> int:
    """Leave an order for the worker; return its number."""
    values = {"action": action, "features": msgspec.json.encode(features).decode(), "person": person}
    statement = insert(recount_orders).values(**values, is_forced=is_forced).returning(recount_orders.c.id)
    return int(connection.execute(statement).scalar_one())


def orders_after(connection: Connection, number: int) -> list[RecountOrder]:
    """Return the orders beyond a number, oldest first."""
    rows = connection.execute(
        select(recount_orders).where(recount_orders.c.id > number).order_by(recount_orders.c.id).limit(100)
    )
    return [RecountOrder(row.id, row.action, _decode(row.features), row.is_forced, row.person) for row in rows]
