"""What one batch comes to: everything that the commit writes, computed before any transaction is open."""

from __future__ import annotations

from dataclasses import dataclass, field

from stammgast.events.contracts import Rejected, Taken
from stammgast.identity.resolution import Resolution
from stammgast.identity.rulebook.ordering import RulesOrder
from stammgast.kernel.effects import HoldBlob, ReleaseBlobs
from stammgast.kernel.keeping import Kept
from stammgast.kernel.outbox import Parcel, RecentRow
from stammgast.kernel.position import Progress
from stammgast.kernel.set_aside import Aside
from stammgast.kernel.timers import Timer
from stammgast.pipeline.again import Again
from stammgast.pipeline.seen import Placing
from stammgast.pipeline.watching.store import Marks
from stammgast.profiles.api.worker import AccountChanges


@dataclass
class Quarantine:
    """What changes in the quarantine: new ones, ids that failed again, ids that got out, ids to let go."""

    added: list[Rejected] = field(default_factory=list)
    again: list[tuple[int, Rejected]] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)
    discarded: list[int] = field(default_factory=list)


@dataclass
class Outcome:
    """Effects of reactors and timers. fired: timers to take away; their kinds set new ones if they want."""

    timers: dict[tuple[str, str], Timer | None] = field(default_factory=dict)
    """(kind, key) -> the timer to set, None to cancel it; the last word counts."""
    fired: list[Timer] = field(default_factory=list)
    deliveries: list[tuple[str, str, bytes]] = field(default_factory=list)
    holds: list[HoldBlob | ReleaseBlobs] = field(default_factory=list)
    """Files that are held and let go, in their order."""


@dataclass
class Changes:
    """All of a batch. messages: (digest, content, received at, anchor)."""

    batch: int
    progress: Progress
    """As it was before."""
    position: int
    """Of the log, up to which this batch went."""
    resolution: Resolution
    moves: dict[int, int]
    """Anchor -> profile, where the mapping changes: for history."""
    placing: Placing
    """Where the message ids go."""
    messages: list[tuple[bytes, int, int, int]] = field(default_factory=list)
    copies: list[tuple[int, bytes]] = field(default_factory=list)
    states: list[tuple[int, bytes]] = field(default_factory=list)
    accounts: AccountChanges = field(default_factory=AccountChanges)
    quarantine: Quarantine = field(default_factory=Quarantine)
    outcome: Outcome = field(default_factory=Outcome)
    recent: list[RecentRow] = field(default_factory=list)
    parcel: Parcel | None = None
    rule_version: int = 0
    """Of the identity rules by which profiles were joined and kept apart."""
    rules: list[RulesOrder] = field(default_factory=list)
    """Identity rules that were ordered."""
    kept: list[Kept] = field(default_factory=list)
    """What modules keep of their orders."""
    touched: set[int] = field(default_factory=set)
    """Anchors whose state changed."""
    marks: Marks = field(default_factory=dict)
    """Whom the profile stage has to look at."""
    marks_number: int = 0
    """Of the row in which they are kept; known to the commit only."""
    let_go: list[str] = field(default_factory=list)
    """Files that nobody holds once this batch is kept; known to its commit only."""
    aside: list[Aside] = field(default_factory=list)
    """What is set aside with its error."""
    again: Again = field(default_factory=Again)
    """What was set aside and is taken up again."""
    queued: list[int] = field(default_factory=list)
    """Numbers of the queue of own events that this batch went through."""
    fresh: list[Taken] = field(default_factory=list)
    """What was taken in for the first time, with its anchors."""
    read: int = 0
    """Events of the log that this batch went through."""
