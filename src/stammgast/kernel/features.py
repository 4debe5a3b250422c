"""Features: what a profile knows about itself, declared by modules as folds that add up.

A feature is a commutative monoid over events: the state after a set of events does not depend on their order, and
`combine` of the states of two disjoint sets is the state of their union. The worker keeps one state per anchor; a
profile's state is the combination over its anchors, so merging and splitting profiles needs no history.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

State = TypeVar("State")


class Fact(Protocol):
    """What a fold may read of an event; `events.contracts.Event` is one."""

    @property
    def message_id(self) -> str: ...  # noqa: D102
    @property
    def time(self) -> int: ...  # noqa: D102
    @property
    def type(self) -> str: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def properties(self) -> dict[str, Any]: ...  # noqa: D102
    @property
    def traits(self) -> dict[str, Any]: ...  # noqa: D102


@dataclass(frozen=True)
class Feature(Generic[State]):
    """One fold. States are plain JSON-like values (dict, list, str, int, None), so that they can be stored as they are.

    fold(state, event) -> state   may change `state` in place; `None` means no event yet
    combine(a, b) -> state        must not change `a` or `b`; associative and commutative
    present(state) -> object      what the API and the pages show
    """

    name: str
    version: int
    fold: Callable[[State | None, Any], State | None]
    combine: Callable[[State, State], State]
    present: Callable[[State], object]
    wants: frozenset[str] | None = None
    """What the fold looks at: names of track events, types of all others; None means every event."""
    with_robots: bool = False
    """Fold the events of robots and staff too. Figures about customers leave them out."""
    own: frozenset[str] = frozenset()
    """Names of own events that it folds; all others stay out of every figure. No sender can make one."""
    recall: Callable[[Any, int | None], State | None] | None = None
    """What a stored state knows that history can't tell, given with the version by which it was folded: added to what is
    counted anew, so only for what may be added twice without changing anything."""


def feature_key(event: Fact) -> str:
    """Return what `Feature.wants` is compared with: a track event's name, any other event's type."""
    return event.name if event.type == "track" else event.type
