"""Anchors, identifiers, evidence and merges: reading what a batch needs, writing what it brought."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from stammgast.identity.graph.numbering import is_fresh
from stammgast.identity.resolution import Pair, RawSet, Resolution, Union
from stammgast.kernel.ids import digest128
from stammgast.kernel.sql import rows_in, rows_of, run, run_many

_encode = msgspec.msgpack.Encoder().encode
_decode_set = msgspec.msgpack.Decoder(tuple[tuple[str, str], ...]).decode


def anchor_digest(raw: RawSet) -> bytes:
    """Return the 16 bytes under which a set of raw identifiers is interned."""
    return digest128(_encode(raw))


def load_anchors(connection: Connection, wanted: Iterable[RawSet]) -> dict[RawSet, tuple[int, int]]:
    """Return (anchor, profile) of those sets that are interned already."""
    by_digest = {anchor_digest(raw): raw for raw in wanted}
    rows = rows_in(
        connection,
        "SELECT a.digest, a.anchor, p.profile FROM anchors a LEFT JOIN anchor_profiles p ON p.anchor = a.anchor"
        " WHERE a.digest IN ({keys})",
        by_digest,
    )
    return {
        by_digest[bytes(digest)]: (anchor, anchor if profile is None else profile) for digest, anchor, profile in rows
    }


def load_owners(connection: Connection, wanted: Iterable[Pair]) -> dict[Pair, int]:
    """Return the profile of each normalised identifier that is known."""
    pairs = set(wanted)
    rows = rows_in(
        connection,
        "SELECT namespace, value, profile FROM identifiers WHERE value IN ({keys})",
        {value for _, value in pairs},
    )
    return {(namespace, value): profile for namespace, value, profile in rows if (namespace, value) in pairs}


def load_evidence(
    connection: Connection, anchors: Iterable[int], first_day: int, last_day: int
) -> dict[tuple[int, int], tuple[int, str]]:
    """Return the smallest key of each (anchor, day) with evidence, days from `first_day` to `last_day`."""
    rows = rows_in(
        connection,
        "SELECT anchor, day, time, message_id FROM evidence WHERE anchor IN ({keys}) AND day BETWEEN ? AND ?",
        anchors,
        after=(first_day, last_day),
    )
    return {(anchor, day): (time, message_id) for anchor, day, time, message_id in rows}


def anchors_of(connection: Connection, profiles: Iterable[int]) -> dict[int, list[int]]:
    """Return the anchors of each profile that is no alias, ascending; its own number comes first when it is one."""
    found: dict[int, list[int]] = {profile: [] for profile in profiles}
    for (anchor,) in rows_in(
        connection,
        "SELECT a.anchor FROM anchors a LEFT JOIN anchor_profiles p ON p.anchor = a.anchor"
        " WHERE a.anchor IN ({keys}) AND (p.profile IS NULL OR p.profile = a.anchor)",
        list(found),
    ):
        found[anchor].append(anchor)
    for anchor, profile in rows_in(
        connection, "SELECT anchor, profile FROM anchor_profiles WHERE profile IN ({keys}) ORDER BY anchor", list(found)
    ):
        if anchor != profile:
            found[profile].append(anchor)
    return found


def moved_anchors(connection: Connection, moved: Mapping[int, int]) -> dict[int, int]:
    """Return anchor -> new profile for every anchor of the profiles that moved, theirs of the same number included."""
    elsewhere = profiles_of_anchors(connection, list(moved))
    found = {old: new for old, new in moved.items() if not is_fresh(old) and elsewhere.get(old, old) == old}
    for anchor, profile in rows_in(
        connection, "SELECT anchor, profile FROM anchor_profiles WHERE profile IN ({keys})", moved
    ):
        found[anchor] = moved[profile]
    return found


def write_resolution(
    connection: Connection, found: Resolution, next_identifier: int, *, batch: int, now: int, version: int, rule: str
) -> int:
    """Write what a batch changed in the graph; return the next free identifier number."""
    _write_moves(connection, found.moved)
    exceptions = {anchor: profile for anchor, profile in found.profiles.items() if anchor != profile}
    run_many(
        connection,
        "INSERT INTO anchors (anchor, digest, identifiers) VALUES (?, ?, ?)",
        [(one.anchor, anchor_digest(one.raw), _encode(one.raw)) for one in found.new],
    )
    run_many(
        connection,
        "INSERT INTO anchor_profiles (anchor, profile) VALUES (?, ?)"
        " ON CONFLICT (anchor) DO UPDATE SET profile = excluded.profile",
        sorted(exceptions.items()),
    )
    next_identifier = _write_identifiers(connection, found, next_identifier)
    run_many(
        connection,
        "INSERT INTO evidence (anchor, day, time, message_id, source) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (anchor, day) DO UPDATE SET time = excluded.time, message_id = excluded.message_id,"
        " source = excluded.source",
        [(*place, *smallest) for place, smallest in sorted(found.evidence.items())],
    )
    _write_merges(connection, found.unions, batch=batch, now=now, version=version, rule=rule)
    return next_identifier


def _write_identifiers(connection: Connection, found: Resolution, next_identifier: int) -> int:
    fresh = {pair: number for number, pair in enumerate(found.owners, next_identifier)}
    run_many(
        connection,
        "INSERT INTO identifiers (identifier, namespace, value, profile) VALUES (?, ?, ?, ?)",
        [(number, *pair, found.owners[pair]) for pair, number in fresh.items()],
    )
    known = _numbers(connection, {pair for one in found.new for pair in one.links if pair not in fresh})
    run_many(
        connection,
        "INSERT INTO identifier_anchors (identifier, anchor) VALUES (?, ?)",
        sorted((fresh[pair] if pair in fresh else known[pair], one.anchor) for one in found.new for pair in one.links),
    )
    return next_identifier + len(fresh)


def _numbers(connection: Connection, pairs: set[Pair]) -> dict[Pair, int]:
    rows = rows_in(
        connection,
        "SELECT namespace, value, identifier FROM identifiers WHERE value IN ({keys})",
        {value for _, value in pairs},
    )
    return {(namespace, value): number for namespace, value, number in rows}


def _write_moves(connection: Connection, moved: Mapping[int, int]) -> None:
    for old, new in moved.items():
        run(connection, "UPDATE identifiers SET profile = ? WHERE profile = ?", (new, old))
        run(connection, "UPDATE anchor_profiles SET profile = ? WHERE profile = ?", (new, old))
        run(connection, "UPDATE aliases SET profile = ? WHERE profile = ?", (new, old))
    rows = [(old, new) for old, new in moved.items()]
    # A row that is there already says whose the anchor is, also where its number was another's.
    run_many(
        connection,
        "INSERT INTO anchor_profiles (anchor, profile) VALUES (?, ?) ON CONFLICT (anchor) DO NOTHING",
        [(old, new) for old, new in rows if not is_fresh(old)],
    )
    run_many(
        connection,
        "INSERT INTO aliases (alias, profile) VALUES (?, ?) ON CONFLICT (alias) DO UPDATE SET profile = excluded.profile",
        rows,
    )


def _write_merges(
    connection: Connection, unions: Sequence[Union], *, batch: int, now: int, version: int, rule: str
) -> None:
    run_many(
        connection,
        "INSERT INTO merges (kept, merged, message_id, time, merged_at, rule, version, identifiers, batch)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (one.kept, one.merged, one.message_id, one.time, now, rule, version, _encode(one.identifiers), batch)
            for one in unions
        ],
    )


def read_anchor_sets(connection: Connection, anchors: Iterable[int]) -> dict[int, RawSet]:
    """Return the raw identifiers of anchors."""
    rows = rows_in(connection, "SELECT anchor, identifiers FROM anchors WHERE anchor IN ({keys})", anchors)
    return {anchor: _decode_set(encoded) for anchor, encoded in rows}


def current_profile(connection: Connection, number: int) -> int | None:
    """Return the profile that a number stands for now: itself, or what it was merged into; None when there is none."""
    alias = rows_of(connection, "SELECT profile FROM aliases WHERE alias = ?", (number,))
    if alias:
        return int(alias[0][0])
    return number if anchors_of(connection, [number])[number] else None


def living(connection: Connection, numbers: Iterable[int]) -> set[int]:
    """Return those numbers that are a profile's now."""
    wanted = set(numbers)
    found = rows_in(connection, "SELECT DISTINCT profile FROM anchor_profiles WHERE profile IN ({keys})", wanted)
    own = rows_in(
        connection,
        "SELECT a.anchor FROM anchors a LEFT JOIN anchor_profiles p ON p.anchor = a.anchor"
        " WHERE a.anchor IN ({keys}) AND p.profile IS NULL",
        wanted,
    )
    return {row[0] for row in (*found, *own)}


def owner_of(connection: Connection, pair: Pair) -> int | None:
    """Return the profile of a normalised identifier, None when it was never seen."""
    return load_owners(connection, [pair]).get(pair)


def turned_since(connection: Connection, batch: int) -> set[int]:
    """Return the profiles that batches from `batch` on merged, merged away or split."""
    rows = rows_of(connection, "SELECT kept, merged FROM merges WHERE batch >= ?", (batch,))
    return {number for row in rows for number in row}


def profiles_of_anchors(connection: Connection, anchors: Sequence[int]) -> dict[int, int]:
    """Return the profile of each anchor that is not its own."""
    rows = rows_in(connection, "SELECT anchor, profile FROM anchor_profiles WHERE anchor IN ({keys})", anchors)
    return {row[0]: row[1] for row in rows}
