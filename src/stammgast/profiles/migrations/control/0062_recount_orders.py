"""Orders of people about counting figures anew: the worker obeys them in their order."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "profiles_control_0062"
down_revision = "profiles_control_0061"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recount_orders",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("features", sa.Text, nullable=False),
        sa.Column("is_forced", sa.Boolean, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
