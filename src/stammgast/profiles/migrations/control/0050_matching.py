"""Searches for likely duplicates, and what they suggest."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "profiles_control_0050"
down_revision = "profiles_control_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "matching_runs",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("phase", sa.String(20), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("begun_at", sa.BigInteger, nullable=True),
        sa.Column("ended_at", sa.BigInteger, nullable=True),
        sa.Column("counts", sa.Text, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("wants_stop", sa.Boolean, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "matching_suggestions",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("one", sa.BigInteger, nullable=False),
        sa.Column("other", sa.BigInteger, nullable=False),
        sa.Column("bits", sa.Float, nullable=False),
        sa.Column("model_bits", sa.Float, nullable=False),
        sa.Column("probability", sa.Float, nullable=False),
        sa.Column("prior", sa.Float, nullable=False),
        sa.Column("parts", sa.Text, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("decided_at", sa.BigInteger, nullable=True),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=True),
        sa.Column("batch", sa.BigInteger, nullable=True),
        sqlite_autoincrement=True,
    )
    op.create_index("matching_suggestions_by_pair", "matching_suggestions", ["one", "other"], unique=True)
    op.create_index("matching_suggestions_by_other", "matching_suggestions", ["other"])
    op.create_index("matching_suggestions_by_bits", "matching_suggestions", ["state", "bits", "id"])
