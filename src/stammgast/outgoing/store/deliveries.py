"""Deliveries in the customers database. Only the worker's process writes them."""

# ruff: noqa: S608 - only names of our own columns are pasted into statements; values are parameters

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from stammgast.kernel.errors import StammgastError
from stammgast.kernel.ids import digest128
from stammgast.kernel.sql import rows_of, run, run_many
from stammgast.outgoing.contracts import Attempt, Delivery, Health, State
from stammgast.outgoing.deciding import Step

INTAKE_AT_ONCE = 50
COLUMNS = (
    "delivery, key, kind, target, purpose, profile, brand, state, attempts, tries, created_at, first_at, next_at,"
    " ended_at, reason, detail, told, title"
)
_HEALTH = ", ".join(Health.__struct_fields__)
_ENDED = "('sent', 'failed', 'discarded')"


class EngineReplaced(StammgastError):
    """Another worker has taken over what leaves the house (epoch {epoch} is over); this one sends nothing more."""

    status = 503


class Kept(msgspec.Struct, frozen=True):
    """An effect as the worker kept it."""

    effect: int
    kind: str
    key: str
    payload: bytes
    created_at: int


class Fresh(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that is to begin."""

    key: str
    kind: str
    payload: bytes
    target: int
    created_at: int
    purpose: str = ""
    profile: int = 0
    brand: int = 0
    title: str = ""
    not_after: int = 0
    """ms UTC, 0 for never."""
    state: State = "waiting"
    reason: str = ""
    detail: str = ""


def take_engine(connection: Connection) -> tuple[int, int]:
    """Begin a new epoch, which ends every earlier one; return it and the last wish that was done."""
    run(connection, "INSERT INTO outgoing_engine (one, epoch, wish) VALUES (1, 0, 0) ON CONFLICT DO NOTHING")
    run(connection, "UPDATE outgoing_engine SET epoch = epoch + 1 WHERE one = 1")
    ((epoch, wish),) = rows_of(connection, "SELECT epoch, wish FROM outgoing_engine WHERE one = 1")
    return int(epoch), int(wish)


def keep_engine(connection: Connection, epoch: int, wish: int) -> None:
    """Write how far the engine is. Raises EngineReplaced when `epoch` is not the present one; roll back then."""
    if run(connection, "UPDATE outgoing_engine SET wish = ? WHERE one = 1 AND epoch = ?", (wish, epoch)) != 1:
        raise EngineReplaced(epoch=epoch)


def kept_effects(connection: Connection, kinds: Sequence[str]) -> list[Kept]:
    """Return the oldest effects of these kinds that wait to be taken in."""
    places = ", ".join("?" * len(kinds))
    sql = f"SELECT effect, kind, key, payload, created_at FROM effects WHERE kind IN ({places}) ORDER BY effect LIMIT ?"
    rows = rows_of(connection, sql, (*kinds, INTAKE_AT_ONCE))
    return [Kept(row[0], row[1], row[2], bytes(row[3]), row[4]) for row in rows]


def take_away(connection: Connection, effects: Sequence[Kept]) -> None:
    """Take effects away that are deliveries now."""
    run_many(connection, "DELETE FROM effects WHERE effect = ?", [(one.effect,) for one in effects])


def add_delivery(connection: Connection, fresh: Fresh) -> int:
    """Begin a delivery; return its number, 0 when its key was there before: then it is dropped."""
    digest = digest128(fresh.key.encode())
    if not run(connection, "INSERT INTO outgoing_keys (digest) VALUES (?) ON CONFLICT DO NOTHING", (digest,)):
        return 0
    ended_at = fresh.created_at if fresh.state == "failed" else 0
    rows = rows_of(
        connection,
        "INSERT INTO outgoing_deliveries (key, kind, target, purpose, profile, brand, state, attempts, tries, created_at,"
        " first_at, next_at, ended_at, reason, detail, told, title, not_after, payload)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, ?, 0, ?, ?, ?, ?, '', ?, ?, ?) RETURNING delivery",
        (
            fresh.key, fresh.kind, fresh.target, fresh.purpose, fresh.profile, fresh.brand, fresh.state, fresh.created_at,
            fresh.created_at, ended_at, fresh.reason, fresh.detail, fresh.title, fresh.not_after, fresh.payload,
        ),
    )  # fmt: skip
    return int(rows[0][0])


def due(connection: Connection, target: int, now: int, most: int) -> list[int]:
    """Return the deliveries to a target that are due at `now`, longest due first."""
    rows = rows_of(
        connection,
        "SELECT delivery FROM outgoing_deliveries WHERE target = ? AND state = 'waiting' AND next_at <= ?"
        " ORDER BY next_at, delivery LIMIT ?",
        (target, now, most),
    )
    return [int(row[0]) for row in rows]


def due_in_order(connection: Connection, target: int, now: int) -> list[int]:
    """Return the oldest delivery to a target that has not ended, if it is due and not under way."""
    sql = "SELECT delivery, next_at FROM outgoing_deliveries WHERE target = ? AND state = ? ORDER BY delivery LIMIT 1"
    if rows_of(connection, sql, (target, "sending")):
        return []
    return [int(row[0]) for row in rows_of(connection, sql, (target, "waiting")) if row[1] <= now]


def claim(connection: Connection, numbers: Sequence[int], now: int) -> None:
    """Note that an attempt begins: from now on nobody knows whether it arrives until its answer is noted."""
    sql = (
        "UPDATE outgoing_deliveries SET state = 'sending', attempts = attempts + 1, tries = tries + 1,"
        " first_at = CASE WHEN first_at = 0 THEN ? ELSE first_at END WHERE delivery = ? AND state = 'waiting'"
    )
    run_many(connection, sql, [(now, one) for one in numbers])


def load(connection: Connection, numbers: Sequence[int]) -> Iterator[tuple[Delivery, bytes, int]]:
    """Yield deliveries with their payloads and the moment after which they are not worth sending (0: never)."""
    for number in numbers:
        sql = f"SELECT {COLUMNS}, payload, not_after FROM outgoing_deliveries WHERE delivery = ?"
        for *facts, payload, not_after in rows_of(connection, sql, (number,)):
            yield delivery_of(facts), bytes(payload), not_after


def left_sending(connection: Connection) -> list[Delivery]:
    """Return deliveries whose attempt began in a process that is no more."""
    return [
        delivery_of(row)
        for row in rows_of(connection, f"SELECT {COLUMNS} FROM outgoing_deliveries WHERE state = 'sending'")
    ]


def end_attempt(connection: Connection, delivery: Delivery, step: Step, detail: str, now: int) -> None:
    """Note where a delivery stands after an attempt."""
    ended_at = 0 if step.state == "waiting" else now
    run(
        connection,
        "UPDATE outgoing_deliveries SET state = ?, next_at = ?, ended_at = ?, reason = ?, detail = ? WHERE delivery = ?",
        (step.state, step.next_at, ended_at, step.reason, detail, delivery.number),
    )


def note_told(connection: Connection, number: int, outcome: str) -> None:
    """Note that the customer's timeline has this outcome."""
    run(connection, "UPDATE outgoing_deliveries SET told = ? WHERE delivery = ?", (outcome, number))


def add_attempt(connection: Connection, attempt: Attempt) -> None:
    """Keep an attempt, to show it."""
    run(
        connection,
        "INSERT INTO outgoing_attempts (delivery, number, target, at, millis, outcome, status, detail)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        msgspec.structs.astuple(attempt),
    )


def read_health(connection: Connection) -> dict[int, Health]:
    """Return how each target answers, by its number."""
    rows = rows_of(connection, f"SELECT target, {_HEALTH} FROM outgoing_health")
    return {int(row[0]): health_of(row[1:]) for row in rows}


def write_health(connection: Connection, target: int, health: Health) -> None:
    """Write how a target answers."""
    values = msgspec.structs.astuple(health)
    updates = ", ".join(f"{name} = excluded.{name}" for name in Health.__struct_fields__)
    run(
        connection,
        f"INSERT INTO outgoing_health (target, {_HEALTH}) VALUES (?{', ?' * len(values)})"
        f" ON CONFLICT (target) DO UPDATE SET {updates}",
        (target, *values),
    )


def bring_forward(connection: Connection, target: int, now: int) -> None:
    """Let what waits for a target that is well again go at once."""
    sql = "UPDATE outgoing_deliveries SET next_at = ? WHERE target = ? AND state = 'waiting' AND next_at > ?"
    run(connection, sql, (now, target, now))


def begin_again(connection: Connection, now: int, *, delivery: int = 0, target: int = 0) -> None:
    """Let a delivery that failed, or all that failed at a target, be tried as if for the first time."""
    column, value = ("delivery", delivery) if delivery else ("target", target)
    run(
        connection,
        "UPDATE outgoing_deliveries SET state = 'waiting', tries = 0, first_at = 0, next_at = ?, ended_at = 0, reason = '',"
        f" not_after = 0 WHERE {column} = ? AND state = 'failed'",
        (now, value),
    )


def let_go(connection: Connection, now: int, *, delivery: int = 0, target: int = 0) -> None:
    """End a delivery that waits or failed, or all that failed at a target."""
    column, value = ("delivery", delivery) if delivery else ("target", target)
    states = "('waiting', 'failed')" if delivery else "('failed')"
    sql = f"UPDATE outgoing_deliveries SET state = 'discarded', ended_at = ? WHERE {column} = ? AND state IN {states}"
    run(connection, sql, (now, value))


def numbers_at(connection: Connection, target: int, state: State, most: int) -> list[int]:
    """Return the oldest deliveries to a target in a state."""
    sql = "SELECT delivery FROM outgoing_deliveries WHERE target = ? AND state = ? ORDER BY delivery LIMIT ?"
    return [int(row[0]) for row in rows_of(connection, sql, (target, state, most))]


def assign(connection: Connection, number: int, target: int) -> None:
    """Give a delivery that had none its sender."""
    run(connection, "UPDATE outgoing_deliveries SET target = ? WHERE delivery = ?", (target, number))


def sweep(connection: Connection, before: int, most: int) -> int:
    """Delete some deliveries that ended before a moment, with their attempts; return how many. Their keys stay."""
    sql = f"SELECT delivery FROM outgoing_deliveries WHERE state IN {_ENDED} AND ended_at < ? ORDER BY delivery LIMIT ?"
    rows = rows_of(connection, sql, (before, most))
    for table in ("outgoing_attempts", "outgoing_deliveries"):
        run_many(connection, f"DELETE FROM {table} WHERE delivery = ?", rows)
    return len(rows)


def delivery_of(row: Sequence[Any]) -> Delivery:
    """Read a row of `COLUMNS`."""
    return Delivery(**dict(zip(Delivery.__struct_fields__, row, strict=True)))


def health_of(row: Sequence[Any]) -> Health:
    """Read a row of a target's health."""
    return Health(**dict(zip(Health.__struct_fields__, row, strict=True)))
