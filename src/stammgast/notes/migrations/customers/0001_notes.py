"""Notes and tags."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "notes_customers_0001"
down_revision = None
branch_labels = ("notes_customers",)
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "notes",
        sa.Column("note", TEXT, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("subject", BIG, nullable=False),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("author", sa.String, nullable=False),
        sa.Column("written_at", BIG, nullable=False),
        sa.Column("edited_at", BIG, nullable=True),
        sa.Column("edited_by", sa.String, nullable=False),
        sa.Column("deleted_at", BIG, nullable=True),
        sa.Column("deleted_by", sa.String, nullable=False),
    )
    op.create_index("notes_by_subject", "notes", ["subject", "kind"])
    op.create_table(
        "tags",
        sa.Column("subject", BIG, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("tag", TEXT, primary_key=True),
        sa.Column("label", sa.String, nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("is_on", sa.Boolean, nullable=False),
        sa.Column("said_by", sa.String, nullable=False),
        sa.Column("batch", BIG, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("tags_by_tag", "tags", ["tag"])
    op.create_index("tags_by_batch", "tags", ["batch"])
