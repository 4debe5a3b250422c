"""The catalogue: what was seen of events and properties, and what people say of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "events_control_0110"
down_revision = "events_control_0101"
branch_labels = None
depends_on = None


def _key() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("type", sa.String(20), primary_key=True),
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("source", sa.Integer, primary_key=True, autoincrement=False),
    )


def upgrade() -> None:
    op.create_table(
        "seen_events",
        *_key(),
        sa.Column("origin", sa.String(40), nullable=False),
        sa.Column("events", sa.BigInteger, nullable=False),
        sa.Column("first_at", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "seen_days",
        *_key(),
        sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("events", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "seen_properties",
        *_key(),
        sa.Column("property", sa.String(255), primary_key=True),
        sa.Column("kind", sa.String(10), primary_key=True),
        sa.Column("events", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "seen_libraries",
        sa.Column("source", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("library", sa.String(100), primary_key=True),
        sa.Column("version", sa.String(40), primary_key=True),
        sa.Column("events", sa.BigInteger, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "catalogue_progress",
        sa.Column("one", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("batch", sa.BigInteger, nullable=False),
        sa.Column("left_out", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "described_events",
        sa.Column("type", sa.String(20), primary_key=True),
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("owner", sa.Integer, nullable=True),
        sa.Column("is_expected", sa.Boolean, nullable=False),
    )
    op.create_table(
        "described_properties",
        sa.Column("type", sa.String(20), primary_key=True),
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("property", sa.String(255), primary_key=True),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
    )
