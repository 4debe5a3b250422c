"""Notes and tags that wait for the worker, so that whoever wrote them sees them at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "notes_control_0001"
down_revision = None
branch_labels = ("notes_control",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "waiting_words",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("subjects", sa.Text, nullable=False),
        sa.Column("word", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("waiting_words_by_person", "waiting_words", ["person"])
