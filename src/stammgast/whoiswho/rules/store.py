"""Versions of the rules and trials of them, in the control database."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    RowMapping,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
)

from stammgast.identity.graph.rules import GraphRules
from stammgast.identity.rulebook.contracts import RulesEffect, RulesProgress, RulesVersion, Trial
from stammgast.identity.rulebook.ordering import rules_of, rules_text
from stammgast.kernel.jobs import add_job, change_job

METADATA = MetaData()
FIRST_VERSION = 1
"""What every installation begins with; it is not stored here."""

versions = Table(
    "identity_rules",
    METADATA,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("rules", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("saved_by", Text, nullable=False),
    Column("saved_at", BigInteger, nullable=False),
)

trials = Table(
    "identity_trials",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("version", Integer, nullable=False),
    Column("base", Integer, nullable=False),
    Column("state", String(20), nullable=False),
    Column("ordered_by", Text, nullable=False),
    Column("ordered_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger, nullable=True),
    Column("progress", Text, nullable=False),
    Column("effect", Text, nullable=False),
    Column("problem", Text, nullable=False),
    Index("identity_trials_by_version", "version", "id"),
    sqlite_autoincrement=True,
)

orders = Table(
    "identity_orders",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("version", Integer, nullable=False),
    Column("person", Text, nullable=False),
    sqlite_autoincrement=True,
)


def add_order(connection: Connection, version: int, person: str) -> None:
    """Leave the order to apply a version for the process that writes the log."""
    connection.execute(insert(orders).values(version=version, person=person))


def waiting_orders(connection: Connection) -> list[tuple[int, int, str]]:
    """Return (id, version, person) of orders that are not in the log yet, oldest first."""
    return [(row.id, row.version, row.person) for row in connection.execute(select(orders).order_by(orders.c.id))]


def remove_order(connection: Connection, number: int) -> None:
    """Forget an order that is in the log."""
    connection.execute(delete(orders).where(orders.c.id == number))


def list_versions(connection: Connection) -> list[RulesVersion]:
    """Return saved versions, newest first."""
    rows = connection.execute(select(versions).order_by(versions.c.version.desc())).mappings()
    return [_version(row) for row in rows]


def find_version(connection: Connection, version: int) -> RulesVersion | None:
    """Return one saved version."""
    row = connection.execute(select(versions).where(versions.c.version == version)).mappings().first()
    return None if row is None else _version(row)


def add_version(connection: Connection, rules: GraphRules, *, note: str, saved_by: str, saved_at: int) -> RulesVersion:
    """Save rules under the next number, which they carry from then on."""
    newest = connection.execute(select(func.max(versions.c.version))).scalar() or FIRST_VERSION
    rules = msgspec.structs.replace(rules, version=newest + 1)
    connection.execute(
        insert(versions).values(
            version=rules.version,
            rules=rules_text(rules),
            note=note,
            saved_by=saved_by,
            saved_at=saved_at,
        )
    )
    return RulesVersion(version=rules.version, rules=rules, note=note, saved_by=saved_by, saved_at=saved_at)


def add_trial(connection: Connection, version: int, *, base: int, ordered_by: str, ordered_at: int) -> int:
    """Order a trial; return its number."""
    return add_job(
        connection,
        trials,
        version=version,
        base=base,
        state="waiting",
        ordered_by=ordered_by,
        ordered_at=ordered_at,
        progress="",
        effect="",
        problem="",
    )


def change_trial(connection: Connection, number: int, **values: Any) -> None:
    """Change columns of a trial; structs are stored as JSON."""
    change_job(connection, trials, number, **values)


def find_trial(connection: Connection, number: int) -> Trial | None:
    """Return one trial."""
    row = connection.execute(select(trials).where(trials.c.id == number)).mappings().first()
    return None if row is None else _trial(row)


def newest_trial(connection: Connection, version: int) -> Trial | None:
    """Return the newest trial of a version."""
    found = select(trials).where(trials.c.version == version).order_by(trials.c.id.desc()).limit(1)
    row = connection.execute(found).mappings().first()
    return None if row is None else _trial(row)


def unfinished_trials(connection: Connection) -> list[Trial]:
    """Return trials that wait or run, oldest first."""
    found = select(trials).where(trials.c.state.in_(("waiting", "running"))).order_by(trials.c.id)
    return [_trial(row) for row in connection.execute(found).mappings()]


def _version(row: RowMapping) -> RulesVersion:
    return RulesVersion(
        version=row["version"],
        rules=rules_of(row["rules"]),
        note=row["note"],
        saved_by=row["saved_by"],
        saved_at=row["saved_at"],
    )


def _trial(row: RowMapping) -> Trial:
    return Trial(
        id=row["id"],
        version=row["version"],
        base=row["base"],
        state=row["state"],
        ordered_by=row["ordered_by"],
        ordered_at=row["ordered_at"],
        ended_at=row["ended_at"],
        progress=msgspec.json.decode(row["progress"], type=RulesProgress) if row["progress"] else None,
        effect=msgspec.json.decode(row["effect"], type=RulesEffect) if row["effect"] else None,
        problem=row["problem"],
    )
