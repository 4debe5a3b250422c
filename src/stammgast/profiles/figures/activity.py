"""When somebody was first and last seen, and what they did how often."""

from __future__ import annotations

from typing import Any

from stammgast.kernel.features import Feature, feature_key

Span = list[int]
"""[first, last] in ms UTC."""


def fold_seen(state: Span | None, event: Any) -> Span:
    """Widen the span to the event's time."""
    time = event.time
    if state is None:
        return [time, time]
    if time > state[1]:
        state[1] = time
    elif time < state[0]:
        state[0] = time
    return state


def combine_seen(a: Span, b: Span) -> Span:
    """Return the span over both.

    >>> combine_seen([3, 5], [1, 4])
    [1, 5]
    """
    return [min(a[0], b[0]), max(a[1], b[1])]


def fold_events(state: dict[str, int] | None, event: Any) -> dict[str, int]:
    """Count the event under its name (track) or its type (all others)."""
    key = feature_key(event)
    if state is None:
        return {key: 1}
    state[key] = state.get(key, 0) + 1
    return state


def combine_events(a: dict[str, int], b: dict[str, int]) -> dict[str, int]:
    """Return the sums by name."""
    both = dict(a)
    for name, count in b.items():
        both[name] = both.get(name, 0) + count
    return both


def present_events(state: dict[str, int]) -> object:
    """Show the total and the counts, most frequent first.

    >>> present_events({"page": 1, "Order Completed": 2})
    {'total': 3, 'by_name': {'Order Completed': 2, 'page': 1}}
    """
    ranked = sorted(state.items(), key=lambda one: (-one[1], one[0]))
    return {"total": sum(state.values()), "by_name": dict(ranked)}


SEEN = Feature("seen", 1, fold_seen, combine_seen, lambda state: {"first": state[0], "last": state[1]})
EVENTS = Feature("events", 1, fold_events, combine_events, present_events)
