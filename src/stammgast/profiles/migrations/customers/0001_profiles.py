"""Identity, profiles, messages, outbox and the worker's own row."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "profiles_customers_0001"
down_revision = None
branch_labels = ("profiles_customers",)
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    _make_identity()
    _make_profiles()
    _make_messages()
    _make_work()


def _make_identity() -> None:
    op.create_table(
        "aliases",
        sa.Column("alias", BIG, autoincrement=False, nullable=False),
        sa.Column("profile", BIG, nullable=False),
        sa.PrimaryKeyConstraint("alias"),
    )
    op.create_index("aliases_by_profile", "aliases", ["profile"], unique=False)
    op.create_table(
        "anchor_profiles",
        sa.Column("anchor", BIG, autoincrement=False, nullable=False),
        sa.Column("profile", BIG, nullable=False),
        sa.PrimaryKeyConstraint("anchor"),
    )
    op.create_index("anchor_profiles_by_profile", "anchor_profiles", ["profile"], unique=False)
    op.create_table(
        "anchors",
        sa.Column("anchor", BIG, autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("identifiers", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("anchor"),
        sa.UniqueConstraint("digest"),
    )
    op.create_table(
        "evidence",
        sa.Column("anchor", BIG, autoincrement=False, nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("time", BIG, nullable=False),
        sa.Column("message_id", TEXT, nullable=False),
        sa.Column("source", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("anchor", "day"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "identifier_anchors",
        sa.Column("identifier", BIG, autoincrement=False, nullable=False),
        sa.Column("anchor", BIG, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("identifier", "anchor"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "identifiers",
        sa.Column("identifier", BIG, autoincrement=False, nullable=False),
        sa.Column("namespace", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.Column("profile", BIG, nullable=False),
        sa.PrimaryKeyConstraint("identifier"),
    )
    op.create_index("identifiers_by_profile", "identifiers", ["profile"], unique=False)
    op.create_index("identifiers_by_value", "identifiers", ["value", "namespace"], unique=True)
    op.create_table(
        "merges",
        sa.Column("merge", BIG, autoincrement=True, nullable=False),
        sa.Column("kept", BIG, nullable=False),
        sa.Column("merged", BIG, nullable=False),
        sa.Column("message_id", TEXT, nullable=False),
        sa.Column("time", BIG, nullable=False),
        sa.Column("merged_at", BIG, nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("identifiers", sa.LargeBinary(), nullable=False),
        sa.Column("batch", BIG, nullable=False),
        sa.PrimaryKeyConstraint("merge"),
    )
    op.create_index("merges_by_batch", "merges", ["batch"], unique=False)
    op.create_index("merges_by_kept", "merges", ["kept"], unique=False)
    op.create_index("merges_by_merged", "merges", ["merged"], unique=False)


def _make_profiles() -> None:
    op.create_table(
        "anchor_states",
        sa.Column("anchor", BIG, autoincrement=False, nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("anchor"),
    )
    op.create_table(
        "customer_tags",
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("profile", BIG, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("tag", "profile"),
        sqlite_with_rowid=False,
    )
    op.create_index("customer_tags_by_profile", "customer_tags", ["profile"], unique=False)
    op.create_table(
        "customer_terms",
        sa.Column("term", TEXT, nullable=False),
        sa.Column("profile", BIG, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("term", "profile"),
        sqlite_with_rowid=False,
    )
    op.create_index("customer_terms_by_profile", "customer_terms", ["profile"], unique=False)
    op.create_table(
        "customers",
        sa.Column("profile", BIG, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sort_name", TEXT, nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("first_seen", BIG, nullable=False),
        sa.Column("last_seen", BIG, nullable=False),
        sa.Column("events", BIG, nullable=False),
        sa.Column("orders", BIG, nullable=False),
        sa.Column("revenue", BIG, nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("is_identified", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("profile"),
    )
    op.create_index("customers_by_events", "customers", ["events", "profile"], unique=False)
    op.create_index("customers_by_first_seen", "customers", ["first_seen", "profile"], unique=False)
    op.create_index("customers_by_last_seen", "customers", ["last_seen", "profile"], unique=False)
    op.create_index("customers_by_name", "customers", ["sort_name", "profile"], unique=False)
    op.create_index("customers_by_orders", "customers", ["orders", "profile"], unique=False)
    op.create_index("customers_by_revenue", "customers", ["revenue", "profile"], unique=False)


def _make_messages() -> None:
    op.create_table(
        "message_blocks",
        sa.Column("block", BIG, autoincrement=False, nullable=False),
        sa.Column("bloom", BIG, nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("block"),
    )
    op.create_index("message_blocks_by_bloom", "message_blocks", ["bloom"], unique=False)
    op.create_table(
        "message_blooms",
        sa.Column("bloom", BIG, autoincrement=False, nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("received_from", BIG, nullable=False),
        sa.Column("received_to", BIG, nullable=False),
        sa.Column("count", BIG, nullable=False),
        sa.Column("bits", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("bloom"),
    )
    op.create_table(
        "messages",
        sa.Column("block", BIG, autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("content", sa.BigInteger(), nullable=False),
        sa.Column("received_at", BIG, nullable=False),
        sa.Column("anchor", BIG, nullable=False),
        sa.Column("copies", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("block", "digest"),
        sqlite_with_rowid=False,
    )


def _make_work() -> None:
    op.create_table(
        "effects",
        sa.Column("effect", BIG, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("effect"),
        sa.UniqueConstraint("key"),
    )
    op.create_table(
        "history_outbox",
        sa.Column("batch", BIG, autoincrement=False, nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("rows", sa.LargeBinary(), nullable=False),
        sa.Column("moves", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("batch"),
    )
    op.create_table(
        "recent_events",
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("time", BIG, nullable=False),
        sa.Column("received_at", BIG, nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("source", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("fate", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("profile", BIG, nullable=False),
        sa.PrimaryKeyConstraint("slot"),
    )
    op.create_table(
        "worker",
        sa.Column("one", sa.SmallInteger(), nullable=False),
        sa.Column("epoch", BIG, nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("next_anchor", BIG, nullable=False),
        sa.Column("next_batch", BIG, nullable=False),
        sa.Column("next_identifier", BIG, nullable=False),
        sa.Column("block", BIG, nullable=False),
        sa.Column("block_count", BIG, nullable=False),
        sa.Column("listed_batch", BIG, nullable=False),
        sa.Column("recent_number", BIG, nullable=False),
        sa.PrimaryKeyConstraint("one"),
    )
