"""What pages and the API may know of who is who. Times are milliseconds since 1970 UTC, all structs frozen."""

from __future__ import annotations

from typing import Literal

import msgspec

from stammgast.identity.graph.evidence import Kind
from stammgast.kernel.errors import StammgastError
from stammgast.kernel.ids import ProfileId
from stammgast.profiles.contracts import Called, Identifier, SharedDevice

Pair = tuple[str, str]
"""(namespace, normalised value)."""
LineKind = Literal["merge", "split", "refusal", "decision"]
LINE_KINDS: tuple[LineKind, ...] = ("merge", "split", "refusal", "decision")


GOINGS_MAX = 60


class NoSuchDecision(StammgastError):
    """There is no decision {number}."""

    status = 404
    code = "not_found"


class NothingToTakeBack(StammgastError):
    """Decision {number} no longer stands: later ones are about the same identifiers, or it was taken back."""

    status = 409


class SeenTogether(msgspec.Struct, frozen=True):
    """A set of identifiers that came on the same events: what links them."""

    anchor: int
    identifiers: tuple[Pair, ...]
    """Strongest first; those that belong to somebody else included."""
    first: int
    message_id: str
    """Of the first event."""
    source: int
    last_day: int
    """The beginning of the last UTC day on which they came together."""
    days: int
    events: int
    """Robots and staff left out."""


class KeptApart(msgspec.Struct, frozen=True):
    """`left_out` was on an event of `kept`, but is not theirs. reason: limit (of `namespace`), cap, separated."""

    kept: Pair
    left_out: Pair
    reason: str
    namespace: str
    time: int
    message_id: str
    version: int
    kept_profile: int
    left_profile: int
    """0 when no event is theirs."""
    events: int = 1
    """How many sets of identifiers say so."""


class Decided(msgspec.Struct, frozen=True):
    """What a person decided at one time: its number is the order's place in the log.

    `one_side` and `other_side` are the identifiers kept apart or joined (at most a few are named); for hold and
    release both are the same.
    """

    number: int
    decided_at: int
    person: str
    kind: Kind
    pairs: int
    one_side: tuple[Pair, ...]
    other_side: tuple[Pair, ...]
    is_standing: bool = True
    """Whether any of it is still the latest word about its pair."""


class Turned(msgspec.Struct, frozen=True):
    """One line of the merge log. merge: `merged` became part of `kept`; split: what `merged` has now was `kept`'s."""

    number: int
    kind: Literal["merge", "split"]
    kept: int
    merged: int
    message_id: str
    """Of the event that said so; empty where a person decided."""
    time: int
    """Of that event."""
    at: int
    rule: str
    version: int
    identifiers: tuple[Pair, ...]
    person: str = ""
    """Who decided, where the rule is that somebody did."""

    @property
    def is_undoing(self) -> bool:
        """Whether an event that came in late undid what was joined before."""
        return self.kind == "split" and bool(self.message_id) and not self.rule.startswith(("separated", "decided"))


class Held(msgspec.Struct, frozen=True):
    """An identifier that links nowhere. by_hand: a person holds it; else it met too many on `day` (days since 1970)."""

    identifier: Pair
    day: int
    held_at: int
    by: str
    """Who holds it; empty when the numbers do."""
    profile: int
    of: str
    """Of which namespace it met too many on that day, `*` for stronger ones of any; empty when the numbers don't say so."""
    met: int
    """Distinct ones of those it came with on that day; of all when `of` is empty."""
    examples: tuple[Pair, ...]
    """A few of them."""
    sets: int
    """Sets of identifiers that hold it, on all days."""


class Released(msgspec.Struct, frozen=True):
    """An identifier that a person released: it links, whatever the numbers say."""

    identifier: Pair
    at: int
    by: str
    profile: int


class KnownIdentifier(msgspec.Struct, frozen=True):
    """An identifier of a profile with what is known about its links."""

    origin: Identifier
    events: int
    is_held: bool

    @property
    def pair(self) -> Pair:
        """(namespace, value)."""
        return (self.origin.namespace, self.origin.value)


class ProfileIdentity(msgspec.Struct, frozen=True):
    """Why a profile is one person."""

    profile: ProfileId
    identifiers: tuple[KnownIdentifier, ...]
    """Strongest first."""
    seen_together: tuple[SeenTogether, ...]
    """By their first event."""
    kept_apart: tuple[KeptApart, ...]
    """Newest first, one a pair."""
    turned: tuple[Turned, ...]
    """Newest first."""
    decided: tuple[Decided, ...]
    """Newest first."""
    shared: tuple[SharedDevice, ...]
    foreign: dict[Pair, int]
    """Identifiers on this profile's events that are not its own -> whose they are, 0 for nobody's."""
    held: frozenset[Pair]
    """Those of all named here that link nowhere."""
    names: dict[int, Called]
    """What other profiles named here are called."""


class Part(msgspec.Struct, frozen=True):
    """One profile as it would be. Events without robots and staff; revenue net, in micros of the currency most used."""

    profile: int
    name: str
    visitor: str
    """For somebody without a name: the letters that tell them from others."""
    was: int
    """The profile that goes on as this one: that of the same number, 0 for somebody new."""
    identifiers: tuple[Pair, ...]
    anchors: tuple[int, ...]
    events: int
    orders: int
    revenue: int
    currency: str
    moved_anchors: tuple[int, ...]
    """Those that would come from another person."""
    moved_events: int


class Going(msgspec.Struct, frozen=True):
    """Where an identifier goes. was, to: whose it is and would be, 0 for nobody's.

    A browser whose events all carry a stronger identifier goes nowhere with them: they stay where that one is.
    """

    identifier: Pair
    was: int
    to: int
    events: int
    """Of those that carry it, how many would be `to`'s."""
    stays: tuple[Staying, ...]


class Staying(msgspec.Struct, frozen=True):
    """Events that carry an identifier, but would be another's: `profile`'s, by the stronger `identifier` on them."""

    profile: int
    identifier: Pair
    events: int


class Foresight(msgspec.Struct, frozen=True):
    """What decisions would do: the profiles they touch, as they are and as they would be, most events first."""

    before: tuple[Part, ...]
    after: tuple[Part, ...]
    goings: tuple[Going, ...] = ()
    """Identifiers that change hands, and every browser and app of those concerned; strongest first, at most GOINGS_MAX."""

    @property
    def is_without_effect(self) -> bool:
        """Whether nothing would change."""
        shapes = [{(one.anchors, one.identifiers) for one in parts} for parts in (self.before, self.after)]
        return shapes[0] == shapes[1]


class LogLine(msgspec.Struct, frozen=True):
    """One line of the log of all: exactly one of the three is set. `at` is when it was decided, or happened."""

    at: int
    kind: LineKind
    turned: Turned | None = None
    kept_apart: KeptApart | None = None
    decided: Decided | None = None


class LogFilter(msgspec.Struct, frozen=True):
    """Which lines to show; every part that is set must hold. Times: ms UTC, `until` exclusive."""

    kinds: tuple[LineKind, ...] = LINE_KINDS
    namespace: str = ""
    since: int | None = None
    until: int | None = None
    person: str = ""
    """Exactly who decided; leaves only decisions."""


class LogPage(msgspec.Struct, frozen=True):
    """Lines newest first; `next` is the cursor of the following page, None at the end."""

    lines: tuple[LogLine, ...]
    next: str | None
    names: dict[int, Called]
