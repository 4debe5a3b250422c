"""The tables of the customers database that profiles own. Only the worker writes them; times are ms UTC.

Hot tables are shaped for few touched pages a commit (measured: with random message ids in one B-tree and sorted
columns in the profile's own row, a commit of 2,000 events wrote 17 MB; shaped as here 2 MB).
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, MetaData, SmallInteger, String, Table
from sqlalchemy import Text as LongText
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

anchors = Table(
    "anchors",
    metadata,
    Column("anchor", Big, primary_key=True, autoincrement=False),
    Column("digest", LargeBinary(16), nullable=False, unique=True),
    Column("identifiers", LargeBinary, nullable=False),
    comment="Sets of raw identifiers seen on one event, interned. identifiers: msgpack [[namespace, value], ...].",
)

anchor_profiles = Table(
    "anchor_profiles",
    metadata,
    Column("anchor", Big, primary_key=True, autoincrement=False),
    Column("profile", Big, nullable=False),
    Index("anchor_profiles_by_profile", "profile"),
    comment="Exceptions: an anchor that is not listed is its own profile. Profile 0 is nobody.",
)

identifiers = Table(
    "identifiers",
    metadata,
    Column("identifier", Big, primary_key=True, autoincrement=False),
    Column("namespace", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("profile", Big, nullable=False),
    Index("identifiers_by_value", "value", "namespace", unique=True),
    Index("identifiers_by_profile", "profile"),
    comment="Normalised identifiers that may link, and the profile that owns each.",
)

identifier_anchors = Table(
    "identifier_anchors",
    metadata,
    Column("identifier", Big, primary_key=True, autoincrement=False),
    Column("anchor", Big, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
    comment="Which anchors hold an identifier: the edges of the identity graph.",
)

evidence = Table(
    "evidence",
    metadata,
    Column("anchor", Big, primary_key=True, autoincrement=False),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("time", Big, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("source", Integer, nullable=False),
    sqlite_with_rowid=False,
    comment="One row an anchor and UTC day of event time, with that day's smallest (time, message id).",
)

aliases = Table(
    "aliases",
    metadata,
    Column("alias", Big, primary_key=True, autoincrement=False),
    Column("profile", Big, nullable=False),
    Index("aliases_by_profile", "profile"),
    comment="Numbers of profiles that were merged away; valid for ever.",
)

merges = Table(
    "merges",
    metadata,
    Column("merge", Big, primary_key=True, autoincrement=True),
    Column("kept", Big, nullable=False),
    Column("merged", Big, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("time", Big, nullable=False),
    Column("merged_at", Big, nullable=False),
    Column("rule", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("identifiers", LargeBinary, nullable=False),
    Column("batch", Big, nullable=False),
    Column("kind", String, nullable=False, server_default="merge"),
    Index("merges_by_kept", "kept"),
    Index("merges_by_merged", "merged"),
    Index("merges_by_batch", "batch"),
    comment="Why two profiles became one (kind merge), or one became two (split): event, rule, version.",
)

refusals = Table(
    "refusals",
    metadata,
    Column("anchor", Big, primary_key=True, autoincrement=False),
    Column("kept_namespace", Text, nullable=False),
    Column("kept_value", Text, nullable=False),
    Column("left_namespace", Text, primary_key=True),
    Column("left_value", Text, primary_key=True),
    Column("time", Big, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("reason", String, nullable=False),
    Column("namespace", String, nullable=False),
    Column("version", Integer, nullable=False),
    Index("refusals_by_kept", "kept_value", "kept_namespace"),
    Index("refusals_by_left", "left_value", "left_namespace"),
    Index("refusals_by_time", "time", "anchor"),
    sqlite_with_rowid=False,
    comment="Identifiers of an anchor that were left out of its profile, and why (limit of namespace, cap, separated).",
)

held = Table(
    "held",
    metadata,
    Column("namespace", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("day", Integer, nullable=False),
    Column("held_at", Big, nullable=False),
    sqlite_with_rowid=False,
    comment="Identifiers that met too many stronger ones on one UTC day (or that a person holds): they link nowhere.",
)

decisions = Table(
    "decisions",
    metadata,
    Column("decision", Big, primary_key=True, autoincrement=False),
    Column("decided_at", Big, nullable=False),
    Column("kind", String, nullable=False),
    Column("one_namespace", Text, nullable=False),
    Column("one_value", Text, nullable=False),
    Column("other_namespace", Text, nullable=False),
    Column("other_value", Text, nullable=False),
    Column("person", String, nullable=False),
    Column("given", LargeBinary, nullable=True),
    Index("decisions_by_one", "one_value", "one_namespace"),
    Index("decisions_by_other", "other_value", "other_namespace"),
    comment="What people said about pairs of identifiers: merge, unmerge, never; hold and release of a single one. given:"
    " msgpack of the pair as it was named, where it reads otherwise now; empty names where it says nothing any more.",
)

anchor_states = Table(
    "anchor_states",
    metadata,
    Column("anchor", Big, primary_key=True, autoincrement=False),
    Column("state", LargeBinary, nullable=False),
    comment="Feature states of one anchor: msgpack {feature: state}. A profile is the sum over its anchors.",
)

messages = Table(
    "messages",
    metadata,
    Column("block", Big, primary_key=True, autoincrement=False),
    Column("digest", LargeBinary(16), primary_key=True),
    Column("content", BigInteger, nullable=False),
    Column("received_at", Big, nullable=False),
    Column("anchor", Big, nullable=False),
    Column("copies", Integer, nullable=False, server_default="0"),
    sqlite_with_rowid=False,
    comment="Message ids taken in (16-byte digests), in blocks of about 2,000 named by their first batch.",
)

message_blocks = Table(
    "message_blocks",
    metadata,
    Column("block", Big, primary_key=True, autoincrement=False),
    Column("bloom", Big, nullable=False),
    Column("day", Integer, nullable=False),
    Index("message_blocks_by_bloom", "bloom"),
    comment="Blocks whose messages are still kept one by one; day is that of the newest.",
)

message_blooms = Table(
    "message_blooms",
    metadata,
    Column("bloom", Big, primary_key=True, autoincrement=False),
    Column("month", Integer, nullable=False),
    Column("received_from", Big, nullable=False),
    Column("received_to", Big, nullable=False),
    Column("count", Big, nullable=False),
    Column("bits", LargeBinary, nullable=False),
    comment="Bloom filters over message ids, each of one month (year * 12 + month - 1); they outlive the blocks.",
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

customers = Table(
    "customers",
    metadata,
    Column("profile", Big, primary_key=True, autoincrement=False),
    Column("name", String, nullable=False),
    Column("sort_name", Text, nullable=False),
    Column("email", String, nullable=False),
    Column("first_seen", Big, nullable=False),
    Column("last_seen", Big, nullable=False),
    Column("events", Big, nullable=False),
    Column("orders", Big, nullable=False),
    Column("revenue", Big, nullable=False),
    Column("currency", String, nullable=False),
    Column("is_identified", Boolean, nullable=False),
    Index("customers_by_last_seen", "last_seen", "profile"),
    Index("customers_by_first_seen", "first_seen", "profile"),
    Index("customers_by_name", "sort_name", "profile"),
    Index("customers_by_events", "events", "profile"),
    Index("customers_by_orders", "orders", "profile"),
    Index("customers_by_revenue", "revenue", "profile"),
    comment="The list of customers, a projection of the states; written apart from the batch, at most seconds later.",
)

customer_terms = Table(
    "customer_terms",
    metadata,
    Column("term", Text, primary_key=True),
    Column("profile", Big, primary_key=True, autoincrement=False),
    Index("customer_terms_by_profile", "profile"),
    sqlite_with_rowid=False,
    comment="Lower-case words of names, mails and phones for search by their beginning.",
)

customer_tags = Table(
    "customer_tags",
    metadata,
    Column("tag", String, primary_key=True),
    Column("profile", Big, primary_key=True, autoincrement=False),
    Index("customer_tags_by_profile", "profile"),
    sqlite_with_rowid=False,
    comment="Channels and brands a customer was seen on (channel:web, brand:2), for filters.",
)

applied_rules = Table(
    "applied_rules",
    metadata,
    Column("number", Big, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("rules", LongText, nullable=False),
    Column("person", String, nullable=False),
    Column("ordered_at", Big, nullable=False),
    Column("applied_at", Big, nullable=True),
    Column("state", String, nullable=False),
    Column("batch", Big, nullable=False),
    Column("effect", LongText, nullable=False),
    comment="Orders to go by identity rules, one of them in force; each with what it did.",
)
