"""Policies of traits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "profiles_control_0001"
down_revision = None
branch_labels = ("profiles_control",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "trait_policies",
        sa.Column("trait", sa.String(255), nullable=False),
        sa.Column("rule", sa.String(40), nullable=False),
        sa.Column("sources", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("trait"),
    )
