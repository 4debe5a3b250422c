"""Loading whole profiles: everything that watchers may look at, once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from sqlalchemy import Connection

from stammgast.identity.store import graph
from stammgast.kernel.ids import ProfileId
from stammgast.kernel.ports.watching import Cause, ProfileView, Trails
from stammgast.profiles.api.recounts import Counting
from stammgast.profiles.api.worker import (
    Folding,
    TraitPolicies,
    consent_in,
    customers,
    decode_state,
    states,
    trait_values,
)


class WhenAsked(Mapping[str, Any]):
    """A mapping that is worked out when somebody looks: few watchers look at traits, and deciding them is a fifth of all work."""

    def __init__(self, work_out: Callable[[], Mapping[str, Any]]) -> None:
        """Nothing is worked out yet."""
        self._work_out = work_out

    @cached_property
    def _found(self) -> Mapping[str, Any]:
        return self._work_out()

    def __getitem__(self, name: str) -> Any:
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


@dataclass(frozen=True)
class Viewing:
    """What loading needs: the folds, the policies of traits as they hold, what may be relied on, and trails if a module keeps some."""

    folding: Folding
    policies: Callable[[], TraitPolicies]
    counting: Callable[[], Counting]
    trails: Trails | None = None

    def load(self, connection: Connection, causes: Mapping[int, Cause], now: int) -> tuple[list[ProfileView], set[int]]:
        """Return the views of profiles, and the numbers that no profile has (any more)."""
        anchors = graph.anchors_of(connection, causes)
        counting, policies = self.counting(), self.policies()
        present = {profile: tuple(many) for profile, many in anchors.items() if many}
        stored = {
            anchor: counting.reliable(anchor, decode_state(encoded))
            for anchor, encoded in states.load_states(connection, [one for many in present.values() for one in many])
        }
        identifiers = customers.identifiers_of(connection, present)
        trails = {} if self.trails is None else self.trails(connection, present)
        views = []
        for profile, many in present.items():
            features = self.folding.combine([stored[one] for one in many if one in stored])
            views.append(
                ProfileView(
                    profile=ProfileId(profile),
                    anchors=many,
                    identifiers=tuple(identifiers[profile]),
                    traits=WhenAsked(partial(trait_values, features, policies)),
                    features=features,
                    unsure=frozenset(counting.unsure(many)),
                    consent=consent_in(features),
                    trails=trails.get(profile),
                    cause=causes[profile],
                    now=now,
                )
            )
        return views, {profile for profile in causes if not anchors.get(profile)}
