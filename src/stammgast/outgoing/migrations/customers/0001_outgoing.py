"""What leaves the house: deliveries, their attempts, how targets answer, and the keys of all there ever were."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "outgoing_customers_0001"
down_revision = None
branch_labels = ("outgoing_customers",)
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _column(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def upgrade() -> None:
    numbers = ("epoch", "wish")
    op.create_table(
        "outgoing_engine",
        sa.Column("one", sa.SmallInteger, primary_key=True, autoincrement=False),
        *(_column(name, BIG) for name in numbers),
    )
    op.create_table("outgoing_keys", sa.Column("digest", sa.LargeBinary(16), primary_key=True))
    op.create_table(
        "outgoing_deliveries",
        sa.Column("delivery", BIG, primary_key=True, autoincrement=True),
        *(_column(name, sa.Text) for name in ("key", "kind", "purpose", "state", "reason", "detail", "told", "title")),
        *(_column(name, sa.Integer) for name in ("target", "brand", "attempts", "tries")),
        *(_column(name, BIG) for name in ("profile", "created_at", "first_at", "next_at", "ended_at", "not_after")),
        _column("payload", sa.LargeBinary),
        sa.Index("outgoing_by_due", "target", "state", "next_at", "delivery"),
        sa.Index("outgoing_by_place", "target", "state", "delivery"),
        sa.Index("outgoing_by_state", "state", "delivery"),
        sa.Index("outgoing_by_profile", "profile"),
        sa.Index("outgoing_by_key", "key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "outgoing_attempts",
        sa.Column("delivery", BIG, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        *(_column(name, sa.Integer) for name in ("target", "millis", "status")),
        _column("at", BIG),
        *(_column(name, sa.Text) for name in ("outcome", "detail")),
        sa.Index("outgoing_attempts_by_target", "target", "at"),
    )
    times = ("first_failed_at", "last_sent_at", "last_failed_at", "resting_until", "closed_at", "sent", "failed")
    op.create_table(
        "outgoing_health",
        sa.Column("target", sa.Integer, primary_key=True, autoincrement=False),
        _column("failures", sa.Integer),
        *(_column(name, BIG) for name in times),
    )
