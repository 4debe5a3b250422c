"""The quarantine."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "events_customers_0001"
down_revision = None
branch_labels = ("events_customers",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "quarantine",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.Column("type", sa.String(20), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("source", sa.Integer, nullable=False),
        sa.Column("time", sa.BigInteger, nullable=True),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("sent_at", sa.BigInteger, nullable=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("is_import", sa.Boolean, nullable=False),
        sa.Column("meta", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("quarantined_at", sa.BigInteger, nullable=False),
        sa.Column("is_discarded", sa.Boolean, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("quarantine_place", "quarantine", ["position", "ordinal"], unique=True)
    op.create_index("quarantine_reason", "quarantine", ["is_discarded", "reason", "id"])
    op.create_index("quarantine_digest", "quarantine", ["digest"])
