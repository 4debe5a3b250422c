"""What the review of likely duplicates tells: runs, suggestions, refusals. All times are ms UTC, all structs frozen."""

from __future__ import annotations

from typing import Literal

import msgspec

from stammgast.kernel.errors import Conflict, NotFound, StammgastError
from stammgast.whoiswho.matching.learning import Corrections
from stammgast.whoiswho.matching.scoring import Part
from stammgast.whoiswho.matching.training import Model

SuggestionState = Literal["open", "accepted", "refused", "never", "gone"]
"""gone: the two became one, or ceased to be, without a decision here."""
RunState = Literal["waiting", "running", "done", "failed", "stopped"]
Phase = Literal["waiting", "gathering", "learning", "comparing", "keeping", "done"]
PHASES: tuple[Phase, ...] = ("waiting", "gathering", "learning", "comparing", "keeping", "done")


class NoSuchSuggestion(NotFound):
    """There is no suggestion {number}."""

    code = "no_such_suggestion"


class NoSuchRun(NotFound):
    """There is no search for duplicates with the number {number}."""

    code = "no_such_run"


class AlreadyDecided(Conflict):
    """This suggestion is no longer open: it was decided, or the two became one meanwhile."""

    code = "already_decided"


class AlreadySearching(Conflict):
    """A search for duplicates is under way already. Wait for it or stop it."""

    code = "already_searching"


class TooEarlyToUndo(StammgastError):
    """The worker has not carried this out yet. Try again in a moment."""

    status = 409
    retry = True


class RunCounts(msgspec.Struct, frozen=True):
    """What a run went through: all profiles, those that say enough, pairs looked at closely, suggestions kept."""

    profiles: int = 0
    records: int = 0
    pairs: int = 0
    suggestions: int = 0
    decisions: int = 0
    """People's decisions it learned from."""


class RunFacts(msgspec.Struct, frozen=True):
    """By what a run compared: enough to tell why it suggested what it did."""

    model: Model
    prior: float
    keys: tuple[str, ...]
    learned: Corrections


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One search for likely duplicates."""

    id: int
    state: RunState
    phase: Phase
    version: int
    made_by: str
    created_at: int
    begun_at: int | None
    ended_at: int | None
    counts: RunCounts
    facts: RunFacts | None
    problem: str
    wants_stop: bool

    @property
    def is_busy(self) -> bool:
        """Whether it is under way, or waits to be."""
        return self.state in ("waiting", "running")

    @property
    def seconds(self) -> float | None:
        """How long it took, None while it has not ended."""
        return None if self.begun_at is None or self.ended_at is None else (self.ended_at - self.begun_at) / 1000


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """Two profiles that are likely one person's. `bits` is the whole weight: `prior` and all parts."""

    id: int
    run: int
    one: int
    other: int
    bits: float
    probability: float
    prior: float
    """In bits: how unlikely it is that any two profiles are the same person."""
    parts: tuple[Part, ...]
    state: SuggestionState
    decided_at: int | None
    decided_by: str
    position: int | None
    """Of the order in the log that carries the decision; None where none was needed."""


class BulkPreview(msgspec.Struct, frozen=True):
    """What accepting everything above a weight would do."""

    suggestions: int
    customers_before: int
    customers_after: int
    largest: int
    """Profiles that would become one customer, at most."""
    least_probability: float


class BulkOutcome(msgspec.Struct, frozen=True):
    """What was accepted at once; `batch` undoes it."""

    suggestions: int
    batch: int
