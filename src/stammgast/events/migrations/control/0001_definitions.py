"""Event schemas and channel rules."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "events_control_0001"
down_revision = None
branch_labels = ("events_control",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "event_schemas",
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("required", sa.Text, nullable=False),
        sa.Column("is_blocked", sa.Boolean, nullable=False),
    )
    op.create_table(
        "channel_rules",
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("rule", sa.Text, nullable=False),
    )
