"""The log of all reads refusals newest first."""

from __future__ import annotations

from alembic import op

revision = "profiles_customers_0004"
down_revision = "profiles_customers_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("refusals_by_time", "refusals", ["time", "anchor"], unique=False)
