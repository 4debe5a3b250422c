"""Which folds an event goes through, and folding it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from stammgast.events.contracts import Event
from stammgast.kernel.features import Feature, feature_key
from stammgast.kernel.runtime import Runtime

Folds = tuple[tuple[str, Callable[[Any, Any], Any]], ...]
State = dict[str, Any]
"""Feature -> state, of one anchor."""

encode_state = msgspec.msgpack.Encoder().encode
decode_state = msgspec.msgpack.Decoder(dict[str, Any]).decode
unpack_state = msgspec.msgpack.Decoder(dict[str, msgspec.Raw]).decode
"""As `decode_state`, with each feature still encoded: `Folding.fold` decodes those that an event touches.

Measured: an event touches five small features of nine; decoding all of them took ten times as long.
"""
_decode_feature = msgspec.msgpack.Decoder().decode
_ENCODED = msgspec.Raw


class Folding:
    """The features of all modules, arranged by the events they look at."""

    def __init__(self, features: Iterable[Feature[Any]]) -> None:
        """Take the features in their order; two of one name are a mistake in a manifest."""
        self.features: Sequence[Feature[Any]] = tuple(features)
        assert len({one.name for one in self.features}) == len(self.features)
        self._plans: dict[tuple[str, bool], Folds] = {}
        self._own_plans: dict[str, Folds] = {}
        for one in self.features:
            for name in one.own:
                self._own_plans[name] = (*self._own_plans.get(name, ()), (one.name, one.fold))

    def takes_own(self, name: str) -> bool:
        """Say whether any feature folds own events of this name."""
        return name in self._own_plans

    def fold(self, state: State, event: Event) -> None:
        """Fold an event into an anchor's state, in place; features may be encoded still."""
        if event.origin:
            plan = self._own_plans.get(event.name, ())
        else:
            key = event.name if event.type == "track" else event.type
            is_robot = event.is_bot or event.is_staff
            found = self._plans.get((key, is_robot))
            plan = self._plan(event, is_robot=is_robot) if found is None else found
        for name, fold in plan:
            before = state.get(name)
            if type(before) is _ENCODED:
                before = state[name] = _decode_feature(before)
            after = fold(before, event)
            if after is not before and after is not None:
                state[name] = after

    def combine(self, states: Sequence[State]) -> State:
        """Return the state of a profile: the sum over its anchors. The given states stay as they are."""
        if len(states) == 1:
            return states[0]
        combined: State = {}
        for feature in self.features:
            parts = [state[feature.name] for state in states if feature.name in state]
            if parts:
                total = parts[0]
                for part in parts[1:]:
                    total = feature.combine(total, part)
                combined[feature.name] = total
        return combined

    def present(self, state: State) -> dict[str, object]:
        """Return what each feature shows, in the features' order; those without a state are left out."""
        return {one.name: one.present(state[one.name]) for one in self.features if one.name in state}

    def _plan(self, event: Event, *, is_robot: bool) -> Folds:
        key = feature_key(event)
        plan = tuple(
            (one.name, one.fold)
            for one in self.features
            if (one.wants is None or key in one.wants) and (one.with_robots or not is_robot)
        )
        if len(self._plans) < 10_000:  # noqa: PLR2004 - names of events are the sender's to choose: memory must stay flat
            self._plans[key, is_robot] = plan
        return plan


def folding_of(runtime: Runtime) -> Folding:
    """Return the features of all modules, arranged once a process."""
    found: Folding | None = runtime.services.get(Folding)
    if found is None:
        found = Folding(one for manifest in runtime.manifests for one in manifest.features)
        runtime.services[Folding] = found
    return found
