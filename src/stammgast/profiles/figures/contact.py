"""The last time somebody asked us for help, and the scores they gave us."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from stammgast.events.contracts import MICROS
from stammgast.kernel.features import Feature
from stammgast.profiles.figures.newest import Newest, combine_newest, keep_newest

SUPPORT_EVENTS = frozenset(
    {
        "Case Opened",
        "Case Replied",
        "Case Reopened",
        "Case Resolved",
        "Live Chat Conversation Started",
        "Live Chat Message Sent",
        "Live Chat Message Received",
        "Live Chat Conversation Ended",
    }
)
SUPPORT_CHANNELS = frozenset({"phone", "chat"})
FEEDBACK_EVENTS = frozenset({"Survey Answered", "Review Posted"})

Scores = dict[str, list[Any]]
"""Kind -> [count, sum in micros, time, message id, score in micros of the newest]."""
SCORE_MAX = 1_000_000


def fold_support(state: Newest | None, event: Any) -> Newest | None:
    """Keep the newest contact: a case or chat event, or anything by phone or chat."""
    if event.name not in SUPPORT_EVENTS and event.channel not in SUPPORT_CHANNELS:
        return state
    state = {} if state is None else state
    keep_newest(state, "last", [event.time, event.message_id, event.name or event.type, event.channel])
    return state


def present_support(state: Newest) -> object:
    """Show when, what and on which channel."""
    time, message_id, name, channel = state["last"]
    return {"last": time, "name": name, "channel": channel, "message_id": message_id}


def fold_feedback(state: Scores | None, event: Any) -> Scores | None:
    """Take the score of an answer or a review; one without a readable score changes nothing."""
    score = _score(event.properties)
    if score is None:
        return state
    return combine_feedback(state or {}, {_kind(event): [1, score, event.time, event.message_id, score]})


def combine_feedback(a: Scores, b: Scores) -> Scores:
    """Return counts and sums added, the newest score kept."""
    both = dict(a)
    for kind, one in b.items():
        before = both.get(kind)
        if before is not None:
            newest = max(before, one, key=lambda entry: (entry[2], entry[3]))
            one = [before[0] + one[0], before[1] + one[1], *newest[2:]]  # noqa: PLW2901 - what is kept under `kind`
        both[kind] = one
    return both


def present_feedback(state: Scores) -> object:
    """Show by kind: the newest score and when, the mean and how many.

    >>> present_feedback({"nps": [2, 19_000_000, 7, "m", 10_000_000]})
    {'nps': {'last': 10.0, 'time': 7, 'mean': 9.5, 'count': 2}}
    """
    return {
        kind: {"last": score / MICROS, "time": time, "mean": total / count / MICROS, "count": count}
        for kind, (count, total, time, _, score) in sorted(state.items())
    }


def _kind(event: Any) -> str:
    if event.name == "Review Posted":
        return "review"
    for name in ("metric", "survey_type", "kind"):
        value = event.properties.get(name)
        if isinstance(value, str) and value:
            return value.strip().lower()[:40]
    return "survey"


def _score(properties: dict[str, Any]) -> int | None:
    for name in ("score", "rating", "value"):
        value = properties.get(name)
        if value is None or isinstance(value, bool) or not isinstance(value, (int, float, str)):
            continue
        try:
            number = Decimal(str(value).strip())
        except InvalidOperation:
            continue
        if number.is_finite() and abs(number) <= SCORE_MAX:
            return int(number * MICROS)
    return None


SUPPORT = Feature("support", 1, fold_support, combine_newest, present_support)
FEEDBACK = Feature("feedback", 1, fold_feedback, combine_feedback, present_feedback, FEEDBACK_EVENTS)
