"""Runs and suggestions, in the control database. They hold numbers of profiles, levels and weights, never what people are called."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    RowMapping,
    String,
    Table,
    Text,
    and_,
    delete,
    func,
    or_,
    select,
    update,
)

from stammgast.kernel.jobs import add_job, change_job
from stammgast.kernel.upsert import upsert
from stammgast.whoiswho.matching.contracts import Run, RunCounts, RunFacts, RunState, Suggestion, SuggestionState
from stammgast.whoiswho.matching.learning import Decided, level_name
from stammgast.whoiswho.matching.scoring import Part

METADATA = MetaData()

runs = Table(
    "matching_runs",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("state", String(20), nullable=False),
    Column("phase", String(20), nullable=False),
    Column("version", Integer, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("begun_at", BigInteger, nullable=True),
    Column("ended_at", BigInteger, nullable=True),
    Column("counts", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Column("problem", Text, nullable=False),
    Column("wants_stop", Boolean, nullable=False),
    sqlite_autoincrement=True,
)

suggestions = Table(
    "matching_suggestions",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("run", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("one", BigInteger, nullable=False),
    Column("other", BigInteger, nullable=False),
    Column("bits", Float, nullable=False),
    Column("model_bits", Float, nullable=False),
    Column("probability", Float, nullable=False),
    Column("prior", Float, nullable=False),
    Column("parts", Text, nullable=False),
    Column("state", String(20), nullable=False),
    Column("decided_at", BigInteger, nullable=True),
    Column("decided_by", Text, nullable=False),
    Column("position", BigInteger, nullable=True),
    Column("batch", BigInteger, nullable=True),
    Index("matching_suggestions_by_pair", "one", "other", unique=True),
    Index("matching_suggestions_by_other", "other"),
    Index("matching_suggestions_by_bits", "state", "bits", "id"),
    sqlite_autoincrement=True,
)
_one = suggestions.c
_decode_parts = msgspec.json.Decoder(tuple[Part, ...]).decode
DECIDED: tuple[SuggestionState, ...] = ("accepted", "refused", "never")


class NewSuggestion(msgspec.Struct, frozen=True):
    """What a run found about one pair; `model_bits` is the weight without what decisions taught."""

    one: int
    other: int
    bits: float
    model_bits: float
    probability: float
    parts: tuple[Part, ...]


class Filter(msgspec.Struct, frozen=True):
    """Which suggestions to list; every part that is set must hold."""

    state: SuggestionState = "open"
    bits_min: float | None = None
    bits_max: float | None = None
    profile: int | None = None


# --- Runs ---------------------------------------------------------------------------------------------------------


def add_run(connection: Connection, *, version: int, made_by: str, created_at: int) -> int:
    """Add a run that waits to be done; return its number."""
    values = {
        "version": version,
        "made_by": made_by,
        "created_at": created_at,
        "counts": "",
        "facts": "",
        "problem": "",
    }
    return add_job(connection, runs, state="waiting", phase="waiting", wants_stop=False, **values)


def change_run(connection: Connection, number: int, *, only_in: Sequence[RunState] = (), **values: Any) -> bool:
    """Write `values` (structs as JSON); say whether there is such a run, in one of the states `only_in` if given."""
    return change_job(connection, runs, number, only_in=only_in, **values)


def find_run(connection: Connection, number: int) -> Run | None:
    """Return one run, None when there is none."""
    row = connection.execute(select(runs).where(runs.c.id == number)).mappings().first()
    return None if row is None else _run(row)


def newest_runs(connection: Connection, limit: int, *states: RunState) -> list[Run]:
    """Return the newest runs first, of some states if given."""
    query = select(runs).order_by(runs.c.id.desc()).limit(limit)
    if states:
        query = query.where(runs.c.state.in_(states))
    return [_run(row) for row in connection.execute(query).mappings()]


def _run(row: RowMapping) -> Run:
    facts = dict(row)
    facts["counts"] = msgspec.json.decode(facts["counts"], type=RunCounts) if facts["counts"] else RunCounts()
    facts["facts"] = msgspec.json.decode(facts["facts"], type=RunFacts) if facts["facts"] else None
    return Run(**facts)


# --- Suggestions --------------------------------------------------------------------------------------------------


def replace_open(connection: Connection, run: int, version: int, prior: float, found: Iterable[NewSuggestion]) -> int:
    """Put what a run found in place of what was open; return how many are open now.

    A pair that was decided while the run went on stays decided.
    """
    connection.execute(delete(suggestions).where(_one.state.in_(("open", "gone"))))
    rows = [
        {
            "run": run, "version": version, "one": one.one, "other": one.other, "bits": one.bits,
            "model_bits": one.model_bits, "probability": one.probability, "prior": prior,
            "parts": msgspec.json.encode(one.parts).decode(), "state": "open", "decided_by": "",
        }
        for one in found
    ]  # fmt: skip
    if rows:
        connection.execute(upsert(connection, suggestions).on_conflict_do_nothing(), rows)
    return count_suggestions(connection, Filter())


def find_suggestion(connection: Connection, number: int) -> Suggestion | None:
    """Return one suggestion, None when there is none."""
    row = connection.execute(select(suggestions).where(_one.id == number)).mappings().first()
    return None if row is None else _suggestion(row)


def list_suggestions(
    connection: Connection, wanted: Filter, *, limit: int, after: tuple[float, int] | None = None, offset: int = 0
) -> list[Suggestion]:
    """Return suggestions, the heaviest first, beyond the place `after` (bits, id)."""
    query = select(suggestions).where(*_conditions(wanted))
    if after is not None:
        query = query.where(or_(_one.bits < after[0], and_(_one.bits == after[0], _one.id > after[1])))
    query = query.order_by(_one.bits.desc(), _one.id).limit(limit).offset(offset)
    return [_suggestion(row) for row in connection.execute(query).mappings()]


def place_before(connection: Connection, wanted: Filter, one: Suggestion) -> int | None:
    """Return the number of the suggestion right before `one` in the list, None at its beginning."""
    earlier = or_(_one.bits > one.bits, and_(_one.bits == one.bits, _one.id < one.id))
    query = select(_one.id).where(*_conditions(wanted), earlier).order_by(_one.bits, _one.id.desc()).limit(1)
    found = connection.scalar(query)
    return None if found is None else int(found)


def count_suggestions(connection: Connection, wanted: Filter) -> int:
    """Return how many there are."""
    return int(connection.scalar(select(func.count()).select_from(suggestions).where(*_conditions(wanted))) or 0)


def count_by_state(connection: Connection) -> dict[str, int]:
    """Return state -> how many."""
    rows = connection.execute(select(_one.state, func.count()).group_by(_one.state))
    return {str(state): int(count) for state, count in rows}


def pairs_where(connection: Connection, wanted: Filter) -> list[tuple[int, int, int]]:
    """Return (id, one, other) of suggestions, the heaviest first."""
    query = select(_one.id, _one.one, _one.other).where(*_conditions(wanted)).order_by(_one.bits.desc(), _one.id)
    return [(int(row[0]), int(row[1]), int(row[2])) for row in connection.execute(query)]


def decide(
    connection: Connection,
    numbers: Collection[int],
    state: SuggestionState,
    *,
    only_in: Sequence[SuggestionState],
    now: int | None,
    by: str,
    position: int | None = None,
    batch: int | None = None,
) -> int:
    """Write a decision on some suggestions that are in one of the states `only_in`; return on how many."""
    values = {"state": state, "decided_at": now, "decided_by": by, "position": position, "batch": batch}
    done = 0
    for some in _chunks(sorted(numbers)):
        statement = update(suggestions).where(_one.id.in_(some), _one.state.in_(only_in)).values(**values)
        done += connection.execute(statement).rowcount
    return done


def batch_of(connection: Connection, batch: int) -> list[tuple[int, int | None]]:
    """Return (id, position of its order) of what was accepted at once."""
    query = select(_one.id, _one.position).where(_one.batch == batch, _one.state == "accepted")
    return [(int(row[0]), row[1]) for row in connection.execute(query)]


def sharing_order(connection: Connection, position: int) -> list[int]:
    """Return the suggestions that one order in the log decided."""
    query = select(_one.id).where(_one.position == position, _one.state.in_(DECIDED))
    return [int(row[0]) for row in connection.execute(query)]


def decided_pairs(connection: Connection, *states: SuggestionState) -> list[tuple[int, int]]:
    """Return the pairs that were decided so."""
    query = select(_one.one, _one.other).where(_one.state.in_(states))
    return [(int(row[0]), int(row[1])) for row in connection.execute(query)]


def decided_examples(connection: Connection, version: int) -> list[Decided]:
    """Return all decisions on what models of this version found, to learn from."""
    query = select(_one.parts, _one.model_bits, _one.state).where(_one.state.in_(DECIDED), _one.version == version)
    return [
        Decided(tuple(level_name(part) for part in _decode_parts(parts)), bits, state == "accepted")
        for parts, bits, state in connection.execute(query.order_by(_one.id))
    ]


def renumber(connection: Connection, moved: Mapping[int, tuple[int, int] | None]) -> None:
    """Let open suggestions lead to what their profiles are now; None: they are one, and the suggestion is gone."""
    for number, pair in moved.items():
        is_gone = pair is None or _is_taken(connection, pair)
        values = {"state": "gone"} if pair is None or is_gone else {"one": pair[0], "other": pair[1]}
        connection.execute(update(suggestions).where(_one.id == number, _one.state == "open").values(**values))


def _is_taken(connection: Connection, pair: tuple[int, int]) -> bool:
    query = select(func.count()).select_from(suggestions).where(_one.one == pair[0], _one.other == pair[1])
    return bool(connection.scalar(query))


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [_one.state == wanted.state]
    if wanted.bits_min is not None:
        conditions.append(_one.bits >= wanted.bits_min)
    if wanted.bits_max is not None:
        conditions.append(_one.bits < wanted.bits_max)
    if wanted.profile is not None:
        conditions.append(or_(_one.one == wanted.profile, _one.other == wanted.profile))
    return conditions


def _chunks(numbers: Sequence[int], size: int = 500) -> Iterable[Sequence[int]]:
    return (numbers[start : start + size] for start in range(0, len(numbers), size))


def _suggestion(row: RowMapping) -> Suggestion:
    facts = {name: row[name] for name in Suggestion.__struct_fields__}
    facts["parts"] = _decode_parts(facts["parts"])
    return Suggestion(**facts)
