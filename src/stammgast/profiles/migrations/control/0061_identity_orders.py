"""Orders to apply identity rules that were given on the command line: the web process puts them into the log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "profiles_control_0061"
down_revision = "profiles_control_0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "identity_orders",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
