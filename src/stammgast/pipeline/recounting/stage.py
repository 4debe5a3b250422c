"""Counting anew in the background: a slice between two batches, a page of history at a time, a short transaction for each piece.

What was written stays written: a worker that dies goes on behind the last piece. Features whose version rose are folded live
only where they are counted already; a window folds what comes in meanwhile for the rest.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from time import monotonic
from typing import Any, Protocol

import msgspec
from sqlalchemy import Connection

from stammgast.events.contracts import Taken
from stammgast.kernel import clock, outbox
from stammgast.kernel.errors import StammgastError
from stammgast.kernel.features import Feature
from stammgast.kernel.history import HistoryClient, HistoryUnavailable
from stammgast.kernel.passing import is_passing
from stammgast.kernel.position import LeaseLost, Progress, keep_progress
from stammgast.kernel.set_aside import HISTORY, count_set_aside
from stammgast.kernel.state import State
from stammgast.pipeline.crash import crash_point
from stammgast.pipeline.memory import Memory
from stammgast.pipeline.recounting.asking import Answer, Asker
from stammgast.pipeline.recounting.live import LiveFolding
from stammgast.pipeline.recounting.plan import ATTEMPTS, Known, Plan, Span, plan_recount
from stammgast.pipeline.recounting.window import Window
from stammgast.pipeline.recounting.writing import STEP, Piece, next_piece
from stammgast.profiles.api.recounts import (
    ACCOUNTS,
    Part,
    Recount,
    RecountOrder,
    counting_of,
    joined_parts,
    keep_recount,
    keep_versions,
    noted_at_start,
    ordered_recount,
    read_recount,
    recount_at_start,
    trying_again,
    versions_of,
    without,
)
from stammgast.profiles.api.worker import LISTED_FEATURES, Folding, accounts, ledger, states

logger = logging.getLogger(__name__)

SLICE_SECONDS = 0.025
"""How long a batch may have to wait for folding; a piece's transaction comes on top."""
SHARE_MAX = 0.15
"""How much of its time the worker gives to this while the log is full."""
ROWS_AT_ONCE = 200
ROWS_UNWRITTEN = 5_000
"""Rows folded before a piece is written that has fewer anchors than `STEP`."""
WINDOWS_OPEN = 2
"""The next window is opened early, so that history has what it needs when its turn comes."""
PARTS_MAX = 1_000
RETRY_SECONDS_MAX = 30.0
PAUSE_SECONDS = 5.0
"""A longer silence between two pieces counts as no more: the machine slept, or a person had it paused."""


class Lists(Protocol):
    """The lists of customers and accounts, which follow what is counted. A mark is listed once `rounds` is `next_round`."""

    @property
    def is_clean(self) -> bool: ...  # noqa: D102
    @property
    def rounds(self) -> int: ...  # noqa: D102
    @property
    def next_round(self) -> int: ...  # noqa: D102

    def mark(self, anchors: set[int], gone: set[int], accounts: Iterable[int] = ()) -> None: ...  # noqa: D102


class Recounting:
    """The stage. `step` between batches, `took` after each commit; `live` tells batches what to fold."""

    def __init__(
        self,
        state: State,
        history: HistoryClient,
        folding: Folding,
        memory: Memory,
        lists: Lists,
        wake: Callable[[], object],
        orders: Callable[[Recount], Sequence[RecountOrder]] = lambda _recount: (),
    ) -> None:
        """Go on with what was under way; `start` looks whether there is more. `orders`: those of people, not yet obeyed."""
        self._state = state
        self._history = history
        self._features = {one.name: one for one in folding.features}
        self._versions = versions_of(folding.features)
        self._memory = memory
        self._lists = lists
        self._asker = Asker(wake)
        self._orders = orders
        self._recount = Recount()
        self._noted: dict[str, int] = {}
        self.live = LiveFolding(folding)
        self._plan: Plan | None = None
        self._planning: Answer[Plan] | None = None
        self._known: Known | None = None
        self._windows: deque[Window] = deque()
        self._next_batch = 0
        """The batch that windows have to be told of next."""
        self._not_before = 0.0
        self._failures = 0
        self._noted_at = monotonic()
        self._listed_with = (0, 0)
        """(round of the lists, anchor): once that round is done, everything up to the anchor is listed."""

    @property
    def is_clean(self) -> bool:
        """Say whether nothing is under way."""
        return self._recount.state != "going_on"

    def start(self, connection: Connection, progress: Progress) -> None:
        """Look what has to be counted anew, in the worker's first transaction."""
        kept, noted = read_recount(connection)
        self._noted = noted_at_start(noted, self._versions, anchors=progress.next_anchor)
        self._recount = recount_at_start(
            kept,
            self._noted,
            self._versions,
            anchors=progress.next_anchor,
            accounts=accounts.next_account(connection),
            now=clock.now_millis(),
        )
        if self._noted != noted:
            keep_versions(connection, self._noted)
        if self._recount != kept:
            keep_recount(connection, self._recount)
        self._look_again()
        for name, (before, now) in self._recount.features.items() if self._recount.is_unfinished else ():
            logger.warning(
                "a figure is counted anew from history", extra={"feature": name, "folded_by": before, "version": now}
            )

    @property
    def counted_by(self) -> tuple[list[tuple[str, int]], int]:
        """What figures are counted by: versions of folds, and when the last recount ended (ms UTC, 0 for none)."""
        found = self._recount
        return sorted(self._noted.items()), found.ended_at or 0 if found.state == "done" else 0

    def relist(self) -> None:
        """Let the lists follow what a worker before counted and may not have listed."""
        found = self._recount
        if found.is_unfinished and (LISTED_FEATURES | {ACCOUNTS}) & found.features.keys():
            with self._state.read() as connection:
                anchors = {
                    one for one, _ in states.states_between(connection, found.listed, found.anchor, found.anchor)
                }
                every = accounts.every_account(connection) if ACCOUNTS in found.features else ()
            self._lists.mark(anchors, set(), every)

    def took(self, batch: int, taken: Sequence[Taken]) -> None:
        """Take what a batch committed; own events are in no figure."""
        if batch == self._next_batch:
            self._next_batch = batch + 1
            for window in self._windows:
                window.take(one for one in taken if not one.event.origin or self.live.takes_own(one.event.name))

    def step(self, epoch: int, progress: Progress, *, is_busy: bool) -> bool:
        """Do a slice of work; say whether there was any. `is_busy`: the log is full. Raises LeaseLost."""
        self._obey_orders(epoch, progress)
        if progress.next_batch != self._next_batch:
            # Something fell over between a commit and `took`, or nothing was ever told: windows lack what came in.
            self._begin_again()
            self._next_batch = progress.next_batch
        if self.is_clean or monotonic() < self._not_before:
            return False
        began = monotonic()
        try:
            did = self._advance(epoch, progress, began + SLICE_SECONDS)
        except HistoryUnavailable:
            self._wait_for_history(epoch, progress)
            return False
        except Exception as problem:
            if isinstance(problem, LeaseLost) or is_passing(problem):
                raise
            # Whatever it was, it must never hold up what comes in.
            logger.exception("counting anew fell over")
            self._failed(problem, epoch, progress)
            return False
        if is_busy and did:
            self._not_before = monotonic() + (monotonic() - began) / SHARE_MAX
        return did

    def close(self) -> None:
        """End; what is not written is counted again."""
        self._asker.close()

    def _advance(self, epoch: int, progress: Progress, until: float) -> bool:
        if self._recount.phase == "lists":
            return self._finish(epoch, progress)
        if self._plan is None:
            return self._make_plan(epoch, progress)
        self._open_windows(progress)
        if not self._windows:
            self._next_phase(epoch, progress)
            return True
        window = self._windows[0]
        if not window.is_readable:
            if not self._is_delivered(window.through):
                return False
            with self._state.read() as connection:
                refused = count_set_aside(connection).get(HISTORY, 0)
            if refused and not self._recount.is_forced:
                self._block(epoch, progress, refused)
                return False
            window.is_readable = True
        window.ask(self._history, self._asker)
        did = False
        while monotonic() < until and window.turn_page():
            window.ask(self._history, self._asker)
            window.fold_some(ROWS_AT_ONCE)
            did = True
        if self._is_worth_writing(window):
            self._write(window, epoch, progress)
            did = True
        return did

    def _begin_again(self) -> None:
        """Read anew whatever is not written."""
        self._windows.clear()
        self._plan, self._planning, self._known = None, None, None

    @staticmethod
    def _is_worth_writing(window: Window) -> bool:
        """Say whether there is a piece: each costs a transaction, whatever it holds."""
        return window.is_read or (
            window.complete > window.at and (window.complete - window.at >= STEP or window.rows >= ROWS_UNWRITTEN)
        )

    def _obey_orders(self, epoch: int, progress: Progress) -> None:
        try:
            orders = self._orders(self._recount)
        except StammgastError as problem:
            logger.warning("orders can't be read", extra={"problem": problem.code})
            return
        for order in orders:
            self._obey(order, epoch, progress)

    def _obey(self, order: RecountOrder, epoch: int, progress: Progress) -> None:
        before = self._recount
        after = before
        if order.action == "start":
            with self._state.read() as connection:
                fresh = accounts.next_account(connection)
            after = ordered_recount(
                before,
                self._noted,
                self._versions,
                order.features,
                anchors=progress.next_anchor,
                accounts=fresh,
                now=clock.now_millis(),
            )
            after = msgspec.structs.replace(after, state="going_on", person=order.person, is_forced=order.is_forced)
        elif order.action == "pause" and before.state == "going_on":
            after = msgspec.structs.replace(before, state="paused")
        elif order.action == "resume" and before.is_unfinished:
            is_forced = before.is_forced or order.is_forced
            after = msgspec.structs.replace(before, state="going_on", note="", is_forced=is_forced)
        elif order.action == "again" and before.parts:
            after = trying_again(before, self._versions, order.person, clock.now_millis())
        logger.info("order obeyed", extra={"action": order.action, "order": order.id})
        if after is not before:
            # While it was paused, windows would have had to keep all that came in.
            self._begin_again()
            self._failures, self._not_before = 0, 0.0
            self._listed_with = (self._lists.next_round, after.listed)
            self._noted_at = monotonic()
        self._recount = msgspec.structs.replace(after, order=order.id)
        self._change(epoch, progress)

    def _make_plan(self, epoch: int, progress: Progress) -> bool:
        if self._planning is None:
            if self._known is None:
                with self._state.read() as connection:
                    self._known = Known(progress.next_batch - 1, ledger.count_messages(connection))
            if self._is_delivered(self._known.through):
                recount, features, known = self._recount, self._counted(self._recount.features), self._known
                self._planning = self._asker.ask(
                    lambda: plan_recount(recount, features, self._state, self._history, known)
                )
            return False
        if not self._planning.is_there:
            return False
        planning, self._planning, self._known = self._planning, None, None
        plan = planning.take()
        self._failures = 0
        self._plan = plan
        self._change(epoch, progress, events_total=self._recount.events + plan.rows, lacking=plan.lacking, note="")
        if plan.lacking and not self._recount.is_forced:
            self._block(epoch, progress, plan.lacking)
        return True

    def _block(self, epoch: int, progress: Progress, lacking: int) -> None:
        """Stand still until history has all that was taken in, or a person takes the loss."""
        logger.error("history lacks events that were taken in; nothing is counted anew", extra={"events": lacking})
        self._begin_again()
        self._change(epoch, progress, lacking=lacking, state="blocked", note="")

    def _open_windows(self, progress: Progress) -> None:
        assert self._plan is not None
        while len(self._windows) < WINDOWS_OPEN and self._plan.spans:
            span = self._plan.spans[0]
            if self._windows and self._windows[-1].kind != span.kind:
                return  # Accounts come when all customers are written.
            if span.kind == "accounts" and self._recount.phase == "customers":
                return
            del self._plan.spans[0]
            self._windows.append(self._window(span, progress))

    def _window(self, span: Span, progress: Progress) -> Window:
        names = self._recount.features if span.part is None else span.part.features
        return Window(
            span.kind,
            (span.first, span.last),
            self._counted(names),
            through=progress.next_batch - 1,
            with_accounts=ACCOUNTS in names,
            names=span.names,
            part=span.part,
        )

    def _counted(self, names: Iterable[str]) -> list[Feature[Any]]:
        wanted = set(names)
        return [one for name, one in self._features.items() if name in wanted]

    def _is_delivered(self, batch: int) -> bool:
        with self._state.read() as connection:
            waiting = outbox.first_parcel(connection)
        return waiting is None or waiting > batch

    def _write(self, window: Window, epoch: int, progress: Progress) -> None:
        recalled = {name: before for name, (before, _) in self._recount.features.items()}
        with self._state.read() as connection:
            piece = next_piece(connection, window, recalled, self._recount.outdated)
        after = self._after(window, piece)
        with self._state.write() as connection:
            states.write_states(connection, piece.states)
            accounts.write_accounts(connection, piece.accounts, progress.next_batch)
            accounts.remove_members(connection, piece.members_gone)
            keep_recount(connection, after)
            keep_progress(connection, epoch, progress)
            crash_point("in_recount")
        crash_point("recounted")
        self._recount = after
        if window.kind == "customers":
            # States in memory are whole ones: written back, they would undo what was counted.
            self._memory.drop_states(window.at + 1, piece.last)
        window.wrote(piece.last)
        self._failures = window.attempts = 0
        if window.at >= window.last:
            self._windows.popleft()
        self._look_again()
        self._lists.mark(piece.listed, set(), piece.accounts_listed)
        if self._listed_with[1] <= after.listed:
            self._listed_with = (self._lists.next_round, after.anchor)

    def _after(self, window: Window, piece: Piece) -> Recount:
        """Return the recount as it is once a piece is written."""
        before = self._recount
        parts = without(before.parts, window.kind, window.at + 1, piece.last)
        for number, error in sorted(piece.failed.items()):
            parts = joined_parts(parts, self._part(window, number, number, error))
        where = {} if window.part is not None else {_FRONTIERS[window.kind]: piece.last}
        return self._spent(
            before,
            **where,
            events=before.events + window.rows,
            changed=before.changed + len(piece.states),
            parts=parts,
            state="paused" if len(parts) > PARTS_MAX else before.state,
            note="parts" if len(parts) > PARTS_MAX else "",
            listed=max(before.listed, self._listed_with[1]) if self._is_listed() else before.listed,
        )

    def _part(self, window: Window, first: int, last: int, error: str, attempts: int = 1) -> Part:
        names = tuple(self._recount.features if window.part is None else window.part.features)
        tried = 0 if window.part is None else window.part.attempts
        outdated = tuple(one for one in names if one in self._recount.outdated)
        if window.part is not None:
            outdated = window.part.outdated
        return Part(window.kind, first, last, names, outdated, tried + attempts, error, clock.now_millis())

    def _next_phase(self, epoch: int, progress: Progress) -> None:
        assert self._plan is not None
        found = self._recount
        phase = found.phase
        if phase == "customers" and self._plan.spans:
            self._change(epoch, progress, phase="accounts")
            return
        self._plan = None
        self._listed_with = (self._lists.next_round, found.anchor)
        is_left = any(part.attempts < ATTEMPTS for part in found.parts)
        self._change(
            epoch,
            progress,
            phase="again" if is_left else "lists",
            anchor=max(found.anchor, found.anchors_until - 1),
            account=max(found.account, found.accounts_until - 1),
        )

    def _finish(self, epoch: int, progress: Progress) -> bool:
        """Note that all is counted, once the lists show it."""
        if not self._is_listed():
            return False
        done = self._spent(self._recount, state="done", note="", ended_at=clock.now_millis())
        noted = {**self._noted, **{name: now for name, (_, now) in done.features.items()}}
        with self._state.write() as connection:
            keep_versions(connection, noted)
            keep_recount(connection, done)
            keep_progress(connection, epoch, progress)
            crash_point("in_recount")
        self._recount, self._noted = done, noted
        self._look_again()
        logger.info("figures are counted anew", extra={"events": done.events, "changed": done.changed})
        return True

    def _is_listed(self) -> bool:
        return self._lists.is_clean or self._lists.rounds >= self._listed_with[0]

    def _failed(self, problem: Exception, epoch: int, progress: Progress) -> None:
        """Try the window again; the third time set aside what of it is not written."""
        self._planning = None
        window = self._windows[0] if self._windows else None
        if window is not None and window.attempts + 1 < ATTEMPTS:
            window.begin_again()
        elif window is not None:
            error = f"{type(problem).__name__}"
            part = self._part(window, window.at + 1, window.last, error, ATTEMPTS)
            parts = without(self._recount.parts, window.kind, window.at + 1, window.last)
            where = {} if window.part else {_FRONTIERS[window.kind]: window.last}
            self._windows.popleft()
            self._change(epoch, progress, parts=joined_parts(parts, part), **where)
            span = range(part.first, part.last + 1)
            self._lists.mark(*(set(span), set(), ()) if window.kind == "customers" else (set(), set(), span))
        self._failures += 1
        self._not_before = monotonic() + min(0.1 * 2.0**self._failures, RETRY_SECONDS_MAX)

    def _wait_for_history(self, epoch: int, progress: Progress) -> None:
        self._planning = None
        self._failures += 1
        self._not_before = monotonic() + min(0.1 * 2.0**self._failures, RETRY_SECONDS_MAX)
        if self._recount.note != "history":
            self._change(epoch, progress, note="history")

    def _change(self, epoch: int, progress: Progress, **values: Any) -> None:
        after = self._spent(self._recount, **values)
        with self._state.write() as connection:
            keep_recount(connection, after)
            keep_progress(connection, epoch, progress)
        self._recount = after
        self._look_again()

    def _spent(self, recount: Recount, **values: Any) -> Recount:
        """Return the recount with other values, and the time that went by since the last ones."""
        now = monotonic()
        passed = min(now - self._noted_at, PAUSE_SECONDS)
        self._noted_at = now
        return msgspec.structs.replace(recount, busy_millis=recount.busy_millis + round(passed * 1000), **values)

    def _look_again(self) -> None:
        self.live.follow(counting_of(self._recount, self._noted, self._versions))


_FRONTIERS = {"customers": "anchor", "accounts": "account"}
