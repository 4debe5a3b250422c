"""Accounts, their members by anchor and their list; and by what the lists were written."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "profiles_customers_0005"
down_revision = "profiles_customers_0004"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
FIGURES = ("members", "former", "events", "orders", "revenue")


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("account", BIG, autoincrement=False, nullable=False),
        sa.Column("group_id", TEXT, nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("batch", BIG, nullable=False),
        sa.PrimaryKeyConstraint("account"),
        sa.UniqueConstraint("group_id"),
    )
    op.create_table(
        "account_members",
        sa.Column("account", BIG, autoincrement=False, nullable=False),
        sa.Column("anchor", BIG, autoincrement=False, nullable=False),
        sa.Column("first_seen", BIG, nullable=False),
        sa.Column("last_seen", BIG, nullable=False),
        sa.Column("events", BIG, nullable=False),
        sa.Column("said_time", BIG, nullable=False),
        sa.Column("said_message", TEXT, nullable=False),
        sa.Column("has_left", sa.Boolean(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("account", "anchor"),
        sqlite_with_rowid=False,
    )
    op.create_index("account_members_by_anchor", "account_members", ["anchor"])
    _create_list()
    op.create_table(
        "list_marks",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def _create_list() -> None:
    op.create_table(
        "account_listings",
        sa.Column("account", BIG, autoincrement=False, nullable=False),
        sa.Column("group_id", TEXT, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sort_name", TEXT, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        *(sa.Column(name, BIG, nullable=False) for name in FIGURES),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("first_seen", BIG, nullable=False),
        sa.Column("last_seen", BIG, nullable=False),
        sa.PrimaryKeyConstraint("account"),
    )
    for name, column in (
        ("last_seen", "last_seen"),
        ("name", "sort_name"),
        ("members", "members"),
        ("revenue", "revenue"),
    ):
        op.create_index(f"account_listings_by_{name}", "account_listings", [column, "account"])
    op.create_index("account_listings_by_kind", "account_listings", ["kind"])
    op.create_table(
        "account_terms",
        sa.Column("term", TEXT, nullable=False),
        sa.Column("account", BIG, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("term", "account"),
        sqlite_with_rowid=False,
    )
    op.create_index("account_terms_by_account", "account_terms", ["account"])
