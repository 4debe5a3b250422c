"""Which messages were taken in before: exact for the window of days, beyond it suspected by filters, settled by history."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec
from sqlalchemy import Connection

from stammgast.kernel.position import Progress
from stammgast.pipeline.bloom import CAPACITY, Bloom, as_numbers
from stammgast.profiles.api.worker import Filter, ledger

BLOCK_MIN = 2_000
"""A block takes no further batch once it holds so many ids; one batch may still fill it far beyond."""

AskHistory = Callable[[Sequence[bytes], int, int], Mapping[bytes, int]]
"""(digests, received from, received to) -> content of those that history holds."""


class Earlier(msgspec.Struct, frozen=True, gc=False):
    """A message that was taken in before. `block` is None when only history knows it."""

    content: int
    block: int | None


class Placing(msgspec.Struct, frozen=True):
    """Where a batch's message ids go, and the filter that is closed before, if one is."""

    block: int
    bloom: int
    month: int
    closes: Filter | None


def month_of(millis: int) -> int:
    """Return the UTC month as year * 12 + month - 1.

    >>> month_of(0)
    23640
    """
    moment = datetime.fromtimestamp(millis / 1000, UTC)
    return moment.year * 12 + moment.month - 1


class _Period:
    """A filter with the times it covers."""

    __slots__ = ("bloom", "count", "month", "number", "received_from", "received_to")

    def __init__(self, number: int, month: int) -> None:
        self.number = number
        self.month = month
        self.bloom = Bloom()
        self.count = 0
        self.received_from = 2**62
        self.received_to = 0

    def closed(self) -> Filter:
        return Filter(self.number, self.month, self.received_from, self.received_to, self.count, self.bloom.to_bytes())


class SeenMessages:
    """The filters in memory: three bytes for each message of all time."""

    def __init__(self, connection: Connection) -> None:
        """Read the closed filters and make the open one anew out of its ids."""
        self._closed: list[_Period] = []
        for one in ledger.closed_filters(connection):
            period = _Period(one.filter, one.month)
            period.bloom, period.count = Bloom(one.bits), one.count
            period.received_from, period.received_to = one.received_from, one.received_to
            self._closed.append(period)
        self._with_blocks = ledger.filters_with_blocks(connection)
        self._open: _Period | None = None
        self._reopen(connection)

    def _reopen(self, connection: Connection) -> None:
        number, rows = ledger.open_filter_digests(connection)
        if number is None or not rows:
            return
        times = [received_at for _, received_at in rows]
        self._open = _Period(number, month_of(max(times)))
        self._note(self._open, [digest for digest, _ in rows])
        self._open.received_from, self._open.received_to = min(times), max(times)

    def find(self, connection: Connection, ask_history: AskHistory, digests: Sequence[bytes]) -> dict[bytes, Earlier]:
        """Return those of `digests` that were taken in before. Stores are asked only about suspects."""
        found: dict[bytes, Earlier] = {}
        if not digests:
            return found
        numbers = as_numbers(list(digests))
        for period in self._periods():
            suspects = [digests[place] for place in period.bloom.maybe(numbers).nonzero()[0].tolist()]
            suspects = [digest for digest in suspects if digest not in found]
            if not suspects:
                continue
            if period is self._open or period.number in self._with_blocks:
                found.update(_find_kept(connection, suspects, period.number))
            missing = [digest for digest in suspects if digest not in found]
            if missing and period is not self._open:
                settled = ask_history(missing, period.received_from, period.received_to)
                found.update({digest: Earlier(content, None) for digest, content in settled.items()})
        return found

    def place(self, progress: Progress, batch: int, now: int) -> Placing:
        """Return where the ids of the next batch go. Changes nothing here: the batch may still fail."""
        period = self._open
        month = month_of(now)
        if period is None or period.count >= CAPACITY or period.month != month:
            return Placing(batch, batch, month, period.closed() if period is not None else None)
        block = batch if progress.block_count >= BLOCK_MIN else progress.block
        return Placing(block, period.number, month, None)

    def kept(self, placing: Placing, digests: Sequence[bytes], received: Iterable[int]) -> None:
        """Note what a committed batch added."""
        if not digests:
            return
        times = list(received)
        if self._open is None or self._open.number != placing.bloom:
            if self._open is not None:
                self._closed.append(self._open)
            self._open = _Period(placing.bloom, placing.month)
        self._with_blocks.add(placing.bloom)
        self._note(self._open, digests)
        self._open.received_from = min(self._open.received_from, *times)
        self._open.received_to = max(self._open.received_to, *times)

    def forgot(self, connection: Connection) -> None:
        """Look again which filters have their ids one by one, after blocks were deleted."""
        self._with_blocks = ledger.filters_with_blocks(connection)

    def _periods(self) -> list[_Period]:
        return self._closed if self._open is None else [self._open, *reversed(self._closed)]

    @staticmethod
    def _note(period: _Period, digests: Sequence[bytes]) -> None:
        period.bloom.add(as_numbers(list(digests)))
        period.count += len(digests)


def _find_kept(connection: Connection, suspects: Sequence[bytes], number: int) -> dict[bytes, Earlier]:
    found = {}
    for digest in suspects:
        message = ledger.find_in_filter(connection, digest, number)
        if message is not None:
            found[digest] = Earlier(message.content, message.block)
    return found
