"""One batch from events to changes: deduplicate, resolve, fold, react, encode. Nothing is written here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import msgspec
import zstandard
from sqlalchemy import Connection

from stammgast.events import api as events
from stammgast.events.contracts import Event, OwnEvent, Rejected, Taken
from stammgast.identity.graph.rules import Ranking
from stammgast.identity.resolution import Pair, Resolution
from stammgast.identity.store import graph
from stammgast.kernel.effects import CancelTimer, Deliver, Derive, Effect, Happened, HoldBlob, ReleaseBlobs, SetTimer
from stammgast.kernel.ids import Anchor, ProfileId
from stammgast.kernel.outbox import Parcel, RecentRow
from stammgast.kernel.position import Progress
from stammgast.pipeline.again import placed_rows, take_up
from stammgast.pipeline.changes import Changes, Outcome
from stammgast.pipeline.contests import Contests
from stammgast.pipeline.memory import KnownAnchor, Memory
from stammgast.pipeline.reading import Reading
from stammgast.pipeline.recounting.live import LiveFolding
from stammgast.pipeline.resolving import Resolver
from stammgast.pipeline.seen import AskHistory, Earlier, SeenMessages
from stammgast.pipeline.timing import Fired
from stammgast.profiles.api.worker import AccountFold, HistoryRow, encode_rows, encode_state, history_row

logger = logging.getLogger(__name__)

RECENT_MAX = 200
"""Most lines a batch writes into the live view."""
ROUNDS_MAX = 4
"""How deep events may be derived from derived events."""
DERIVED_MAX = 100
"""How many events one event of the log (or one timer) may set off, however deep."""
DERIVED_PLACE = 1_000_000
"""Where events that an event set off are numbered from, behind all that may stand in its request."""

Reactor = Callable[[Happened], Iterable[Effect]]
PoisonKey = tuple[int, int] | str
"""(position, ordinal) of an event in the log; the message id of a derived one."""


class StageFailed(Exception):
    """A stage fell over on one event."""

    def __init__(self, taken: Taken, stage: str, cause: Exception) -> None:
        """Say which event, where and why."""
        super().__init__(f"{stage}: {type(cause).__name__}")
        self.key = poison_key(taken)
        self.__cause__ = cause


def poison_key(taken: Taken) -> PoisonKey:
    """Return what names an event when its batch is computed again."""
    raw = taken.raw
    return taken.event.message_id if raw is None or taken.event.origin else (raw.position, raw.ordinal)


@dataclass
class Bench:
    """What stays from batch to batch: memory, the filters of seen messages, the modules' folds and reactors."""

    memory: Memory
    seen: SeenMessages
    reactors: Sequence[Reactor]
    normalise: Callable[[str, str], Pair | None]
    ranking: Ranking
    ask_history: AskHistory
    live: LiveFolding
    contests: Contests = field(default_factory=Contests)
    poison: dict[PoisonKey, str] = field(default_factory=dict)
    """Events of the present batch on which a stage fell over, and what happened."""

    def forget(self) -> None:
        """Read everything again: what memory holds was computed on top of a batch that is not kept."""
        self.memory.forget()
        self.contests.forget()


class Batch:
    """Computes one batch; made for it and thrown away. `connection` reads the state as the last batch left it."""

    def __init__(self, bench: Bench, connection: Connection, progress: Progress, now: int) -> None:
        """Begin with nothing."""
        self._bench = bench
        self._connection = connection
        self._progress = progress
        self._now = now
        self._resolver = Resolver(
            connection, bench.memory, bench.contests, bench.ranking, bench.normalise, progress.next_anchor
        )
        self._fresh: list[Taken] = []
        self._contents: dict[bytes, Earlier] = {}
        self._touched: dict[int, KnownAnchor] = {}
        self._copies: list[tuple[int | None, bytes]] = []
        self._refused: list[tuple[Rejected, int | None]] = []
        self._repeated: list[Taken] = []
        self._outcome = Outcome()
        self._accounts = AccountFold(connection, bench.live.counting)
        self._about: dict[int, int] = {}
        """Anchor that own events name -> its profile."""
        self._followed: dict[PoisonKey, int] = {}
        self._too_much: dict[PoisonKey, Rejected] = {}

    def compute(self, reading: Reading, position: int, fired: Sequence[Fired] = ()) -> Changes:
        """Return what the events up to log `position` and the timers that fired come to. Raises StageFailed."""
        self._refused += reading.refused
        pending = list(reading.taken)
        for timer, effects in fired:
            pending += self._obey(effects, None, f"{timer.kind}:{timer.key}", 0)
        self._outcome.fired = [timer for timer, _ in fired]
        self._resolver.decide(reading.decisions)
        for _ in range(ROUNDS_MAX):
            if not pending:
                break
            fresh = self._admit(pending)
            sent = [one for one in fresh if not one.event.origin]
            known = self._resolver.resolve(sent)
            self._fold(sent, known)
            self._fold_accounts([one for one in sent if one.event.group_id])
            if len(sent) < len(fresh):
                fresh = self._place_own(fresh)
                self._fold_own([one for one in fresh if one.event.origin])
            self._fresh += fresh
            pending = self._react(fresh)
        for taken in pending:
            self._leave_out(taken, f"more than {ROUNDS_MAX} deep")
        self._refused += [(one, None) for one in self._too_much.values()]
        return self._changes(reading, position)

    def _place_own(self, fresh: Sequence[Taken]) -> list[Taken]:
        """Give own events the anchor that bears the number they name; one that names none goes to the quarantine."""
        bearer = self._resolver.found.numbers.bearer
        numbers = {bearer(one.event.about) for one in fresh if one.event.origin}
        stored = graph.profiles_of_anchors(self._connection, sorted(numbers))
        found = self._resolver.found
        self._about.update((one, found.current(one, stored.get(one, one))) for one in numbers)
        placed = []
        for taken in fresh:
            if taken.event.origin:
                taken.anchor = bearer(taken.event.about)
                if taken.anchor >= found.next_anchor or not self._about[taken.anchor]:
                    self._refuse(taken, events.UNKNOWN_PROFILE, str(taken.anchor))
                    continue
            placed.append(taken)
        return placed

    def _admit(self, pending: Sequence[Taken]) -> list[Taken]:
        """Return those that were never taken in before; the others are copies or go to the quarantine."""
        bench = self._bench
        digests = [one.event.digest for one in pending]
        earlier = bench.seen.find(self._connection, bench.ask_history, digests)
        contents = self._contents
        fresh = []
        for taken in pending:
            event = taken.event
            if bench.poison and (detail := bench.poison.get(poison_key(taken))) is not None:
                self._refuse(taken, events.PROCESSING_FAILED, detail)
                continue
            before = contents.get(event.digest) or earlier.get(event.digest)
            if before is None:
                contents[event.digest] = Earlier(event.content, None)
                fresh.append(taken)
            elif before.content == event.content:
                self._repeated.append(taken)
                self._copies.append((before.block, event.digest))
            else:
                self._refuse(taken, events.MESSAGE_ID_REUSED, "")
        return fresh

    def _refuse(self, taken: Taken, reason: str, detail: str) -> None:
        if taken.raw is None:
            logger.error("derived event refused", extra={"reason": reason, "detail": detail})
            return
        self._refused.append((events.reject(taken.raw, taken.event, reason, detail), taken.quarantine_id))

    def _fold(self, fresh: Sequence[Taken], known: Sequence[KnownAnchor | None]) -> None:
        live = self._bench.live
        whole = live.whole
        touched = self._touched
        for taken, one in zip(fresh, known, strict=True):
            if one is None:
                continue
            taken.anchor = one.anchor
            touched[one.anchor] = one
            assert one.state is not None
            try:
                if whole is not None:
                    whole(one.state, taken.event)
                else:
                    live.fold(one.anchor, one.state, taken.event)
            except Exception as problem:
                raise StageFailed(taken, "folding", problem) from problem

    def _fold_own(self, own: Sequence[Taken]) -> None:
        """Fold those own events that a feature asks for by name, such as a person's correction."""
        wanted = [one for one in own if self._bench.live.takes_own(one.event.name)]
        if wanted:
            known = self._resolver.by_number({one.anchor for one in wanted})
            self._fold(wanted, [known.get(one.anchor) for one in wanted])

    def _fold_accounts(self, named: Sequence[Taken]) -> None:
        """Fold the events that name an account into it and into what their anchors did as it."""
        if not named:
            return
        self._accounts.load(named)
        for taken in named:
            try:
                self._accounts.fold(taken)
            except Exception as problem:
                raise StageFailed(taken, "folding accounts", problem) from problem

    def _react(self, fresh: Sequence[Taken]) -> list[Taken]:
        if not self._bench.reactors:
            return []
        derived = []
        for taken in fresh:
            happened = Happened(taken.event, Anchor(taken.anchor), ProfileId(self._profile(taken.anchor)), self._now)
            for reactor in self._bench.reactors:
                try:
                    effects = list(reactor(happened))
                    derived += self._obey(effects, taken, str(poison_key(taken)), happened.profile)
                except Exception as problem:
                    raise StageFailed(taken, "reacting", problem) from problem
        return derived

    def _obey(self, effects: Iterable[Effect], taken: Taken | None, cause: str, profile: int) -> list[Taken]:
        """Note effects of an event or a timer about `profile` (0: it does not say); return the events among them."""
        derived = []
        outcome = self._outcome
        for effect in effects:
            match effect:
                case SetTimer(timer):
                    outcome.timers[timer.kind, timer.key] = timer
                case CancelTimer(kind, key):
                    outcome.timers[kind, key] = None
                case Deliver(kind, key, payload):
                    outcome.deliveries.append((kind, key, payload))
                case HoldBlob() | ReleaseBlobs():
                    outcome.holds.append(effect)
                case Derive(event):
                    one = self._derive(event, taken, cause, profile)
                    if one is not None:
                        derived.append(one)
        return derived

    def _derive(self, given: OwnEvent, taken: Taken | None, cause: str, profile: int) -> Taken | None:
        """Return an event that another one set off; None when that one has set off enough."""
        root = taken if taken is None else taken.cause or taken
        key = cause if root is None else poison_key(root)
        place = self._followed[key] = self._followed.get(key, 0) + 1
        position = (
            -(DERIVED_PLACE + self._progress.next_batch) if root is None or root.raw is None else root.raw.position
        )
        one = given if given.profile else msgspec.structs.replace(given, profile=profile)
        raw = events.own_raw(one, position, DERIVED_PLACE + place, self._now)
        event = events.read_own(raw)
        if isinstance(event, Rejected):
            self._refused.append((event, None))
            return None
        found = Taken(event, raw, cause=root)
        if place > DERIVED_MAX:
            self._leave_out(found, f"more than {DERIVED_MAX}")
            return None
        return found

    def _leave_out(self, taken: Taken, why: str) -> None:
        """Show in the quarantine, once for each cause, that what followed from it was too much."""
        assert taken.raw is not None
        key = taken.event.message_id if taken.cause is None else poison_key(taken.cause)
        detail = f"{taken.event.origin}: {why}"
        self._too_much.setdefault(key, events.reject(taken.raw, taken.event, events.DERIVED_TOO_MUCH, detail))

    def _profile(self, anchor: int) -> int:
        known = self._touched.get(anchor)
        return self._about.get(anchor, 0) if known is None else self._bench.memory.profile(known.profile)

    def _changes(self, reading: Reading, position: int) -> Changes:
        before = self._progress
        resolution = self._resolver.found
        number = before.next_batch
        placing = self._bench.seen.place(before, number, self._now)
        changes = Changes(number, before, position, resolution, self._moves(resolution), placing)
        changes.messages = [
            (event.digest, event.content, event.received_at, taken.anchor)
            for taken in self._fresh
            for event in (taken.event,)
        ]
        changes.copies = [(placing.block if block is None else block, digest) for block, digest in self._known_copies()]
        changes.states = [(anchor, encode_state(one.state)) for anchor, one in self._touched.items()]
        changes.touched = set(self._touched)
        changes.accounts = self._accounts.changes()
        changes.outcome = self._outcome
        changes.rule_version = self._bench.ranking.rules.version
        changes.rules = reading.rules
        changes.recent = self._recent()
        changes.aside = reading.aside
        changes.again = take_up(self._connection, reading.tried_again, self._now)
        for timer in changes.again.timers:
            self._outcome.timers.setdefault((timer.kind, timer.key), timer)
        changes.parcel = self._parcel(number, changes.moves, changes.again.rows)
        self._sort_quarantine(changes, reading)
        changes.kept = reading.kept
        changes.queued = reading.queued
        changes.fresh = self._fresh
        changes.read = reading.count
        return changes

    def _known_copies(self) -> Iterable[tuple[int | None, bytes]]:
        """Yield copies whose original can be counted on: kept one by one, or in this very batch."""
        return ((block, digest) for block, digest in self._copies if block is not None or digest in self._contents)

    def _moves(self, resolution: Resolution) -> dict[int, int]:
        moves = graph.moved_anchors(self._connection, resolution.moved) if resolution.moved else {}
        moves.update((anchor, profile) for anchor, profile in resolution.profiles.items() if anchor != profile)
        moves.update(resolution.placed)
        return moves

    def _parcel(self, number: int, moves: dict[int, int], again: Sequence[bytes]) -> Parcel | None:
        if not (self._fresh or moves or again):
            return None
        count = len(self._fresh)
        lines = encode_rows(self._rows(number)) + placed_rows(again, number, count)
        return Parcel(number, count + len(again), compress(lines), tuple(sorted(moves.items())), lines)

    def _rows(self, number: int) -> list[HistoryRow]:
        rows = []
        for place, taken in enumerate(self._fresh):
            try:
                rows.append(history_row(taken.event, taken.anchor, number, place))
            except Exception as problem:
                raise StageFailed(taken, "encoding", problem) from problem
        return rows

    def _sort_quarantine(self, changes: Changes, reading: Reading) -> None:
        """Tell new ones from replayed ones, and what came out from what failed again."""
        kept = changes.quarantine
        kept.discarded = reading.discarded
        for rejected, quarantine_id in self._refused:
            if quarantine_id is None:
                kept.added.append(rejected)
            else:
                kept.again.append((quarantine_id, rejected))
        out = (*self._fresh, *self._repeated)
        replayed = (*(taken.quarantine_id for taken in out), *(one.quarantine_id for one in reading.obeyed))
        kept.removed = [number for number in replayed if number is not None]

    def _recent(self) -> list[RecentRow]:
        rows = [_refused_row(rejected) for rejected, _ in self._refused[-RECENT_MAX:]]
        rows += [_recent_row(taken.event, "deduplicated", 0) for taken in self._repeated[-RECENT_MAX:]]
        rows += [
            _recent_row(taken.event, "processed", self._profile(taken.anchor)) for taken in self._fresh[-RECENT_MAX:]
        ]
        return rows[-RECENT_MAX:]


_compressor = zstandard.ZstdCompressor(level=1)


def compress(lines: bytes) -> bytes:
    """Return JSON lines as the outbox keeps them: a tenth of the size, so a tenth of the commit."""
    return _compressor.compress(lines)


def _recent_row(event: Event, fate: str, profile: int) -> RecentRow:
    return RecentRow(
        event.message_id,
        event.time,
        event.received_at,
        event.type,
        event.name,
        event.source,
        event.channel,
        fate,
        "",
        profile,
    )


def _refused_row(rejected: Rejected) -> RecentRow:
    raw = rejected.raw
    return RecentRow(
        rejected.message_id,
        raw.received_at if rejected.time is None else rejected.time,
        raw.received_at,
        rejected.type,
        rejected.name,
        raw.source,
        "",
        "quarantined",
        rejected.reason,
        0,
    )
