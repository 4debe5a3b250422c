"""Targets and people's wishes, in the control database."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Integer,
    MetaData,
    RowMapping,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from stammgast.outgoing.contracts import Pace, Secret, Target, TargetSettings

METADATA = MetaData()

targets_table = Table(
    "outgoing_targets",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("uid", String(36), nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("brand", Integer, nullable=False),
    Column("is_on", Boolean, nullable=False),
    Column("settings", Text, nullable=False),
    Column("pace", Text, nullable=False),
    Column("secrets", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("removed_at", BigInteger, nullable=True),
    sqlite_autoincrement=True,
)
wishes_table = Table(
    "outgoing_wishes",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("wish", String(20), nullable=False),
    Column("target", Integer, nullable=False),
    Column("delivery", BigInteger, nullable=False),
    Column("address", Text, nullable=False),
    Column("wished_at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
    comment="What people want done with deliveries; the worker does it and remembers up to which.",
)
_columns = targets_table.c

_read_settings = msgspec.json.Decoder(TargetSettings).decode
_read_pace = msgspec.json.Decoder(Pace).decode
_read_secrets = msgspec.json.Decoder(tuple[Secret, ...]).decode
WISHES_AT_ONCE = 200


class Wish(msgspec.Struct, frozen=True):
    """What a person wants done: `replay` or `discard` a delivery (0: all that failed at the target), `test` a target.

    `address`: to whom a test mail goes.
    """

    id: int
    wish: str
    target: int
    delivery: int
    address: str
    wished_at: int


def list_targets(connection: Connection) -> list[Target]:
    """Return all targets by name, removed ones too: deliveries name them."""
    rows = connection.execute(select(targets_table).order_by(_columns.name, _columns.id)).mappings()
    return [_target(row) for row in rows]


def find_target(connection: Connection, number: int) -> Target | None:
    """Return one target, None when there is none (any more)."""
    query = select(targets_table).where(_columns.id == number, _columns.removed_at.is_(None))
    row = connection.execute(query).mappings().first()
    return None if row is None else _target(row)


def is_name_taken(connection: Connection, name: str, other_than: int = 0) -> bool:
    """Say whether a present target other than the one given has this name."""
    query = select(_columns.id).where(_columns.name == name, _columns.removed_at.is_(None), _columns.id != other_than)
    return connection.scalar(query.limit(1)) is not None


def add_target(connection: Connection, **values: Any) -> int:
    """Add a target and return its number."""
    statement = insert(targets_table).values(**_stored(values)).returning(_columns.id)
    return int(connection.execute(statement).scalar_one())


def change_target(connection: Connection, number: int, **values: Any) -> None:
    """Write some of a target's columns."""
    connection.execute(update(targets_table).where(_columns.id == number).values(**_stored(values)))


def add_wish(
    connection: Connection, wish: str, now: int, *, target: int = 0, delivery: int = 0, address: str = ""
) -> int:
    """Note what a person wants done; return its number."""
    statement = insert(wishes_table).values(wish=wish, target=target, delivery=delivery, address=address, wished_at=now)
    return int(connection.execute(statement.returning(wishes_table.c.id)).scalar_one())


def wishes_after(connection: Connection, number: int) -> list[Wish]:
    """Return the wishes beyond a number, oldest first, not too many at once."""
    query = select(wishes_table).where(wishes_table.c.id > number).order_by(wishes_table.c.id).limit(WISHES_AT_ONCE)
    return [Wish(**row) for row in connection.execute(query).mappings()]


def newest_wish(connection: Connection) -> int:
    """Return the number of the newest wish, 0 when there is none."""
    return int(connection.scalar(select(func.max(wishes_table.c.id))) or 0)


def forget_wishes(connection: Connection, before: int) -> None:
    """Delete wishes older than `before`, ms UTC: they are long done."""
    connection.execute(delete(wishes_table).where(wishes_table.c.wished_at < before))


def _stored(values: dict[str, Any]) -> dict[str, Any]:
    structs = {"settings", "pace", "secrets"} & values.keys()
    return values | {name: msgspec.json.encode(values[name]).decode() for name in structs}


def _target(row: RowMapping) -> Target:
    facts = dict(row)
    for name, read in (("settings", _read_settings), ("pace", _read_pace), ("secrets", _read_secrets)):
        facts[name] = read(facts[name])
    return Target(**facts)
