"""Payment providers that are no referrers, as a person changed the list."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "events_control_0101"
down_revision = "events_control_0100"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payment_hosts",
        sa.Column("one", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("hosts", sa.Text, nullable=False),
    )
