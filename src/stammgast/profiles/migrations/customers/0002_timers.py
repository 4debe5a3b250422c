"""Durable timers (`kernel.timers`), which the worker keeps for all modules."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "profiles_customers_0002"
down_revision = "profiles_customers_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "timers",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key"),
    )
    op.create_index("timers_by_due", "timers", ["due_at"], unique=False)
