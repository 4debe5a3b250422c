"""What the worker set aside so that the rest goes on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "pipeline_customers_0003"
down_revision = "pipeline_customers_0002"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "set_aside",
        sa.Column("number", BIG, primary_key=True, autoincrement=True),
        sa.Column("stage", sa.String, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("error", sa.String, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("stage", "key"),
        sqlite_autoincrement=True,
    )
