"""Reading profiles for pages and the API: a handful of look-ups by key each, no history needed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import Connection

from stammgast.kernel.ids import ProfileId, SourceId
from stammgast.kernel.sql import rows_in, rows_of
from stammgast.profiles.contracts import Identifier, Merge, RecentEvent

_decode_pairs = msgspec.msgpack.Decoder(tuple[tuple[str, str], ...]).decode

# The smallest (time, message id) of each anchor, which is that of its first day.
_IDENTIFIERS = """
SELECT i.namespace, i.value, e.time, e.source, e.message_id
FROM identifiers i
JOIN identifier_anchors a ON a.identifier = i.identifier
LEFT JOIN evidence e ON e.anchor = a.anchor AND e.day = (SELECT min(day) FROM evidence WHERE anchor = a.anchor)
WHERE i.profile = ?
"""
LONG = 16
"""A profile of more anchors, or of more memberships in accounts, is long."""
_COUNT_LONG = """
SELECT (SELECT count(*) FROM (SELECT 1 FROM anchor_profiles WHERE profile = ? LIMIT ?) AS moved),
    (SELECT count(*) FROM (
        SELECT 1 FROM account_members WHERE anchor = ?
        UNION ALL
        SELECT 1 FROM anchor_profiles p JOIN account_members m ON m.anchor = p.anchor WHERE p.profile = ?
        LIMIT ?
    ) AS membership)
"""


def identifiers_with_origin(connection: Connection, profile: int) -> tuple[Identifier, ...]:
    """Return a profile's identifiers by namespace and value, each with the earliest event it came with."""
    first: dict[tuple[str, str], tuple[int, str, int] | None] = {}
    for namespace, value, time, source, message_id in rows_of(connection, _IDENTIFIERS, (profile,)):
        pair = (namespace, value)
        known = first.setdefault(pair, None)
        if time is not None and (known is None or (time, message_id) < known[:2]):
            first[pair] = (time, message_id, source)
    return tuple(
        Identifier(*pair, None, SourceId(0), "")
        if origin is None
        else Identifier(*pair, origin[0], SourceId(origin[2]), origin[1])
        for pair, origin in sorted(first.items())
    )


def is_long(connection: Connection, profile: int) -> bool:
    """Say whether there is so much of a profile that reading it takes longer than a millisecond or two."""
    ((anchors, memberships),) = rows_of(connection, _COUNT_LONG, (profile, LONG + 1, profile, profile, LONG + 1))
    return bool(anchors + 1 > LONG or memberships > LONG)


def aliases_of(connection: Connection, profile: int) -> tuple[ProfileId, ...]:
    """Return the numbers of profiles that were merged into this one, ascending."""
    rows = rows_of(connection, "SELECT alias FROM aliases WHERE profile = ? ORDER BY alias", (profile,))
    return tuple(ProfileId(alias) for (alias,) in rows)


def splits_since(connection: Connection, numbers: Sequence[int], since: int) -> list[tuple[int, int, int]]:
    """Return (kept, split off, at in ms UTC) of splits that concern any of these numbers, from `since` on."""
    sql = "SELECT kept, merged, merged_at, merge FROM merges WHERE {side} IN ({{keys}}) AND kind = 'split' AND merged_at >= ?"
    found = {
        row[3]: (row[0], row[1], row[2])
        for side in ("kept", "merged")
        for row in rows_in(connection, sql.format(side=side), numbers, after=(since,))
    }
    return [found[one] for one in sorted(found)]


def merges_into(connection: Connection, profiles: Sequence[int]) -> tuple[Merge, ...]:
    """Return the merge log of a profile and all that were merged into it, newest first."""
    rows = rows_in(
        connection,
        "SELECT kept, merged, message_id, time, merged_at, rule, version, identifiers, merge FROM merges"
        " WHERE kept IN ({keys}) AND kind = 'merge'",
        profiles,
    )
    newest_first = sorted(rows, key=lambda row: -row[8])
    return tuple(
        Merge(
            ProfileId(row[0]), ProfileId(row[1]), row[2], row[3], row[4], row[5], row[6], _decode_pairs(bytes(row[7]))
        )
        for row in newest_first
    )


def profiles_by_identifier(connection: Connection, values: Iterable[str]) -> list[int]:
    """Return the profiles that own an identifier with one of these values, whatever its namespace."""
    rows = rows_in(connection, "SELECT profile FROM identifiers WHERE value IN ({keys})", list(values))
    return sorted({profile for (profile,) in rows})


def recent_events(connection: Connection, after: int, limit: int) -> tuple[RecentEvent, ...]:
    """Return up to `limit` lines of the live view beyond number `after`, newest first."""
    rows = rows_of(
        connection,
        "SELECT number, message_id, time, received_at, type, name, source, channel, fate, reason, profile"
        " FROM recent_events WHERE number > ? ORDER BY number DESC LIMIT ?",
        (after, limit),
    )
    return tuple(
        msgspec.convert(dict(zip(RecentEvent.__struct_fields__, row, strict=True)), RecentEvent) for row in rows
    )
