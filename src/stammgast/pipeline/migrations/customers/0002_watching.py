"""The profile stage: whom to look at, who was looked at, what was found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "pipeline_customers_0002"
down_revision = "pipeline_customers_0001"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "watch_marks",
        sa.Column("number", BIG, primary_key=True, autoincrement=True),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("marks", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "watched",
        sa.Column("profile", BIG, primary_key=True, autoincrement=False),
        sa.Column("batch", sa.BigInteger, nullable=False),
        sa.Column("looked_at", sa.BigInteger, nullable=False),
        sa.Column("wake_at", sa.BigInteger, nullable=True),
    )
    op.create_index("watched_by_wake", "watched", ["wake_at"])
    op.create_table(
        "watch_results",
        sa.Column("watcher", sa.String, primary_key=True),
        sa.Column("profile", BIG, primary_key=True, autoincrement=False),
        sa.Column("result", sa.LargeBinary, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("transition", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "watch_failures",
        sa.Column("watcher", sa.String, primary_key=True),
        sa.Column("profile", BIG, primary_key=True, autoincrement=False),
        sa.Column("error", sa.String, nullable=False),
        sa.Column("failed_at", sa.BigInteger, nullable=False),
    )
