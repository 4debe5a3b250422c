"""States of traits as version 2 folds them: how often and since when each source said each value.

What version 1 kept (the five newest values) is taken over as said once; what it threw away is in history only.
"""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "profiles_customers_0007"
down_revision = "profiles_customers_0006"
branch_labels = None
depends_on = None

STEP = 1_000
STATES = sa.table("anchor_states", sa.column("anchor", sa.BigInteger), sa.column("state", sa.LargeBinary))


def upgrade() -> None:
    connection = op.get_bind()
    after = -1
    while True:
        query = sa.select(STATES).where(STATES.c.anchor > after).order_by(STATES.c.anchor).limit(STEP)
        rows = connection.execute(query).all()
        if not rows:
            return
        after = rows[-1].anchor
        _rewrite(connection, rows)


def _rewrite(connection: sa.Connection, rows: Any) -> None:
    changed = []
    for anchor, encoded in rows:
        state = msgspec.msgpack.decode(encoded)
        if "traits" in state:
            traits = {name: as_second_version(trait) for name, trait in state["traits"].items()}
            changed.append({"number": anchor, "encoded": msgspec.msgpack.encode({**state, "traits": traits})})
    if changed:
        statement = sa.update(STATES).where(STATES.c.anchor == sa.bindparam("number"))
        connection.execute(statement.values(state=sa.bindparam("encoded")), changed)


def as_second_version(trait: list[Any]) -> list[Any]:
    """Return [[time, message id, source, value, 1, time, message id], ...] in a list; what is shaped so already stays."""
    if trait and isinstance(trait[0][0], list):
        return trait
    return [[[time, message_id, source, value, 1, time, message_id] for time, message_id, source, value in trait]]
