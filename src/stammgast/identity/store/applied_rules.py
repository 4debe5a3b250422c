"""Which identity rules the worker goes by, which were ordered, and what came of each change."""

from __future__ import annotations

from typing import Literal

import msgspec
from sqlalchemy import Connection

from stammgast.kernel.sql import rows_of, run

Standing = Literal["in_force", "ordered", "past", "replaced"]
"""replaced: other rules were ordered before these took effect."""


class AppliedRules(msgspec.Struct, frozen=True):
    """One order to go by some rules. rules and effect are JSON; times are ms UTC. batch: the worker's, when it took effect."""

    number: int
    version: int
    rules: str
    person: str
    ordered_at: int
    applied_at: int | None
    state: Standing
    batch: int
    effect: str


_COLUMNS = "number, version, rules, person, ordered_at, applied_at, state, batch, effect"


def begin_rules(connection: Connection, version: int, rules: str, now: int) -> None:
    """Note what a new installation goes by, unless it goes by something already."""
    run(
        connection,
        f"INSERT INTO applied_rules ({_COLUMNS}) VALUES (1, ?, ?, '', ?, ?, 'in_force', 0, '') ON CONFLICT DO NOTHING",  # noqa: S608 - names of our own columns
        (version, rules, now, now),
    )


def order_rules(connection: Connection, version: int, rules: str, person: str, ordered_at: int) -> None:
    """Note an order; one that waits is replaced."""
    run(connection, "UPDATE applied_rules SET state = 'replaced' WHERE state = 'ordered'")
    run(
        connection,
        "INSERT INTO applied_rules (number, version, rules, person, ordered_at, state, batch, effect)"
        " SELECT coalesce(max(number), 0) + 1, ?, ?, ?, ?, 'ordered', 0, '' FROM applied_rules",
        (version, rules, person, ordered_at),
    )


def put_in_force(connection: Connection, number: int, *, batch: int, effect: str, now: int) -> bool:
    """Let ordered rules be in force; False when they are not ordered any more."""
    run(connection, "UPDATE applied_rules SET state = 'past' WHERE state = 'in_force'")
    touched = run(
        connection,
        "UPDATE applied_rules SET state = 'in_force', batch = ?, effect = ?, applied_at = ?"
        " WHERE number = ? AND state = 'ordered'",
        (batch, effect, now, number),
    )
    return touched == 1


def rules_in_force(connection: Connection) -> AppliedRules | None:
    """Return what the worker goes by, None before the first worker."""
    return _one(connection, "in_force")


def ordered_rules(connection: Connection) -> AppliedRules | None:
    """Return the order that waits or is being carried out."""
    return _one(connection, "ordered")


def applied_rules(connection: Connection, most: int = 100) -> list[AppliedRules]:
    """Return the newest orders first."""
    rows = rows_of(connection, f"SELECT {_COLUMNS} FROM applied_rules ORDER BY number DESC LIMIT ?", (most,))  # noqa: S608 - names of our own columns
    return [AppliedRules(*row) for row in rows]


def _one(connection: Connection, state: Standing) -> AppliedRules | None:
    rows = rows_of(connection, f"SELECT {_COLUMNS} FROM applied_rules WHERE state = ?", (state,))  # noqa: S608 - names of our own columns
    return AppliedRules(*rows[0]) if rows else None
