"""The customers database: its kinds of columns, and the worker's own tables. Only the worker writes them; times are ms UTC."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, SmallInteger, String, Table, UniqueConstraint
from sqlalchemy.types import TypeEngine

metadata = MetaData()

# In SQLite only INTEGER PRIMARY KEY is the row's own address; everywhere else numbers are 64 bits wide.
Big: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")
# Prefix search compares bytes, which PostgreSQL does only under the C collation.
Text: TypeEngine[str] = String().with_variant(String(collation="C"), "postgresql")

worker = Table(
    "worker",
    metadata,
    Column("one", SmallInteger, primary_key=True),
    Column("epoch", Big, nullable=False),
    Column("position", Big, nullable=False),
    Column("next_anchor", Big, nullable=False),
    Column("next_batch", Big, nullable=False),
    Column("next_identifier", Big, nullable=False),
    Column("block", Big, nullable=False),
    Column("block_count", Big, nullable=False),
    Column("listed_batch", Big, nullable=False),
    Column("recent_number", Big, nullable=False),
    comment="One row: the worker's lease epoch and how far it is.",
)

history_outbox = Table(
    "history_outbox",
    metadata,
    Column("batch", Big, primary_key=True, autoincrement=False),
    Column("row_count", Integer, nullable=False),
    Column("rows", LargeBinary, nullable=False),
    Column("moves", LargeBinary, nullable=False),
    comment="Committed, on its way to history. rows: zstd of JSON lines; moves: msgpack [[anchor, profile], ...].",
)

effects = Table(
    "effects",
    metadata,
    Column("effect", Big, primary_key=True, autoincrement=True),
    Column("kind", String, nullable=False),
    Column("key", String, nullable=False, unique=True),
    Column("payload", LargeBinary, nullable=False),
    Column("created_at", Big, nullable=False),
    comment="What has to leave the system, at least once, each with its idempotency key.",
)

recent_events = Table(
    "recent_events",
    metadata,
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("number", Big, nullable=False),
    Column("message_id", String, nullable=False),
    Column("time", Big, nullable=False),
    Column("received_at", Big, nullable=False),
    Column("type", String, nullable=False),
    Column("name", String, nullable=False),
    Column("source", Integer, nullable=False),
    Column("channel", String, nullable=False),
    Column("fate", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("profile", Big, nullable=False),
    comment="A ring of the newest events, for the live view.",
)

own_queue = Table(
    "own_queue",
    metadata,
    Column("number", Big, primary_key=True, autoincrement=True),
    Column("queued_at", Big, nullable=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
    comment="Own events that wait for the worker's next batch, which takes them away in its commit.",
)

set_aside = Table(
    "set_aside",
    metadata,
    Column("number", Big, primary_key=True, autoincrement=True),
    Column("stage", String, nullable=False),
    Column("key", String, nullable=False),
    Column("error", String, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
    UniqueConstraint("stage", "key"),
    sqlite_autoincrement=True,
    comment="What failed again and again, with its error, until somebody takes it up again.",
)
