"""How long a person's correction of a trait counts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "profiles_control_0140"
down_revision = "profiles_control_0061"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("trait_policies", sa.Column("corrections", sa.String(20), nullable=False, server_default="always"))
