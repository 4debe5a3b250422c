"""The catalogue in the control database. Counts are sums, so what is gathered later is added; days are counted since 1970."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Integer,
    MetaData,
    RowMapping,
    SmallInteger,
    String,
    Table,
    Text,
    case,
    delete,
    func,
    select,
    update,
)

from stammgast.kernel.upsert import upsert

METADATA = MetaData()


def _key() -> tuple[Column[Any], ...]:
    return (
        Column("type", String(20), primary_key=True),
        Column("name", String(255), primary_key=True),
        Column("source", Integer, primary_key=True, autoincrement=False),
    )


seen_events = Table(
    "seen_events",
    METADATA,
    *_key(),
    Column("origin", String(40), nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
)
seen_days = Table(
    "seen_days",
    METADATA,
    *_key(),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("events", BigInteger, nullable=False),
)
seen_properties = Table(
    "seen_properties",
    METADATA,
    *_key(),
    Column("property", String(255), primary_key=True),
    Column("kind", String(10), primary_key=True),
    Column("events", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
)
seen_libraries = Table(
    "seen_libraries",
    METADATA,
    Column("source", Integer, primary_key=True, autoincrement=False),
    Column("library", String(100), primary_key=True),
    Column("version", String(40), primary_key=True),
    Column("events", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
)
progress = Table(
    "catalogue_progress",
    METADATA,
    Column("one", SmallInteger, primary_key=True, autoincrement=False),
    Column("batch", BigInteger, nullable=False),
    Column("left_out", BigInteger, nullable=False),
)
described_events = Table(
    "described_events",
    METADATA,
    Column("type", String(20), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("description", Text, nullable=False),
    Column("owner", Integer, nullable=True),
    Column("is_expected", Boolean, nullable=False),
)
described_properties = Table(
    "described_properties",
    METADATA,
    Column("type", String(20), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("property", String(255), primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("description", Text, nullable=False),
)
_GREATEST = ("last_at", "received_at")
_LEAST = ("first_at",)


# Gathering.


def gathered_batch(connection: Connection) -> int:
    """Return the last batch of history that is in the catalogue, 0 before the first."""
    return connection.scalar(select(progress.c.batch)) or 0


def left_out(connection: Connection) -> int:
    """Return how many events (of names or properties beyond what is kept) the catalogue does not list."""
    return connection.scalar(select(progress.c.left_out)) or 0


def move_progress(connection: Connection, before: int, batch: int, left_out: int) -> bool:
    """Note that the catalogue holds everything through `batch`; False when another process was faster."""
    nothing = upsert(connection, progress).values(one=1, batch=0, left_out=0)
    connection.execute(nothing.on_conflict_do_nothing(index_elements=["one"]))
    moved = update(progress).where(progress.c.batch == before)
    return connection.execute(moved.values(batch=batch, left_out=progress.c.left_out + left_out)).rowcount == 1


def add(connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Add counts to those that are there; of times the latest holds (of `first_at` the earliest)."""
    if not rows:
        return
    statement = upsert(connection, table)
    new = statement.excluded
    changed: dict[str, Any] = {"events": table.c.events + new.events}
    for name in (*_GREATEST, *_LEAST):
        if name in table.c:
            is_newer = new[name] > table.c[name] if name in _GREATEST else new[name] < table.c[name]
            changed[name] = case((is_newer, new[name]), else_=table.c[name])
    keys = [column.name for column in table.primary_key.columns]
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), list(rows))


def forget_days(connection: Connection, before: int) -> None:
    """Remove the counts of days before `before`."""
    connection.execute(delete(seen_days).where(seen_days.c.day < before))


def known_names(connection: Connection) -> set[tuple[str, str, int]]:
    """Return (type, name, source) of all events that are listed."""
    query = select(seen_events.c.type, seen_events.c.name, seen_events.c.source)
    return {(row.type, row.name, row.source) for row in connection.execute(query)}


def known_properties(connection: Connection, names: Iterable[str]) -> set[tuple[str, str, str]]:
    """Return (type, name, property) of what is listed of events of these names."""
    columns = (seen_properties.c.type, seen_properties.c.name, seen_properties.c.property)
    query = select(*columns).where(seen_properties.c.name.in_(list(names))).distinct()
    return {(row.type, row.name, row.property) for row in connection.execute(query)}


# Reading. An empty `sources` means any.


def list_events(connection: Connection, sources: Collection[int]) -> Sequence[RowMapping]:
    """Return what was seen of every event of every source, most frequent first."""
    return _of(connection, select(seen_events).order_by(seen_events.c.events.desc()), seen_events, sources)


def list_days(connection: Connection, since: int, sources: Collection[int]) -> Sequence[RowMapping]:
    """Return the counts of days from `since` on."""
    return _of(connection, select(seen_days).where(seen_days.c.day >= since), seen_days, sources)


def list_properties(connection: Connection, kind: str, name: str, sources: Collection[int]) -> Sequence[RowMapping]:
    """Return (property, kind, events, last_at) of one event, most frequent first."""
    of = seen_properties.c
    counted = func.sum(of.events).label("events")
    query = select(of.property, of.kind, counted, func.max(of.last_at).label("last_at"))
    query = query.where(of.type == kind, of.name == name).group_by(of.property, of.kind)
    return _of(connection, query.order_by(counted.desc(), of.property, of.kind), seen_properties, sources)


def list_libraries(connection: Connection) -> Sequence[RowMapping]:
    """Return with which libraries each source sends, the latest first."""
    query = select(seen_libraries).order_by(seen_libraries.c.received_at.desc())
    return connection.execute(query).mappings().all()


def last_arrivals(connection: Connection) -> Sequence[RowMapping]:
    """Return (source, received_at): when each source's newest event arrived."""
    newest = func.max(seen_events.c.received_at).label("received_at")
    return connection.execute(select(seen_events.c.source, newest).group_by(seen_events.c.source)).mappings().all()


def days_by_source(connection: Connection, since: int) -> Sequence[RowMapping]:
    """Return (source, day, events) from the day `since` on."""
    of = seen_days.c
    query = select(of.source, of.day, func.sum(of.events).label("events")).where(of.day >= since)
    return connection.execute(query.group_by(of.source, of.day)).mappings().all()


def list_described(connection: Connection) -> Sequence[RowMapping]:
    """Return what people say of events."""
    return connection.execute(select(described_events)).mappings().all()


def list_described_properties(connection: Connection, kind: str, name: str) -> Sequence[RowMapping]:
    """Return what people say of an event's properties."""
    of = described_properties.c
    return connection.execute(select(described_properties).where(of.type == kind, of.name == name)).mappings().all()


def declared_kinds(connection: Connection) -> Mapping[tuple[str, str, str], str]:
    """Return (type, name, property) -> the kind a person declared."""
    query = select(described_properties).where(described_properties.c.kind != "")
    return {(row.type, row.name, row.property): row.kind for row in connection.execute(query)}


# What people say.


def describe_event(connection: Connection, kind: str, name: str, **values: object) -> None:
    """Write what is said of an event over what was said before."""
    statement = upsert(connection, described_events).values(type=kind, name=name, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["type", "name"], set_=values))


def describe_properties(connection: Connection, kind: str, name: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Write what is said of an event's properties in place of what was said before."""
    of = described_properties.c
    connection.execute(delete(described_properties).where(of.type == kind, of.name == name))
    if rows:
        lines = [{"type": kind, "name": name, **row} for row in rows]
        connection.execute(described_properties.insert(), lines)


def _of(connection: Connection, query: Any, table: Table, sources: Collection[int]) -> Sequence[RowMapping]:
    if sources:
        query = query.where(table.c.source.in_(list(sources)))
    rows: Sequence[RowMapping] = connection.execute(query).mappings().all()
    return rows
