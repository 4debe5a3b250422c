"""Where somebody meets us: channels, kinds of device, countries, brands; each with how often and when last."""

from __future__ import annotations

from typing import Any

from stammgast.kernel.features import Feature

Uses = dict[str, list[int]]
"""Key -> [count, last time in ms UTC]."""


def fold_channels(state: Uses | None, event: Any) -> Uses | None:
    """Count the event's channel."""
    return _count(state, event.channel, event.time)


def fold_devices(state: Uses | None, event: Any) -> Uses | None:
    """Count the kind of device."""
    return _count(state, event.device, event.time)


def fold_countries(state: Uses | None, event: Any) -> Uses | None:
    """Count the country (ISO 3166) that the address lay in."""
    return _count(state, event.country, event.time)


def fold_brands(state: Uses | None, event: Any) -> Uses | None:
    """Count the brand, under its number as text."""
    return _count(state, str(event.brand), event.time) if event.brand else state


def _count(state: Uses | None, key: str, time: int) -> Uses | None:
    """Count a key; an empty one is not counted."""
    if not key:
        return state
    if state is None:
        return {key: [1, time]}
    use = state.get(key)
    if use is None:
        state[key] = [1, time]
    else:
        use[0] += 1
        if time > use[1]:  # noqa: PLR1730 - runs four times an event; `max` takes three times as long
            use[1] = time
    return state


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


CHANNELS = Feature("channels", 1, fold_channels, combine_uses, present_uses)
DEVICES = Feature("devices", 1, fold_devices, combine_uses, present_uses)
COUNTRIES = Feature("countries", 1, fold_countries, combine_uses, present_uses)
BRANDS = Feature("brands", 1, fold_brands, combine_uses, present_uses)
