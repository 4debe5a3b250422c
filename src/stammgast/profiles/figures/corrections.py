"""What people here said of a customer themselves: corrected traits, and marks as staff or test. Own events, folded per anchor.

The state of corrections is {trait: [time, message id, value, by, whether it was taken back]}, that of the mark
[time, message id, mark, by]: of each the newest word counts, so that merging and splitting need nothing else.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

from stammgast.kernel.features import Feature
from stammgast.profiles.figures.traits import plain_value

TRAIT_CORRECTED = "Trait Corrected"
CORRECTION_TAKEN_BACK = "Trait Correction Taken Back"
CUSTOMER_MARKED = "Customer Marked"
BY_HAND = "records"
"""The origin of these events."""

Mark = Literal["", "staff", "test"]
MARKS: tuple[Mark, ...] = get_args(Mark)
Correction = list[Any]
Corrections = dict[str, Correction]
_NAME_LENGTH_MAX = 255


def fold_corrections(state: Corrections | None, event: Any) -> Corrections | None:
    """Take a correction, or that one was taken back."""
    said = event.properties
    name = said.get("trait")
    if not isinstance(name, str) or not 0 < len(name) <= _NAME_LENGTH_MAX:
        return state
    is_taken_back = event.name == CORRECTION_TAKEN_BACK
    value = None if is_taken_back else plain_value(said.get("value"))
    word = [event.time, event.message_id, value, _by(said), is_taken_back]
    known = (state or {}).get(name)
    if known is not None and _rank(known) >= _rank(word):
        return state
    return {**(state or {}), name: word}


def combine_corrections(a: Corrections, b: Corrections) -> Corrections:
    """Return the newest word about each trait.

    >>> combine_corrections({"city": [5, "m", "Bonn", "Anna", False]}, {"city": [9, "n", None, "Bob", True]})
    {'city': [9, 'n', None, 'Bob', True]}
    """
    both = dict(a)
    for name, word in b.items():
        known = both.get(name)
        both[name] = word if known is None else max(known, word, key=_rank)
    return both


def present_corrections(state: Corrections) -> object:
    """Show the corrections that were not taken back; a value that is null takes the trait away."""
    return {
        name: {"value": value, "by": by, "time": time}
        for name, (time, _, value, by, is_taken_back) in sorted(state.items())
        if not is_taken_back
    }


def fold_mark(state: list[Any] | None, event: Any) -> list[Any] | None:
    """Take a mark; one that is empty takes it away."""
    mark = event.properties.get("mark")
    if mark not in MARKS:
        return state
    word = [event.time, event.message_id, mark, _by(event.properties)]
    return word if state is None else combine_marks(state, word)


def combine_marks(a: list[Any], b: list[Any]) -> list[Any]:
    """Return the newest word.

    >>> combine_marks([5, "m", "staff", "Anna"], [9, "n", "", "Bob"])
    [9, 'n', '', 'Bob']
    """
    return max(a, b, key=_rank)


def present_mark(state: list[Any]) -> object:
    """Show the mark, empty when it was taken away."""
    time, _, mark, by = state
    return {"mark": mark, "by": by, "time": time}


def mark_of(state: list[Any] | None) -> Mark:
    """Return the mark that holds.

    >>> mark_of(None), mark_of([5, "m", "staff", "Anna"])
    ('', 'staff')
    """
    mark: Mark = state[2] if state else ""
    return mark


def _rank(word: list[Any]) -> tuple[int, str]:
    return word[0], word[1]


def _by(said: dict[str, Any]) -> str:
    by = said.get("by")
    return by[:_NAME_LENGTH_MAX] if isinstance(by, str) else ""


CORRECTIONS = Feature(
    "corrections",
    1,
    fold_corrections,
    combine_corrections,
    present_corrections,
    frozenset(),
    own=frozenset({TRAIT_CORRECTED, CORRECTION_TAKEN_BACK}),
)
MARK = Feature("mark", 1, fold_mark, combine_marks, present_mark, frozenset(), own=frozenset({CUSTOMER_MARKED}))
