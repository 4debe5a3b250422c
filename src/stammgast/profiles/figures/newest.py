"""Keeping the newest of each key: the shape behind last products, last contact and consent.

A state maps a key to a list that begins with [time, message id]; the greater pair wins. Cutting to the `most` newest
keys keeps the law: a key that falls out has `most` others above it, and their places only rise.
"""

from __future__ import annotations

from typing import Any

Newest = dict[str, list[Any]]


def keep_newest(state: Newest, key: str, entry: list[Any]) -> None:
    """Take `entry` under `key` unless a newer one is there.

    >>> state = {"a": [5, "m2", "x"]}
    >>> keep_newest(state, "a", [5, "m1", "y"]); keep_newest(state, "b", [1, "m3", "z"]); state
    {'a': [5, 'm2', 'x'], 'b': [1, 'm3', 'z']}
    """
    before = state.get(key)
    if before is None or (entry[0], entry[1]) > (before[0], before[1]):
        state[key] = entry


def combine_newest(a: Newest, b: Newest) -> Newest:
    """Return the newest of each key of both."""
    both = dict(a)
    for key, entry in b.items():
        keep_newest(both, key, entry)
    return both


def cut_to(state: Newest, most: int) -> Newest:
    """Return `state` with the `most` newest keys only; equal times are told apart by message id, then by key.

    >>> cut_to({"a": [1, "m1"], "b": [5, "m2"], "c": [3, "m3"]}, 2)
    {'b': [5, 'm2'], 'c': [3, 'm3']}
    """
    while len(state) > most:  # by one, as a rule: a fold brings one key
        del state[_oldest(state)]
    return state


def _oldest(state: Newest) -> str:
    # Compared by hand: a key function for `min` took five times as long, and every product looked at comes by here.
    found, time = "", None
    for key, entry in state.items():
        if time is None or entry[0] < time or (entry[0] == time and (entry[1], key) < (state[found][1], found)):
            found, time = key, entry[0]
    return found


def newest_first(state: Newest) -> list[tuple[str, list[Any]]]:
    """Return (key, entry) pairs, newest first."""
    return sorted(state.items(), key=_age, reverse=True)


def _age(one: tuple[str, list[Any]]) -> tuple[int, str, str]:
    key, entry = one
    return entry[0], entry[1], key
