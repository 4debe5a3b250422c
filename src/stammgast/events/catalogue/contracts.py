"""What the catalogue tells other modules."""

from __future__ import annotations

from typing import Literal

import msgspec

from stammgast.events.contracts import EventType
from stammgast.kernel.errors import NotFound
from stammgast.kernel.ids import SourceId, UserId

PropertyKind = Literal["text", "whole", "number", "yes_no", "time", "list", "object", "empty"]
"""What a value is, as it came: `whole` is a number without a fraction, `time` a text that begins with a date, `empty` is null."""
DECLARED_KINDS: tuple[PropertyKind, ...] = ("text", "whole", "number", "yes_no", "time", "list", "object")
DAYS_SHOWN = 30


class EventName(msgspec.Struct, frozen=True):
    """What an event is called. Pages and screens are one kind each: what they call themselves is a property of theirs."""

    type: EventType
    name: str = ""


class SeenEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event of the catalogue. Times are ms UTC, None for one that is described and was never seen.

    days: events of each of the last 30 days (UTC), the present one last. sources: who sent it, most frequent first.
    """

    event: EventName
    events: int = 0
    first_at: int | None = None
    last_at: int | None = None
    days: tuple[int, ...] = (0,) * DAYS_SHOWN
    sources: tuple[SourceId, ...] = ()
    origin: str = ""
    """Which part of Stammgast makes it; empty for what senders send."""
    description: str = ""
    owner: UserId | None = None
    is_expected: bool = False


class SeenProperty(msgspec.Struct, frozen=True, kw_only=True):
    """A property of one event (traits of identify and group). One level down is written with a dot: `address.city`.

    kinds: how many events carried each kind of value, most frequent first. declared: the kind a person said it is.
    """

    name: str
    kinds: tuple[tuple[PropertyKind, int], ...] = ()
    last_at: int | None = None
    declared: PropertyKind | None = None
    description: str = ""

    @property
    def events(self) -> int:
        """How many events carried it."""
        return sum(count for _kind, count in self.kinds)

    @property
    def kind(self) -> PropertyKind:
        """What it is: as declared, else what most values are (`whole` and `number` together are a number)."""
        if self.declared:
            return self.declared
        found = [kind for kind, _count in self.kinds if kind != "empty"]
        if set(found) == {"whole", "number"}:
            return "number"
        return found[0] if found else "empty"

    @property
    def strange_kinds(self) -> tuple[PropertyKind, ...]:
        """Kinds of values that came and do not fit the declared one."""
        fitting = {self.declared, "empty", *(("whole",) if self.declared == "number" else ())}
        fitting |= {"time"} if self.declared == "text" else set()
        return tuple(kind for kind, _count in self.kinds if self.declared and kind not in fitting)


class ValueCount(msgspec.Struct, frozen=True):
    """A value of a property as text, and how many events carry it."""

    value: str
    events: int


class EventDescription(msgspec.Struct, frozen=True):
    """What people say of an event. owner: who answers for it, one of those who log in."""

    description: str = ""
    owner: UserId | None = None
    is_expected: bool = False


class EventUnknown(NotFound):
    """There is no event {name} in the catalogue."""

    code = "not_found"
