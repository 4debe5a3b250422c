"""Targets of what leaves the house, and what people wish of deliveries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "outgoing_0001"
down_revision = None
branch_labels = ("outgoing",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outgoing_targets",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("brand", sa.Integer, nullable=False),
        sa.Column("is_on", sa.Boolean, nullable=False),
        sa.Column("settings", sa.Text, nullable=False),
        sa.Column("pace", sa.Text, nullable=False),
        sa.Column("secrets", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("removed_at", sa.BigInteger, nullable=True),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "outgoing_wishes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("wish", sa.String(20), nullable=False),
        sa.Column("target", sa.Integer, nullable=False),
        sa.Column("delivery", sa.BigInteger, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("wished_at", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
