"""Traits: what somebody is said to be, by whom, how often, since when. Which word counts is decided when it is read.

The state of a trait is [said], newest first: one entry a distinct pair of source and value,
[time, message id, source, value, count, first time, first message id]. Every policy of `trait_policies` is a function of it.

Past PAIRS_KEPT distinct pairs the state becomes [said, first]: the newest pairs and each source's newest, without counts
([time, message id, source, value]), and the first word of all that was not null. Both are functions of the set of events: whether
there ever were too many is one, and a pair among the newest was never cut away after its last event, since those above it
only become more. Counts are not kept then, as those of a pair that was cut away and came back would depend on the order.
"""

from __future__ import annotations

from typing import Any

import msgspec

from stammgast.kernel.features import Feature

PAIRS_KEPT = 32
NEWEST_KEPT = 10
SOURCES_KEPT = 20

Said = list[Any]
"""[time, message id, source, value], and where all is known [.., count, first time, first message id]."""
Trait = list[Any]
"""[said, newest first] or [said, first]."""
Traits = dict[str, Trait]

_INTEGER_MAX = 2**63
_EXACT_FLOAT_MAX = 2.0**53
_encode_sorted = msgspec.json.Encoder(order="deterministic").encode


def fold_traits(state: Traits | None, event: Any) -> Traits | None:
    """Take the traits of a person; those of a group are its account's."""
    if not event.traits or event.type == "group":
        return state
    state = {} if state is None else state
    for name, value in event.traits.items():
        note_trait(state, name, event, value)
    return state


def note_trait(state: Traits, name: str, event: Any, value: Any) -> None:
    """Take one word about one trait."""
    if type(value) is not str:
        value = plain_value(value)
    time, message_id, source = event.time, event.message_id, event.source
    trait = state.get(name)
    if trait is None:
        state[name] = [[[time, message_id, source, value, 1, time, message_id]]]
        return
    newest = trait[0][0]
    if time > newest[0] and newest[2] == source and same_value(newest[3], value):
        # Most say again what they said last.
        newest[0], newest[1] = time, message_id
        if len(trait) == 1:
            newest[4] += 1
        return
    entry = [time, message_id, source, value]
    if is_cut(trait):
        _take_cut(trait, entry)
        return
    _take(trait[0], [*entry, 1, time, message_id])
    if len(trait[0]) > PAIRS_KEPT:
        _cut(trait)


def combine_traits(a: Traits, b: Traits) -> Traits:
    """Return what both were said to be.

    >>> bonn, ulm = [5, "m", 1, "Bonn", 2, 4, "l"], [9, "n", 1, "Ulm", 1, 9, "n"]
    >>> combine_traits({"city": [[bonn]]}, {"city": [[ulm]]})
    {'city': [[[9, 'n', 1, 'Ulm', 1, 9, 'n'], [5, 'm', 1, 'Bonn', 2, 4, 'l']]]}
    """
    both = dict(a)
    for name, trait in b.items():
        before = both.get(name)
        both[name] = trait if before is None else _combined(before, trait)
    return both


def is_cut(trait: Trait) -> bool:
    """Say whether more was said than is kept: then nothing is known of how often."""
    return len(trait) > 1


def first_said(trait: Trait) -> Said | None:
    """Return [time, message id, source, value] of the first word that was not null, None when there is none.

    >>> first_said([[[9, "n", 1, None, 1, 9, "n"], [5, "m", 2, "Bonn", 2, 4, "l"]]])
    [4, 'l', 2, 'Bonn']
    """
    if is_cut(trait):
        kept: Said | None = trait[1]
        return kept
    firsts = [[one[5], one[6], one[2], one[3]] for one in trait[0] if one[3] is not None]
    return min(firsts, key=_rank, default=None)


def present_traits(state: Traits) -> object:
    """Show the newest value of each trait; null means it was taken back."""
    return {name: trait[0][0][3] for name, trait in sorted(state.items()) if trait[0][0][3] is not None}


def plain_value(value: Any) -> Any:
    """Return a value in the one form in which it is compared and kept: 3.0 is 3, and no number is wider than 64 bits.

    >>> plain_value([3.0, True, 10**30])
    [3, True, 1e+30]
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is float:
        return int(value) if -_EXACT_FLOAT_MAX < value < _EXACT_FLOAT_MAX and value.is_integer() else value
    if kind is int:
        return value if -_INTEGER_MAX <= value < _INTEGER_MAX else float(value)
    if kind is list:
        return [plain_value(one) for one in value]
    if kind is dict:
        return {name: plain_value(one) for name, one in value.items()}
    return value


def same_value(one: Any, other: Any) -> bool:
    """Say whether two plain values are one: of one kind and equal; the order of an object's keys does not count.

    >>> same_value(1, True), same_value({"a": 1, "b": 2}, {"b": 2, "a": 1})
    (False, True)
    """
    kind = type(one)
    if kind is not type(other) or one != other:
        return False
    return (kind is not list and kind is not dict) or bool(_encode_sorted(one) == _encode_sorted(other))


def _rank(entry: Said) -> tuple[int, str, int]:
    return entry[0], entry[1], entry[2]


def _take(said: list[Said], entry: Said) -> None:
    """Add an entry with its count to those of its pair, and put it in its place."""
    for index, known in enumerate(said):
        if known[2] == entry[2] and same_value(known[3], entry[3]):
            if index == 0 and _rank(entry) >= _rank(known):
                said[0] = _added(known, entry)
                return
            del said[index]
            entry = _added(known, entry)
            break
    _insert(said, entry)


def _added(a: Said, b: Said) -> Said:
    last = max(a, b, key=_rank)
    first = min((a[5], a[6]), (b[5], b[6]))
    return [*last[:4], a[4] + b[4], *first]


def _insert(said: list[Said], entry: Said) -> None:
    rank = _rank(entry)
    place = 0
    while place < len(said) and _rank(said[place]) > rank:
        place += 1
    said.insert(place, entry)


def _take_cut(trait: Trait, entry: Said) -> None:
    """Take a word, [time, message id, source, value], where counts are not kept any more."""
    _take_first(trait, entry)
    said = trait[0]
    for index, known in enumerate(said):
        if known[2] == entry[2] and same_value(known[3], entry[3]):
            if _rank(known) >= _rank(entry):
                return
            del said[index]
            break
    _insert(said, entry)
    trait[0] = _kept(said)


def _take_first(trait: Trait, first: Said | None) -> None:
    if first is None or first[3] is None:
        return
    if trait[1] is None or _rank(first) < _rank(trait[1]):
        trait[1] = first


def _cut(trait: Trait) -> None:
    """Forget counts and the older pairs."""
    trait.append(first_said(trait))
    trait[0] = _kept([one[:4] for one in trait[0]])


def _kept(said: list[Said]) -> list[Said]:
    """Return the newest pairs, and the newest of each of the sources that spoke last."""
    sources: set[int] = set()
    kept = []
    for place, one in enumerate(said):
        is_newest_of_source = one[2] not in sources and len(sources) < SOURCES_KEPT
        if is_newest_of_source:
            sources.add(one[2])
        if place < NEWEST_KEPT or is_newest_of_source:
            kept.append(one)
    return kept


def _combined(a: Trait, b: Trait) -> Trait:
    if not is_cut(a) and not is_cut(b):
        both: Trait = [list(a[0])]
        for entry in b[0]:
            _take(both[0], entry)
        if len(both[0]) > PAIRS_KEPT:
            _cut(both)
        return both
    both = [_kept([one[:4] for one in a[0]]), first_said(a)]
    for entry in b[0]:
        _take_cut(both, entry[:4])
    _take_first(both, first_said(b))
    return both


TRAITS = Feature("traits", 2, fold_traits, combine_traits, present_traits, with_robots=True)
