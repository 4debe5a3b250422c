"""Definitions in the control database: event schemas, and the channel rules that a person has changed."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
)

from stammgast.events.contracts import EventSchema, PropertyType
from stammgast.events.enrichment.rules import ChannelRule
from stammgast.kernel.upsert import upsert

METADATA = MetaData()

event_schemas_table = Table(
    "event_schemas",
    METADATA,
    Column("name", String(255), primary_key=True),
    Column("required", Text, nullable=False),
    Column("is_blocked", Boolean, nullable=False),
)
channel_rules_table = Table(
    "channel_rules",
    METADATA,
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("rule", Text, nullable=False),
)

payment_hosts_table = Table(
    "payment_hosts",
    METADATA,
    Column("one", SmallInteger, primary_key=True, autoincrement=False),
    Column("hosts", Text, nullable=False),
)

_decode_required = msgspec.json.Decoder(tuple[tuple[str, PropertyType], ...]).decode
_decode_rule = msgspec.json.Decoder(ChannelRule).decode


def list_event_schemas(connection: Connection) -> list[EventSchema]:
    """Return all schemas by name."""
    query = select(event_schemas_table).order_by(event_schemas_table.c.name)
    return [EventSchema(row.name, _decode_required(row.required), row.is_blocked) for row in connection.execute(query)]


def save_event_schema(connection: Connection, schema: EventSchema) -> None:
    """Write a schema over the one of the same name."""
    values = {"required": msgspec.json.encode(schema.required).decode(), "is_blocked": schema.is_blocked}
    statement = upsert(connection, event_schemas_table).values(name=schema.name, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


def delete_event_schema(connection: Connection, name: str) -> bool:
    """Delete a schema; say whether there was one."""
    done = connection.execute(delete(event_schemas_table).where(event_schemas_table.c.name == name))
    return done.rowcount > 0


def list_channel_rules(connection: Connection) -> tuple[ChannelRule, ...] | None:
    """Return the rules in their order, None when nobody has changed them."""
    query = select(channel_rules_table.c.rule).order_by(channel_rules_table.c.place)
    return tuple(_decode_rule(text) for text in connection.scalars(query)) or None


def replace_channel_rules(connection: Connection, rules: Sequence[ChannelRule]) -> None:
    """Put `rules` in place of all that were there; none means the rules Stammgast comes with."""
    connection.execute(delete(channel_rules_table))
    if rules:
        lines = [{"place": place, "rule": msgspec.json.encode(rule).decode()} for place, rule in enumerate(rules, 1)]
        connection.execute(insert(channel_rules_table), lines)


def list_payment_hosts(connection: Connection) -> tuple[str, ...] | None:
    """Return the hosts of payment providers, None when nobody has changed the list."""
    text = connection.scalar(select(payment_hosts_table.c.hosts))
    return None if text is None else tuple(text.split())


def replace_payment_hosts(connection: Connection, hosts: Sequence[str] | None) -> None:
    """Put `hosts` in place of the list; None brings back those Stammgast comes with."""
    connection.execute(delete(payment_hosts_table))
    if hosts is not None:
        connection.execute(insert(payment_hosts_table).values(one=1, hosts=" ".join(hosts)))
