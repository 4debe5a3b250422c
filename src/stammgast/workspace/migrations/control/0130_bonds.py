"""Brands and teams that people are bound to, brands that tokens are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "workspace_0130"
down_revision = "workspace_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table, columns in {"users": ("brands", "teams"), "api_tokens": ("brands",)}.items():
        for column in columns:
            op.add_column(table, sa.Column(column, sa.Text, nullable=False, server_default="[]"))
    op.create_table(
        "teams",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
