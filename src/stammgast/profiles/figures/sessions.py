"""Sessions: runs of events with no gap of more than 30 minutes.

The state is the union of the intervals that events open, so it does not matter in which order they come: a late event
may join two sessions into one. Flat list of [begin, end, begin, end, ...] in whole seconds UTC, ascending.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

from stammgast.kernel.features import Feature

GAP_SECONDS = 30 * 60

Intervals = list[int]


def fold_sessions(state: Intervals | None, event: Any) -> Intervals:
    """Put the event's second into the intervals."""
    second = event.time // 1000
    if state is None:
        return [second, second]
    if state[-2] <= second:
        if second - state[-1] > GAP_SECONDS:
            state.append(second)
            state.append(second)
        elif second > state[-1]:
            state[-1] = second
        return state
    return _insert_late(state, second)


def _insert_late(state: Intervals, second: int) -> Intervals:
    """Insert a second that lies before the last interval's begin."""
    place = bisect_right(state, second)
    if place % 2 == 1:
        return state  # inside an interval
    joins_left = place > 0 and second - state[place - 1] <= GAP_SECONDS
    joins_right = place < len(state) and state[place] - second <= GAP_SECONDS
    if joins_left and joins_right:
        del state[place - 1 : place + 1]
    elif joins_left:
        state[place - 1] = second
    elif joins_right:
        state[place] = second
    else:
        state[place:place] = [second, second]
    return state


def combine_sessions(a: Intervals, b: Intervals) -> Intervals:
    """Return the union of both, gaps up to 30 minutes closed.

    >>> combine_sessions([0, 10, 9000, 9000], [1000, 1800])
    [0, 1800, 9000, 9000]
    """
    pairs = sorted([*zip(a[::2], a[1::2], strict=True), *zip(b[::2], b[1::2], strict=True)])
    both: Intervals = []
    for begin, end in pairs:
        if both and begin - both[-1] <= GAP_SECONDS:
            both[-1] = max(both[-1], end)
        else:
            both += (begin, end)
    return both


def present_sessions(state: Intervals) -> object:
    """Show how many, how long altogether (seconds) and when the last one began (ms UTC)."""
    return {
        "count": len(state) // 2,
        "seconds": sum(state[1::2]) - sum(state[::2]),
        "last_began": state[-2] * 1000,
    }


SESSIONS = Feature("sessions", 1, fold_sessions, combine_sessions, present_sessions)
