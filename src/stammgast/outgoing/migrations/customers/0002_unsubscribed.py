"""Who wants no more mails of a purpose, by a digest of the address."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "outgoing_customers_0002"
down_revision = "outgoing_customers_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outgoing_unsubscribed",
        sa.Column("digest", sa.LargeBinary(16), primary_key=True),
        sa.Column("purpose", sa.Text, primary_key=True),
        sa.Column("since", sa.BigInteger, nullable=False),
    )
