"""The tables of the customers database that profiles own. Only the worker writes them; times are ms UTC.

Hot tables are shaped for few touched pages a commit (measured: with random message ids in one B-tree and sorted
columns in the profile's own row, a commit of 2,000 events wrote 17 MB; shaped as here 2 MB).
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table

from stammgast.kernel.customers_tables import Big, Text, metadata

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
