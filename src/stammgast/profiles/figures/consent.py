"""What somebody last agreed or did not agree to, by category of use. The newest word counts."""

from __future__ import annotations

from typing import Any

from stammgast.kernel.features import Feature
from stammgast.profiles.figures.newest import Newest, combine_newest, keep_newest


def fold_consent(state: Newest | None, event: Any) -> Newest | None:
    """Note what the event says about each category; most say nothing."""
    if not event.consent:
        return state
    state = {} if state is None else state
    for category, is_agreed in event.consent.items():
        keep_newest(state, category, [event.time, event.message_id, is_agreed])
    return state


def present_consent(state: Newest) -> object:
    """Show category -> agreed.

    >>> present_consent({"analytics": [5, "m", True]})
    {'analytics': True}
    """
    return {category: entry[2] for category, entry in sorted(state.items())}


CONSENT = Feature("consent", 1, fold_consent, combine_newest, present_consent, with_robots=True)
