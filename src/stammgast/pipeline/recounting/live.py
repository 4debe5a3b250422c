"""What batches fold while something is counted anew: nothing into states that can't be relied on."""

from __future__ import annotations

from collections.abc import Callable

from stammgast.events.contracts import Event
from stammgast.profiles.api.recounts import Counting
from stammgast.profiles.api.worker import Folding, State

Fold = Callable[[State, Event], None]


class LiveFolding:
    """Gives each anchor the folds whose states there are of the present version."""

    def __init__(self, folding: Folding) -> None:
        """All of them, until `follow` says otherwise."""
        self._folding = folding
        self._partial: dict[frozenset[str], Folding] = {}
        self.counting = Counting()

    def follow(self, counting: Counting) -> None:
        """Go by what may be relied on now."""
        self.counting = counting

    def takes_own(self, name: str) -> bool:
        """Say whether any fold looks at own events of this name."""
        return self._folding.takes_own(name)

    @property
    def whole(self) -> Fold | None:
        """The fold for every anchor; None when that depends on the anchor."""
        return self._folding.fold if self.counting.is_all_well else None

    def fold(self, anchor: int, state: State, event: Event) -> None:
        """Fold an event into an anchor's state, in place."""
        outdated = self.counting.outdated_at(anchor)
        if not outdated:
            self._folding.fold(state, event)
            return
        partial = self._partial.get(outdated)
        if partial is None:
            partial = self._partial[outdated] = Folding(
                one for one in self._folding.features if one.name not in outdated
            )
        partial.fold(state, event)
