"""Own events that wait for the worker's next batch."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "profiles_customers_0008"
down_revision = "profiles_customers_0007"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "own_queue",
        sa.Column("number", BIG, primary_key=True, autoincrement=True),
        sa.Column("queued_at", BIG, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
