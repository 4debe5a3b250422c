"""Which identity rules were ordered and which are in force; and decisions as they were given, beside their normal form."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "profiles_customers_0006"
down_revision = "profiles_customers_0005"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "applied_rules",
        sa.Column("number", BIG, autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("ordered_at", BIG, nullable=False),
        sa.Column("applied_at", BIG, nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("batch", BIG, nullable=False),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.add_column("decisions", sa.Column("given", sa.LargeBinary(), nullable=True))
