"""The profile stage: everybody who changed, moved or whose moment came is loaded once and looked at by the modules' watchers.

Apart from the batches, in steps of some ten milliseconds between them. One transaction, fenced by the worker's epoch, holds what
was looked at, results, timers and own events; the next batch admits those. Who dies in between looks again and finds the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic

import msgspec
from sqlalchemy import Connection

from stammgast.identity.store import graph, whole
from stammgast.kernel import clock, outbox
from stammgast.kernel.blobs.holds import hold_blobs, release_blobs
from stammgast.kernel.effects import HoldBlob
from stammgast.kernel.ids import digest128
from stammgast.kernel.own_queue import queue_own
from stammgast.kernel.ports.watching import Before, Cause, Kept, ProfileView, Watcher
from stammgast.kernel.position import Progress, keep_progress
from stammgast.kernel.state import State
from stammgast.kernel.timers import cancel_timers, set_timers
from stammgast.pipeline.crash import crash_point
from stammgast.pipeline.watching import store
from stammgast.pipeline.watching.failures import Failures
from stammgast.pipeline.watching.looking import Found, Obeyed, look
from stammgast.pipeline.watching.marking import Marking
from stammgast.pipeline.watching.rounds import Round
from stammgast.pipeline.watching.store import Marks
from stammgast.pipeline.watching.viewing import Viewing
from stammgast.profiles.api.worker import TraitPolicies

STEP = 400
"""Profiles of one step."""
DUE_TURN = 4
"""Every so many steps those whose moment came go first, so that busy hours can't hold them up for ever."""
BUSY_SECONDS, IDLE_SECONDS = 0.05, 0.1
"""How long the stage may go on between two batches: while the log is full, and else."""
LOOK_SECONDS = 0.2
"""How often it is asked whose moment came, while nobody waits."""


@dataclass(frozen=True)
class Step:
    """What one step looks at, as read. due: how many are looked at because their moment came. after: see `Round.take`."""

    now: int
    marks: Marks
    due: int
    after: int | None
    views: list[ProfileView]
    gone: set[int]
    before: Mapping[str, Mapping[int, Before]]
    wakes: Mapping[int, int | None]
    aside: set[str]
    """Keys of what is set aside of them."""


class ProfileStage:
    """Knows whom to look at; `step` looks. Without watchers it does nothing and costs nothing."""

    def __init__(
        self, state: State, watchers: Sequence[Watcher], viewing: Viewing, let_go: Callable[[list[str]], None]
    ) -> None:
        """Take up what a worker before left. `let_go`: told of kept files that nobody holds any more, after the commit."""
        assert len({one.name for one in watchers}) == len(watchers), "two watchers of one name"
        self.watchers = tuple(watchers)
        self._state = state
        self._viewing = viewing
        self._let_go = let_go
        self._steps = 0
        self._holds: tuple[object, TraitPolicies] | None = None
        self._due_at: int | None = None
        self._asked_at = float("-inf")
        with state.read() as connection:
            self._marking = Marking(store.load_marks(connection) if watchers else ())
            self._round = Round(connection)
            self._failures = Failures(connection, [one.name for one in watchers])

    @property
    def is_on(self) -> bool:
        """Say whether any module watches."""
        return bool(self.watchers)

    def added(self, number: int, since: int, marks: Marks) -> None:
        """Note marks that a batch has kept (`store.add_marks`)."""
        self._marking.add(number, since, marks)

    def mark(self, anchors: Iterable[int], gone: Iterable[int] = (), cause: Cause = Cause.ANEW) -> None:
        """Mark whom something else than a batch changed; kept at once, in a transaction of its own."""
        marks = dict.fromkeys(anchors, int(cause)) | dict.fromkeys(gone, int(cause | Cause.GONE))
        if not (self.watchers and marks):
            return
        now = clock.now_millis()
        with self._state.write() as connection:
            number = store.add_marks(connection, store.encode_marks(marks), now)
        self.added(number, now, marks)

    def follow(self, made_by: object, next_anchor: int) -> None:
        """Look at everybody when something else holds than when that was done: watchers, policies of traits, or `made_by`.

        made_by: what else views are made by, such as the version of the identity rules; JSON-like.
        """
        if not self.watchers:
            return
        holds = (made_by, self._viewing.policies())
        if self._holds is not None and holds[0] == self._holds[0] and holds[1] is self._holds[1]:
            return
        self._holds = holds
        if self._round.notice(self._digest(*holds), next_anchor):
            with self._state.read() as connection:
                gone = set(whole.all_aliases(connection))
            # A worker may have died before it marked the numbers of profiles that are no more.
            self.mark((), gone)
            with self._state.write() as connection:
                self._round.keep(connection, 0)

    @property
    def is_clean(self) -> bool:
        """Say whether everybody was looked at, except those whose moment may just have come."""
        return not (self._marking or self._round.is_going_on)

    @property
    def waiting(self) -> int:
        """How many marks wait."""
        return len(self._marking)

    def lag_seconds(self) -> float:
        """Return for how long somebody waits to be looked at; a round over everybody does not count."""
        since = [one for one in (self._marking.since, self._due_at) if one is not None]
        return max(0.0, (clock.now_millis() - min(since)) / 1000) if since else 0.0

    def work(self, epoch: int, progress: Progress, *, is_busy: bool) -> bool:
        """Take steps for a while; say whether somebody still waits."""
        if not self.watchers:
            return False
        deadline = monotonic() + (BUSY_SECONDS if is_busy else IDLE_SECONDS)
        while self._is_due():
            self.step(epoch, progress)
            if monotonic() >= deadline:
                return True
        return False

    def step(self, epoch: int, progress: Progress) -> None:
        """Look at up to STEP profiles."""
        self._steps += 1
        with self._state.read() as connection:
            step = self._read(connection, clock.now_millis())
        crash_point("in_look")
        found = look(self.watchers, step.views, step.before)
        let_go = self._write(epoch, progress, step, found)
        crash_point("looked")
        self._marking.done(step.marks)
        if step.after is not None:
            self._round.went_on(step.after)
        if step.due < STEP:
            self._due_at, self._asked_at = None, monotonic()
        elif self._due_at is None:
            self._asked_at = float("-inf")
        if let_go:
            self._let_go(let_go)

    def _read(self, connection: Connection, now: int) -> Step:
        due = store.due_profiles(connection, now, STEP)
        is_their_turn = bool(due) and self._steps % DUE_TURN == 0
        marks = {} if is_their_turn else self._marking.first(STEP)
        causes, numbers = _causes(connection, marks)
        taken = due[: max(0, STEP - len(causes))]
        for profile in taken:
            causes[profile] = causes.get(profile, Cause(0)) | Cause.TIME
        after = None if due else self._round.take(connection, causes, STEP - len(causes))
        views, gone = self._viewing.load(connection, causes, now)
        gone |= {one for one in numbers if one not in causes}
        profiles = [one.profile for one in views]
        return Step(
            now=now,
            marks=marks,
            due=len(taken),
            after=after,
            views=views,
            gone=gone,
            before=self._before(connection, profiles, gone),
            wakes=store.wakes_of(connection, profiles),
            aside=self._failures.find(connection, [*profiles, *gone]),
        )

    def _before(
        self, connection: Connection, profiles: Sequence[int], gone: set[int]
    ) -> Mapping[str, Mapping[int, Before]]:
        into = {one: now for one in gone if (now := graph.current_profile(connection, one)) is not None and now != one}
        known: dict[str, dict[int, Before]] = {}
        for watcher in self.watchers:
            kept = self._load(connection, watcher, [*profiles, *gone])
            absorbed: dict[int, list[Kept]] = {}
            for number, profile in sorted(into.items()):
                if number in kept:
                    absorbed.setdefault(profile, []).append(kept[number])
            known[watcher.name] = {
                one: Before(kept.get(one), tuple(absorbed.get(one, ())), self._round.is_before(one)) for one in profiles
            }
        return known

    def _write(self, epoch: int, progress: Progress, step: Step, found: Found) -> list[str]:
        """Keep everything in one transaction; return the kept files that nobody holds any more."""
        batch = progress.next_batch - 1
        rows = [
            (profile, batch, step.now, _earlier(step.wakes.get(profile), wake_at, step.now))
            for profile, wake_at in found.wakes.items()
        ]
        with self._state.write() as connection:
            keep_progress(connection, epoch, progress)
            store.keep_watched(connection, rows, step.gone)
            for watcher in self.watchers:
                forgotten = step.gone | found.forgotten[watcher.name]
                self._keep(connection, watcher, found.results[watcher.name], forgotten)
            self._failures.keep(connection, found.failed, step.aside, step.now)
            let_go = _write_obeyed(connection, found.obeyed, step.now)
            if step.marks:
                store.drop_marks(connection, self._marking.open_after(step.marks))
            if step.after is not None:
                self._round.keep(connection, step.after)
            crash_point("in_looked")
        return let_go

    def _load(self, connection: Connection, watcher: Watcher, profiles: list[int]) -> Mapping[int, Kept]:
        if watcher.keeping is not None:
            return watcher.keeping.load(connection, profiles)
        return store.load_results(connection, watcher.name, profiles)

    def _keep(self, connection: Connection, watcher: Watcher, kept: Mapping[int, Kept], gone: Iterable[int]) -> None:
        if watcher.keeping is not None:
            watcher.keeping.keep(connection, kept, gone)
        else:
            store.keep_results(connection, watcher.name, kept, gone)

    def _is_due(self) -> bool:
        if self._marking or self._round.is_going_on:
            return True
        if self._due_at is None and monotonic() - self._asked_at >= LOOK_SECONDS:
            self._asked_at = monotonic()
            with self._state.read() as connection:
                self._due_at = store.due_since(connection, clock.now_millis())
        return self._due_at is not None

    def _digest(self, made_by: object, policies: TraitPolicies) -> bytes:
        watchers = sorted((one.name, one.version) for one in self.watchers)
        return digest128(msgspec.json.encode((watchers, made_by, policies)))


def _earlier(stored: int | None, asked: int | None, now: int) -> int | None:
    """Return when to wake: a moment that was set stays unless an earlier one is asked for; one that came is over."""
    if stored is None or stored <= now:
        return asked
    return stored if asked is None else min(stored, asked)


def _write_obeyed(connection: Connection, obeyed: Obeyed, now: int) -> list[str]:
    queue_own(connection, obeyed.own, now)
    cancel_timers(connection, obeyed.cancelled)
    set_timers(connection, obeyed.timers)
    outbox.add_effects(connection, obeyed.deliveries, now)
    let_go: list[str] = []
    for one in obeyed.holds:
        if isinstance(one, HoldBlob):
            hold_blobs(connection, [(one.blob, one.holder)], now)
        else:
            let_go += release_blobs(connection, one.holder)
    return let_go


def _causes(connection: Connection, marks: Marks) -> tuple[dict[int, Cause], set[int]]:
    """Return profile -> why it is looked at, and the numbers that may be gone."""
    current = graph.profiles_of_anchors(connection, list(marks))
    causes: dict[int, Cause] = {}
    numbers: set[int] = set()
    for anchor, bits in marks.items():
        if bits & Cause.GONE:
            numbers.add(anchor)
        profile = current.get(anchor, anchor)
        if profile:
            causes[profile] = causes.get(profile, Cause(0)) | Cause(bits & ~Cause.GONE)
    return causes, numbers
