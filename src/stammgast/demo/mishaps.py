"""What goes wrong with identifiers in every company: a family shares a tablet, a service desk types its own number."""

from __future__ import annotations

from typing import Any

HOUSEHOLD_EVERY = 40
"""One customer in so many uses the browser of the one before."""
DESK_NUMBER = "+493023125999"
"""Typed into the phone field of several customers on one day."""
DESK_FROM, DESK_TO = 5, 17
DESK_DAYS_AGO = 12


def browser_owner(number: int) -> int:
    """Return whose browser customer `number` uses: mostly their own.

    >>> browser_owner(41), browser_owner(42)
    (41, 41)
    """
    return number - 1 if number % HOUSEHOLD_EVERY == 2 else number  # noqa: PLR2004 - the second of each forty


def mistyped_calls(people: int) -> list[tuple[int, dict[str, Any]]]:
    """Return (customer's number, facts) of the calls for which a service desk typed its own number as the customer's.

    >>> [number for number, _ in mistyped_calls(7)]
    [5, 6, 7]
    """
    call = {"duration_seconds": 240, "topic": "order", "phone": DESK_NUMBER}
    facts = {"type": "track", "event": "Call Ended", "properties": call}
    return [(number, facts) for number in range(DESK_FROM, min(DESK_TO, people + 1))]
