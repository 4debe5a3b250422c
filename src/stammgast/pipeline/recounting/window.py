"""A part of the anchors (or accounts) on its way: its events out of history up to a batch, and what comes in meanwhile.

A window is opened between two batches. What batches up to then committed is in history once the outbox is delivered through
them; what later ones commit is folded here as well, apart. Both sets are disjoint and together they are all there is, so the sum of
both states is the state of a fold from the beginning.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from stammgast.events.contracts import Event, Taken
from stammgast.kernel.features import Feature
from stammgast.kernel.history import HistoryClient
from stammgast.pipeline.recounting.asking import Answer, Asker
from stammgast.profiles.api.recounts import (
    PAGE,
    Fact,
    Kind,
    Part,
    Place,
    Wanted,
    page_of_accounts,
    page_of_customers,
    place_of,
    restored,
)
from stammgast.profiles.api.worker import ACCOUNT_FOLDING, MEMBER_FOLDING, Folding, State

logger = logging.getLogger(__name__)

Members = dict[str, State]
"""Group id -> what one anchor did as that account."""


class Tally:
    """States by anchor (or account), and of each anchor those of its memberships."""

    def __init__(self) -> None:
        """Nothing is counted yet."""
        self.states: dict[int, State] = {}
        self.members: dict[int, Members] = {}

    def drop(self, last: int) -> None:
        """Forget all up to a number."""
        for kept in (self.states, self.members):
            for number in [one for one in kept if one <= last]:
                del kept[number]


class Window:
    """Numbers `first` to `last` of one kind. `at`: up to where they are written. `through`: the last batch read from history."""

    def __init__(
        self,
        kind: Kind,
        span: tuple[int, int],
        features: Sequence[Feature[Any]],
        *,
        through: int,
        with_accounts: bool = False,
        names: Mapping[str, int] | None = None,
        part: Part | None = None,
    ) -> None:
        """Open a window; `names`: group id -> number, of a window of accounts. `part`: the one that is tried again."""
        self.kind = kind
        self.first, self.last = span
        self.at = self.first - 1
        self._complete = self.at
        self.through = through
        self.part = part
        self.features = tuple(features)
        self.with_members = with_accounts and kind == "customers"
        self.names = names or {}
        self.wanted = Wanted.by(self.features, with_accounts=self.with_members)
        self.folding = ACCOUNT_FOLDING if kind == "accounts" else Folding(self.features)
        self.history = Tally()
        self.meanwhile = Tally()
        self.failed: dict[int, str] = {}
        """Number -> error, of those on which a fold fell over."""
        self.rows = 0
        """Rows folded since the last writing."""
        self.is_readable = False
        self.attempts = 0
        self._place: Place | None = None
        self._answer: Answer[list[Fact]] | None = None
        self._page: Sequence[Fact] = ()
        self._next = 0
        self._is_last = False

    @property
    def complete(self) -> int:
        """Every row of the numbers up to this one is folded."""
        return self.last if self.is_read else self._complete

    @property
    def is_read(self) -> bool:
        """Say whether all rows are folded."""
        return self._is_last and self._next == len(self._page)

    def begin_again(self) -> None:
        """Read anew what is not written yet; what came in meanwhile stays."""
        self.attempts += 1
        self.history = Tally()
        self._complete = self.at
        self.rows = 0
        self._place, self._answer, self._page, self._next, self._is_last = None, None, (), 0, False

    def ask(self, history: HistoryClient, asker: Asker) -> None:
        """Let the next page be read, unless one is on its way or none is left."""
        if self._answer is None and not self._is_last:
            place, through = self._place, self.through
            if self.kind == "accounts":
                groups = sorted(self.names)
                self._answer = asker.ask(lambda: page_of_accounts(history, groups, through, place))
            else:
                wanted, span = self.wanted, (self.at + 1, self.last)
                self._answer = asker.ask(lambda: page_of_customers(history, wanted, span, through, place))

    def turn_page(self) -> bool:
        """Take up the next page when the last one is folded and it has come; say whether there is anything to fold.

        Raises what reading raised; the same page is then asked for again.
        """
        if self._next < len(self._page):
            return True
        answer = self._answer
        if answer is None or not answer.is_there:
            return False
        self._answer = None
        self._page, self._next = answer.take(), 0
        if self._page:
            self._place = place_of(self._page[-1])
        self._is_last = len(self._page) < PAGE
        return bool(self._page)

    def fold_some(self, count: int) -> None:
        """Fold rows of the page."""
        rows = self._page[self._next : self._next + count]
        for row in rows:
            number = self.names[row.group_id] if self.kind == "accounts" else row.anchor
            if number not in self.failed:
                self._fold(self.history, number, restored(row))
        self._next += len(rows)
        self.rows += len(rows)
        if self.kind == "customers" and rows:
            self._complete = rows[-1].anchor - 1

    def take(self, taken: Iterable[Taken]) -> None:
        """Fold what a batch committed of the numbers that are not written yet."""
        for one in taken:
            number = self.names.get(one.event.group_id, 0) if self.kind == "accounts" else one.anchor
            if self.at < number <= self.last and number not in self.failed:
                self._fold(self.meanwhile, number, one.event)

    def wrote(self, last: int) -> None:
        """Note that everything up to a number is written."""
        self.at = last
        self.history.drop(last)
        self.meanwhile.drop(last)
        self.rows = 0

    def _fold(self, tally: Tally, number: int, event: Event) -> None:
        try:
            self.folding.fold(tally.states.setdefault(number, {}), event)
            if self.with_members and event.group_id:
                members = tally.members.setdefault(number, {})
                MEMBER_FOLDING.fold(members.setdefault(event.group_id, {}), event)
        except Exception as problem:  # noqa: BLE001 - told by `fail`; one number must not hold up the others
            self.fail(number, "folding", problem)

    def fail(self, number: int, stage: str, problem: Exception) -> None:
        """Note that a number can't be counted; the others can."""
        extra = {"kind": self.kind, "number": number}
        logger.error("figures can't be counted anew", extra=extra, exc_info=problem)
        self.failed[number] = f"{stage}: {type(problem).__name__}"
