"""Write keys that stand in public pages and apps are kept, to be shown again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "workspace_0140"
down_revision = "workspace_0130"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("write_keys", sa.Column("public_text", sa.Text, nullable=True))
