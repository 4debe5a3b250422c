"""Imports that people start in the interface."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "events_control_0100"
down_revision = "events_control_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "import_jobs",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("file_name", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("map", sa.Text, nullable=False),
        sa.Column("source_name", sa.String(100), nullable=False),
        sa.Column("progress", sa.Text, nullable=False),
        sa.Column("trial", sa.Text, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("kept", sa.BigInteger, nullable=False),
        sa.Column("wants_stop", sa.Boolean, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("begun_at", sa.BigInteger, nullable=True),
        sa.Column("ended_at", sa.BigInteger, nullable=True),
        sqlite_autoincrement=True,
    )
