"""Which anchor bears a profile's number after a person's split."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "profiles_customers_0009"
down_revision = "profiles_customers_0008"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "number_bearers",
        sa.Column("number", BIG, primary_key=True, autoincrement=False),
        sa.Column("anchor", BIG, nullable=False),
    )
