"""Where somebody meets us: channels, kinds of device, brands; each with how often and when last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stammgast.kernel.features import Feature

Uses = dict[str, list[int]]
"""Key -> [count, last time in ms UTC]."""


def fold_uses(key_of: Callable[[Any], str]) -> Callable[[Uses | None, Any], Uses | None]:
    """Return a fold that counts `key_of(event)`; an empty key is not counted."""

    def fold(state: Uses | None, event: Any) -> Uses | None:
        key = key_of(event)
        if not key:
            return state
        if state is None:
            return {key: [1, event.time]}
        use = state.get(key)
        if use is None:
            state[key] = [1, event.time]
        else:
            use[0] += 1
            use[1] = max(use[1], event.time)
        return state

    return fold


def combine_uses(a: Uses, b: Uses) -> Uses:
    """Return counts added and the later of the times.

    >>> combine_uses({"web": [2, 9]}, {"web": [1, 12], "shop": [1, 3]})
    {'web': [3, 12], 'shop': [1, 3]}
    """
    both = {key: list(one) for key, one in a.items()}
    for key, (count, last) in b.items():
        before = both.setdefault(key, [0, last])
        before[0] += count
        before[1] = max(before[1], last)
    return both


def present_uses(state: Uses) -> object:
    """Show the uses, most frequent first."""
    ranked = sorted(state.items(), key=lambda one: (-one[1][0], one[0]))
    return {key: {"count": count, "last": last} for key, (count, last) in ranked}


CHANNELS = Feature("channels", 1, fold_uses(lambda event: event.channel), combine_uses, present_uses)
DEVICES = Feature("devices", 1, fold_uses(lambda event: event.device), combine_uses, present_uses)
BRANDS = Feature(
    "brands", 1, fold_uses(lambda event: str(event.brand) if event.brand else ""), combine_uses, present_uses
)
