"""All SQL of profiles against the history."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from time import monotonic

from stammgast.kernel.history import HistoryClient
from stammgast.profiles.store.outbox import Parcel

RELOAD_SECONDS = 1.0
FOLD_MIN = 10_000
"""A smaller delta is loaded in milliseconds and may stay."""
EVENTS = "events"
MOVES = "anchor_profiles"


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
        """Stale at first: another process may have died between a change and the loading."""
        self._history = history
        self._loaded_at = -RELOAD_SECONDS
        self.is_stale = True

    def reload_if_due(self) -> None:
        """Load the delta again when it is stale and the last loading is long enough ago."""
        if self.is_stale and monotonic() - self._loaded_at >= RELOAD_SECONDS:
            self._history.command("SYSTEM RELOAD DICTIONARY anchor_profiles_delta")
            self._loaded_at = monotonic()
            self.is_stale = False


def fold_moves(history: HistoryClient, batch: int) -> bool:
    """Fold the delta up to `batch` (delivered in full) into the base when it is worth it; say whether it was."""
    (count,) = history.query("SELECT count() FROM anchor_profiles_in_delta")[0]
    if count < FOLD_MIN:
        return False
    history.command("INSERT INTO anchor_profiles_folded VALUES ({batch:UInt64})", {"batch": batch})
    # The base first: until the delta follows, both know the anchors that move from one to the other.
    for name in ("anchor_profiles_base", "anchor_profiles_delta"):
        history.command(f"SYSTEM RELOAD DICTIONARY {name}")
    return True
