"""Who holds which file."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "pipeline_customers_0001"
down_revision = None
branch_labels = ("pipeline_customers",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "blob_holds",
        sa.Column("blob", sa.String, primary_key=True),
        sa.Column("holder", sa.String, primary_key=True),
        sa.Column("held_at", sa.BigInteger, nullable=False),
    )
    op.create_index("blob_holds_by_holder", "blob_holds", ["holder"])
