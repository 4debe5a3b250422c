"""Versions of the identity rules, and dry runs of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "profiles_control_0060"
down_revision = "profiles_control_0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "identity_rules",
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("rules", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("saved_by", sa.Text, nullable=False),
        sa.Column("saved_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "identity_trials",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("base", sa.Integer, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("ordered_by", sa.Text, nullable=False),
        sa.Column("ordered_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger, nullable=True),
        sa.Column("progress", sa.Text, nullable=False),
        sa.Column("effect", sa.Text, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Index("identity_trials_by_version", "version", "id"),
        sqlite_autoincrement=True,
    )
