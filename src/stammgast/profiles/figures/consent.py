"""What somebody last agreed or did not agree to, by category of use. The newest word counts."""

from __future__ import annotations

from collections.abc import Mapping
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


def consent_in(features: Mapping[str, Any]) -> dict[str, bool]:
    """Return category -> agreed, out of a profile's states."""
    return {category: entry[2] for category, entry in features.get("consent", {}).items()}


def recall_refusal(state: Any, version: int | None) -> Newest | None:
    """Return a refusal that came by the header `Sec-GPC`: rows of history from before it was kept there say nothing of it.

    >>> recall_refusal({"sale_of_data": [5, "m", False], "ads": [5, "m", True]}, 1)
    {'sale_of_data': [5, 'm', False]}
    """
    said = state.get("sale_of_data") if version == 1 else None
    return {"sale_of_data": said} if said is not None and not said[2] else None


CONSENT = Feature(
    "consent",
    1,
    fold_consent,
    combine_newest,
    present_consent,
    with_robots=True,
    recall=recall_refusal,
)
