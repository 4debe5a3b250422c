"""Why identifiers were kept apart, who is held, what people decided; and splits beside merges in the log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "profiles_customers_0003"
down_revision = "profiles_customers_0002"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("merges", sa.Column("kind", sa.String(), server_default="merge", nullable=False))
    op.create_table(
        "refusals",
        sa.Column("anchor", BIG, autoincrement=False, nullable=False),
        sa.Column("kept_namespace", TEXT, nullable=False),
        sa.Column("kept_value", TEXT, nullable=False),
        sa.Column("left_namespace", TEXT, nullable=False),
        sa.Column("left_value", TEXT, nullable=False),
        sa.Column("time", BIG, nullable=False),
        sa.Column("message_id", TEXT, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("namespace", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("anchor", "left_namespace", "left_value"),
        sqlite_with_rowid=False,
    )
    op.create_index("refusals_by_kept", "refusals", ["kept_value", "kept_namespace"], unique=False)
    op.create_index("refusals_by_left", "refusals", ["left_value", "left_namespace"], unique=False)
    op.create_table(
        "held",
        sa.Column("namespace", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("held_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("namespace", "value"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "decisions",
        sa.Column("decision", BIG, autoincrement=False, nullable=False),
        sa.Column("decided_at", BIG, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("one_namespace", TEXT, nullable=False),
        sa.Column("one_value", TEXT, nullable=False),
        sa.Column("other_namespace", TEXT, nullable=False),
        sa.Column("other_value", TEXT, nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("decision"),
    )
    op.create_index("decisions_by_one", "decisions", ["one_value", "one_namespace"], unique=False)
    op.create_index("decisions_by_other", "decisions", ["other_value", "other_namespace"], unique=False)
