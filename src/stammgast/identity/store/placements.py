"""Writing what closures came to: anchors and identifiers placed one by one, the log of merges and splits, refusals."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection

from stammgast.identity.graph.placing import Turn
from stammgast.identity.resolution import Resolution
from stammgast.identity.store import contests
from stammgast.identity.store.numbers import write_bearers
from stammgast.kernel.sql import run_many

_encode = msgspec.msgpack.Encoder().encode


def write_placements(connection: Connection, found: Resolution, *, batch: int, now: int, version: int) -> None:
    """Write after the plain part of a resolution; most batches have nothing of this."""
    write_bearers(connection, found.bearers)
    _write_placed(connection, found)
    write_turns(connection, found.turns, batch=batch, now=now, version=version)
    contests.replace_refusals(
        connection, found.refusals, [(anchor, one) for anchor, many in found.refusals.items() for one in many], version
    )
    contests.write_held(connection, [(one.identifier, one.day) for one in found.held], found.released, now)
    contests.add_decisions(connection, found.decisions, lambda one: found.normal_decisions.get(one.id))


def write_turns(connection: Connection, turns: Iterable[Turn], *, batch: int, now: int, version: int) -> None:
    """Add lines to the merge log."""
    run_many(
        connection,
        "INSERT INTO merges (kind, kept, merged, message_id, time, merged_at, rule, version, identifiers, batch)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [_turn_row(one, batch, now, version) for one in turns],
    )


def _write_placed(connection: Connection, found: Resolution) -> None:
    run_many(
        connection,
        "INSERT INTO anchor_profiles (anchor, profile) VALUES (?, ?)"
        " ON CONFLICT (anchor) DO UPDATE SET profile = excluded.profile",
        sorted(found.placed.items()),
    )
    run_many(
        connection,
        "UPDATE identifiers SET profile = ? WHERE value = ? AND namespace = ?",
        [(profile, value, namespace) for (namespace, value), profile in sorted(found.reowned.items())],
    )
    # Every number is borne by an anchor: where that went, the number leads; where it names a profile, that lives again.
    run_many(
        connection,
        "UPDATE aliases SET profile = ? WHERE alias = ?",
        [(profile, number) for number, profile in sorted(found.led.items()) if number != profile],
    )
    run_many(
        connection,
        "DELETE FROM aliases WHERE alias = ?",
        [(number,) for number, profile in sorted(found.led.items()) if number == profile],
    )
    run_many(
        connection,
        "INSERT INTO aliases (alias, profile) VALUES (?, ?) ON CONFLICT (alias) DO UPDATE SET profile = excluded.profile",
        sorted(found.gone.items()),
    )


def _turn_row(one: Turn, batch: int, now: int, version: int) -> tuple[object, ...]:
    message_id, time = ("", now) if one.evidence is None else (one.evidence.message_id, one.evidence.time)
    identifiers = _encode(one.identifiers)
    return (one.kind, one.kept, one.merged, message_id, time, now, one.rule, version, identifiers, batch)
