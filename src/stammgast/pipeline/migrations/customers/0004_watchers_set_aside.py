"""Profiles that a watcher fell over stand with everything else that is set aside."""

from __future__ import annotations

from alembic import op

revision = "pipeline_customers_0004"
down_revision = "pipeline_customers_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("watch_failures")
