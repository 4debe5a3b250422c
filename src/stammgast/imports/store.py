"""Imports that people start in the interface, in the control database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Integer,
    MetaData,
    RowMapping,
    String,
    Table,
    Text,
    delete,
    select,
)

from stammgast.imports.contracts import ImportJob, JobState, Progress, Summary
from stammgast.kernel.jobs import add_job, change_job

METADATA = MetaData()

import_jobs_table = Table(
    "import_jobs",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("file_name", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("state", String(20), nullable=False),
    Column("map", Text, nullable=False),
    Column("source_name", String(100), nullable=False),
    Column("progress", Text, nullable=False),
    Column("trial", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("problem", Text, nullable=False),
    Column("kept", BigInteger, nullable=False),
    Column("wants_stop", Boolean, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("begun_at", BigInteger, nullable=True),
    Column("ended_at", BigInteger, nullable=True),
    sqlite_autoincrement=True,
)
_columns = import_jobs_table.c

WORKED_ON: tuple[JobState, ...] = ("trying", "waiting", "running")


def add_import_job(connection: Connection, *, file_name: str, size: int, made_by: str, created_at: int) -> int:
    """Add a draft and return its number."""
    empty = dict.fromkeys(("map", "source_name", "progress", "trial", "summary", "problem"), "")
    return add_job(
        connection,
        import_jobs_table,
        file_name=file_name,
        size=size,
        state="draft",
        kept=0,
        wants_stop=False,
        made_by=made_by,
        created_at=created_at,
        **empty,
    )


def import_job(connection: Connection, number: int) -> ImportJob | None:
    """Return one job, None when there is none."""
    row = connection.execute(select(import_jobs_table).where(_columns.id == number)).mappings().first()
    return None if row is None else _job(row)


def list_import_jobs(connection: Connection, limit: int) -> list[ImportJob]:
    """Return the newest jobs, newest first."""
    query = select(import_jobs_table).order_by(_columns.id.desc()).limit(limit)
    return [_job(row) for row in connection.execute(query).mappings()]


def next_import_job(connection: Connection) -> ImportJob | None:
    """Return the oldest job that is to be worked on, None when there is none."""
    query = select(import_jobs_table).where(_columns.state.in_(WORKED_ON)).order_by(_columns.id).limit(1)
    row = connection.execute(query).mappings().first()
    return None if row is None else _job(row)


def change_import_job(connection: Connection, number: int, *, only_in: Sequence[JobState] = (), **values: Any) -> bool:
    """Write `values` (structs as JSON); say whether there is such a job, in one of the states `only_in` if given."""
    return change_job(connection, import_jobs_table, number, only_in=only_in, **values)


def wants_stop(connection: Connection, number: int) -> bool:
    """Say whether a person asked the job to stop (or removed it)."""
    found = connection.scalar(select(_columns.wants_stop).where(_columns.id == number))
    return found is None or bool(found)


def remove_import_job(connection: Connection, number: int) -> None:
    """Remove a job's line; what it imported stays."""
    connection.execute(delete(import_jobs_table).where(_columns.id == number))


def _job(row: RowMapping) -> ImportJob:
    facts = dict(row)
    for name, kind in (("progress", Progress), ("trial", Summary), ("summary", Summary)):
        facts[name] = msgspec.json.decode(facts[name], type=kind) if facts[name] else None
    facts["map_text"] = facts.pop("map")
    return ImportJob(**facts)
