"""Traits: what somebody is said to be. The newest event time wins, ties go to the greater message id.

State: trait -> up to VALUES_KEPT distinct values, newest first, each [time, message id, source, value]. A value that is
said again moves up. Values are the same when Python calls them equal (1, 1.0 and true are).
"""

from __future__ import annotations

from typing import Any

from stammgast.kernel.features import Feature

VALUES_KEPT = 5

Values = list[list[Any]]
Traits = dict[str, Values]


def fold_traits(state: Traits | None, event: Any) -> Traits | None:
    """Take the traits of a person; those of a group are its account's."""
    if not event.traits or event.type == "group":
        return state
    state = {} if state is None else state
    for name, value in event.traits.items():
        entry = [event.time, event.message_id, int(event.source), value]
        values = state.get(name)
        if values is None:
            state[name] = [entry]
        else:
            _take(values, entry)
    return state


def _take(values: Values, entry: list[Any]) -> None:
    """Put `entry` in its place and forget what falls off the end."""
    rank = (entry[0], entry[1])
    for index, known in enumerate(values):
        if known[3] == entry[3]:
            if (known[0], known[1]) >= rank:
                return
            del values[index]
            break
    place = 0
    while place < len(values) and (values[place][0], values[place][1]) > rank:
        place += 1
    values.insert(place, entry)
    del values[VALUES_KEPT:]


def combine_traits(a: Traits, b: Traits) -> Traits:
    """Return the newest values of both.

    >>> combine_traits({"city": [[5, "m", 1, "Bonn"]]}, {"city": [[9, "n", 1, "Ulm"]]})
    {'city': [[9, 'n', 1, 'Ulm'], [5, 'm', 1, 'Bonn']]}
    """
    both = {name: list(values) for name, values in a.items()}
    for name, values in b.items():
        before = both.setdefault(name, [])
        for entry in values:
            _take(before, entry)
    return both


def present_traits(state: Traits) -> object:
    """Show the value that holds of each trait; null means it was taken back."""
    return {name: values[0][3] for name, values in sorted(state.items()) if values[0][3] is not None}


TRAITS = Feature("traits", 1, fold_traits, combine_traits, present_traits, with_robots=True)
