"""All SQL of profiles against the history."""

# ruff: noqa: S608 - only names of our own tables and columns are pasted into statements; values are parameters

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from time import monotonic
from typing import Any, NamedTuple

import msgspec

from stammgast.kernel.history import HistoryClient, HistoryRefused, quoted
from stammgast.kernel.outbox import Parcel

RELOAD_SECONDS = 1.0
FOLD_MIN = 10_000
"""A smaller delta is loaded in milliseconds and may stay."""
EVENTS = "events"
MOVES = "anchor_profiles"
AUTHENTICATION_FAILED = 516
_TABLE_READ = re.compile(r"(SOURCE\(CLICKHOUSE\().*?(TABLE )")


class TimelineRow(NamedTuple):
    """An event in history. `shown` and `raw` are JSON: the column's array, and the event as it came in."""

    time: int
    digest: str
    anchor: int
    shown: str
    raw: str


class TimelineQuery(msgspec.Struct, frozen=True):
    """Which events of some anchors. before: (time in ms, digest as text) of the last one shown. Empty sets filter nothing."""

    anchors: tuple[int, ...]
    limit: int = 1
    before: tuple[int, str] | None = None
    names: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    brands: tuple[int, ...] = ()
    group_id: str = ""
    """Only events that name this account; then no anchors mean any."""


def rows_present(history: HistoryClient, batch: int) -> set[int]:
    """Return which rows of a batch history holds."""
    return {row for (row,) in history.query("SELECT row FROM events WHERE batch = {batch:UInt64}", {"batch": batch})}


def contents_of(history: HistoryClient, digests: Sequence[bytes], start: int, end: int) -> dict[bytes, int]:
    """Return the content digest of those messages, received from `start` to `end` (ms UTC), that history holds."""
    rows = history.query(
        "SELECT toString(digest), content FROM events WHERE digest IN {digests:Array(UUID)}"
        " AND received_at >= fromUnixTimestamp64Milli({start:Int64})"
        " AND received_at <= fromUnixTimestamp64Milli({end:Int64})",
        {"digests": [_uuid(one) for one in digests], "start": start, "end": end},
    )
    return {bytes.fromhex(text.replace("-", "")): content for text, content in rows}


def _uuid(digest: bytes) -> str:
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def move_lines(parcels: Iterable[Parcel]) -> bytes:
    r"""Return the lines for `anchor_profiles` that a number of parcels bring.

    >>> move_lines([Parcel(7, 0, b"", ((3, 1),))])
    b'{"anchor":3,"profile":1,"batch":7}\n'
    """
    return b"".join(
        b'{"anchor":%d,"profile":%d,"batch":%d}\n' % (anchor, profile, parcel.batch)
        for parcel in parcels
        for anchor, profile in parcel.moves
    )


def missing_lines(lines: bytes, present: Collection[int]) -> bytes:
    r"""Return those JSON lines of a batch whose row, which is their place, is not `present`.

    >>> missing_lines(b'{"row":0}\n{"row":1}\n{"row":2}\n', {0, 2})
    b'{"row":1}\n'
    """
    return b"".join(line for place, line in enumerate(lines.splitlines(keepends=True)) if place not in present)


class Dictionary:
    """The map anchor -> profile behind SQL's `profile_of`; its delta is loaded anew after changes, at most once a second."""

    def __init__(self, history: HistoryClient) -> None:
        """Stale at first: another process may have died between a change and the loading, or between folding and it."""
        self._history = history
        self._loaded_at = -RELOAD_SECONDS
        self._is_first = True
        self.is_stale = True

    def seconds_until_due(self) -> float:
        """Return how long to wait before loading again; 0 when it may be done now."""
        return max(0.0, self._loaded_at + RELOAD_SECONDS - monotonic())

    def reload_if_due(self) -> None:
        """Load the delta again when it is stale and the last loading is long enough ago."""
        if self.is_stale and not self.seconds_until_due():
            if self._is_first:
                load_moves(self._history)
                self._is_first = False
            else:
                self._history.command("SYSTEM RELOAD DICTIONARY anchor_profiles_delta")
            self._loaded_at = monotonic()
            self.is_stale = False


def fold_moves(history: HistoryClient, batch: int) -> bool:
    """Fold the delta up to `batch` (delivered in full) into the base when it is worth it; say whether it was.

    When it fails, call `load_moves` before anything else.
    """
    (count,) = history.query("SELECT count() FROM anchor_profiles_in_delta")[0]
    if count < FOLD_MIN:
        return False
    history.command("INSERT INTO anchor_profiles_folded VALUES ({batch:UInt64})", {"batch": batch})
    load_moves(history)
    return True


def load_moves(history: HistoryClient) -> None:
    """Load base and delta anew."""
    # The base first: until the delta follows, both know the anchors that move from one to the other.
    for name in ("anchor_profiles_base", "anchor_profiles_delta"):
        try:
            _load(history, name)
        except HistoryRefused as problem:
            if problem.facts["history_code"] != AUTHENTICATION_FAILED:
                raise
            _let_read(history, name)
            _load(history, name)


def _load(history: HistoryClient, dictionary: str) -> None:
    history.command(f"SYSTEM RELOAD DICTIONARY {dictionary}")


def _let_read(history: HistoryClient, dictionary: str) -> None:
    """Let a dictionary read its table as we do: by itself it does so as `default`, whom few servers let in like that."""
    ((made,),) = history.query(f"SHOW CREATE DICTIONARY {dictionary}", row=tuple[str])
    access = f"USER {quoted(history.address.user)} PASSWORD {quoted(history.address.password)}"
    made = made.replace("CREATE DICTIONARY", "CREATE OR REPLACE DICTIONARY", 1)
    history.command(_TABLE_READ.sub(lambda found: f"{found[1]}{access} {found[2]}", made, count=1))


def timeline_rows(history: HistoryClient, wanted: TimelineQuery) -> list[TimelineRow]:
    """Return rows, newest first, one more than the limit where there are more.

    ClickHouse reads time and digest of the whole life, and all other columns of one page only. One thread: a life is
    small, and pages are asked for side by side.
    """
    conditions, parameters = _conditions(wanted)
    parameters["limit"] = wanted.limit + 1
    return history.query(
        f"SELECT toUnixTimestamp64Milli(time), digest, anchor, shown, raw FROM events WHERE {conditions}"
        " ORDER BY time DESC, digest DESC LIMIT {limit:UInt32} SETTINGS max_threads = 1",
        parameters,
        row=TimelineRow,
    )


def _conditions(wanted: TimelineQuery) -> tuple[str, dict[str, Any]]:
    conditions = []
    parameters: dict[str, Any] = {}
    if wanted.anchors or not wanted.group_id:
        conditions.append("anchor IN {anchors:Array(UInt32)}")
        parameters["anchors"] = list(wanted.anchors)
    if wanted.group_id:
        conditions.append("group_id = {group_id:String}")
        parameters["group_id"] = wanted.group_id
    if wanted.before is not None:
        conditions.append(
            "time <= fromUnixTimestamp64Milli({before:Int64}) AND (toUnixTimestamp64Milli(time), digest)"
            " < ({before:Int64}, toUUID({before_digest:String}))"
        )
        parameters["before"], parameters["before_digest"] = wanted.before
    for column, values in (("name", wanted.names), ("channel", wanted.channels), ("type", wanted.types)):
        if values:
            conditions.append(f"{column} IN {{{column}:Array(String)}}")
            parameters[column] = list(values)
    if wanted.brands:
        conditions.append("brand IN {brands:Array(UInt32)}")
        parameters["brands"] = list(wanted.brands)
    return " AND ".join(conditions), parameters


def raw_event(history: HistoryClient, wanted: TimelineQuery, digest: bytes) -> str | None:
    """Return the raw JSON of one of these events, None when there is none."""
    conditions, parameters = _conditions(wanted)
    parameters["digest"] = _uuid(digest)
    rows = history.query(f"SELECT raw FROM events WHERE {conditions} AND digest = {{digest:UUID}} LIMIT 1", parameters)
    return str(rows[0][0]) if rows else None


def events_by_channel(
    history: HistoryClient, *, start: int, end: int, bucket_seconds: int, brand: int
) -> list[tuple[int, str, int]]:
    """Return (bucket's begin in ms, channel, events) from `start` to `end` (ms, exclusive); robots and staff left out."""
    rows = history.query(
        "SELECT intDiv(toUnixTimestamp64Milli(time) - {start:Int64}, {bucket:Int64}) AS bucket, channel, count()"
        " FROM events WHERE time >= fromUnixTimestamp64Milli({start:Int64})"
        " AND time < fromUnixTimestamp64Milli({end:Int64}) AND NOT is_bot AND NOT is_staff"
        " AND origin = '' AND ({brand:UInt32} = 0 OR brand = {brand:UInt32})"
        " GROUP BY bucket, channel ORDER BY bucket, channel",
        {"start": start, "end": end, "bucket": bucket_seconds * 1000, "brand": brand},
    )
    return [(start + bucket * bucket_seconds * 1000, channel, count) for bucket, channel, count in rows]


def names_of(history: HistoryClient, wanted: TimelineQuery) -> list[tuple[str, str, int]]:
    """Return (type, name, events) of what is on a timeline, most frequent first; for its filters."""
    conditions, parameters = _conditions(wanted)
    rows = history.query(
        f"SELECT type, name, count() AS events FROM events WHERE {conditions}"
        " GROUP BY type, name ORDER BY events DESC, type, name LIMIT 200",
        parameters,
    )
    return [(one[0], one[1], one[2]) for one in rows]


def kinds_of(history: HistoryClient, anchors: Sequence[int], digests: Sequence[bytes]) -> dict[str, tuple[str, str]]:
    """Return message id -> (type, name) of those messages of these anchors that history holds."""
    rows = history.query(
        "SELECT message_id, type, name FROM events WHERE anchor IN {anchors:Array(UInt32)}"
        " AND digest IN {digests:Array(UUID)}",
        {"anchors": list(anchors), "digests": [_uuid(one) for one in digests]},
    )
    return {message_id: (kind, name) for message_id, kind, name in rows}


def raws_of(history: HistoryClient, digests: Sequence[bytes], since: int) -> dict[bytes, bytes]:
    """Return digest -> the event as it came in, of those of these messages, received since (ms UTC), that history holds."""
    rows = history.query(
        "SELECT toString(digest), raw FROM events WHERE digest IN {digests:Array(UUID)}"
        " AND received_at >= fromUnixTimestamp64Milli({since:Int64})",
        {"digests": [_uuid(one) for one in digests], "since": since},
    )
    return {bytes.fromhex(text.replace("-", "")): raw.encode() for text, raw in rows}
