"""Which number a profile has: one that an anchor of its bears. After a person's split it stays with whom it names best.

Every number is borne by one anchor, at first that of the same number. Whoever has that anchor is named by it: as a profile's
number, or, once the profile was merged away, as another name. Only a split that a person orders lets another anchor bear a
number; the anchor that is left without any gets a fresh one, so an anchor always has one to give.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from stammgast.identity.graph.evidence import Key
from stammgast.identity.graph.rules import Identifier
from stammgast.identity.graph.standing import Standing

FIRST_FRESH = 1_000_000_001
"""Numbers given at splits begin here: beyond all anchors, so that neither meets the other."""


def is_fresh(number: int) -> bool:
    """Say whether a number was given at a split; no anchor has the same."""
    return number >= FIRST_FRESH


class Best(NamedTuple):
    """How well a part of a profile is named by its number; the smallest keeps it."""

    priority: int
    """Of its strongest identifier."""
    first: Key
    anchor: int
    """Holds that identifier and the least beside it: it would bear the number."""


@dataclass(frozen=True)
class Judgement:
    """What a person's decision asks of numbers. former: those of the closure's anchors that named a profile before."""

    judge: Callable[[Sequence[Standing]], Best]
    former: Collection[int]


class Numbers:
    """Who bears which number, where it is not the anchor of the same number."""

    def __init__(self, bearers: Mapping[int, int] | None = None) -> None:
        """Begin with what is stored: number -> anchor."""
        self.bearers: dict[int, int] = {}
        self._borne: dict[int, set[int]] = defaultdict(set)
        self._next = FIRST_FRESH
        self.take(bearers or {})

    def take(self, changed: Mapping[int, int]) -> None:
        """Let these anchors bear these numbers from now on."""
        for number, anchor in changed.items():
            self._borne[self.bearer(number)].discard(number)
            self.bearers[number] = anchor
            self._borne[anchor].add(number)
            if is_fresh(number):
                self._next = max(self._next, number + 1)

    def bearer(self, number: int) -> int:
        """Return the anchor that bears a number."""
        return self.bearers.get(number, number)

    def given_to(self, anchor: int) -> set[int]:
        """Return the numbers that an anchor bears beside its own."""
        return self._borne.get(anchor, set()) - {anchor}

    def has_own(self, anchor: int) -> bool:
        """Say whether an anchor bears the number of its own."""
        return self.bearer(anchor) == anchor

    def following(self, changed: Mapping[int, int]) -> Numbers:
        """Return what stands after some changes; this stays as it is."""
        found = Numbers(self.bearers)
        found.take(changed)
        return found

    def fresh(self) -> int:
        """Return the number that the next anchor without any gets."""
        return self._next

    def led_by(self, placed: Mapping[int, int]) -> dict[int, int]:
        """Return, for every number that these anchors bear, the profile that it leads to: anchor -> profile given."""
        found = {anchor: profile for anchor, profile in placed.items() if self.has_own(anchor)}
        for anchor in placed.keys() & self._borne.keys():
            found.update(dict.fromkeys(self._borne[anchor], placed[anchor]))
        return found


@dataclass
class Numbering:
    """numbers: of each group, by its survivor. leads: each old profile -> the number that its own leads to now."""

    numbers: dict[Identifier, int] = field(default_factory=dict)
    leads: dict[int, int] = field(default_factory=dict)
    changed: dict[int, int] = field(default_factory=dict)
    """Numbers that other anchors bear from now on."""


def number_groups(
    groups: Mapping[Identifier, Sequence[Standing]], numbers: Numbers, judgement: Judgement | None = None
) -> Numbering:
    """Return the numbers of a closure's profiles.

    Of the numbers that lead into a group the oldest profile's stays, fresh ones last; a group without any gets what its
    anchors bear. `judgement` is given where a person decided: then a profile that falls apart leaves its number with the
    part that is best named by it, and who is split off gets a number of old back or a fresh one. So it is the fresh one that
    yields when the split is taken back.
    """
    home = {one.anchor: survivor for survivor, group in groups.items() for one in group}
    parts = _parts(groups)
    found = Numbering()
    if judgement is not None:
        found.changed = _handed_over(parts, home, numbers, judgement.judge)
        numbers = numbers.following(found.changed)
    claims: dict[Identifier, list[tuple[bool, Key, int]]] = defaultdict(list)
    for old, at in parts.items():
        led = home.get(numbers.bearer(old))
        if led is not None and led in at:
            claims[led].append((is_fresh(old), min(one.key for one in at[led]), old))
    found.numbers = {survivor: min(many)[2] for survivor, many in claims.items()}
    for survivor, group in sorted(groups.items()):
        if survivor in claims:
            continue
        if judgement is None:
            found.numbers[survivor] = _own_number(group, numbers)
        else:
            found.numbers[survivor], given = _split_off(group, numbers, judgement.former)
            found.changed |= given
            numbers.take(given)
    found.leads = {old: found.numbers[home[bearer]] for old in parts if (bearer := numbers.bearer(old)) in home}
    return found


def _parts(groups: Mapping[Identifier, Sequence[Standing]]) -> dict[int, dict[Identifier, list[Standing]]]:
    """Return what each old profile has fallen apart into, by the survivors of the groups."""
    found: dict[int, dict[Identifier, list[Standing]]] = defaultdict(lambda: defaultdict(list))
    for survivor, group in groups.items():
        for one in group:
            if one.profile:
                found[one.profile][survivor].append(one)
    return found


def _handed_over(
    parts: Mapping[int, Mapping[Identifier, Sequence[Standing]]],
    home: Mapping[int, Identifier],
    numbers: Numbers,
    judge: Callable[[Sequence[Standing]], Best],
) -> dict[int, int]:
    """Return the numbers of profiles that fall apart, with who bears them now; and fresh ones for who is left without."""
    changed: dict[int, int] = {}
    for old, at in sorted(parts.items()):
        bearer = numbers.bearer(old)
        if len(at) == 1 or bearer not in home:
            continue
        best, survivor = min((judge(part), survivor) for survivor, part in at.items())
        if home[bearer] == survivor:
            continue
        given = {old: best.anchor}
        if not (numbers.given_to(bearer) - {old}) and (bearer == old or not numbers.has_own(bearer)):
            given[numbers.fresh()] = bearer
        numbers = numbers.following(given)
        changed |= given
    return changed


def _own_number(group: Iterable[Standing], numbers: Numbers) -> int:
    """Return the number of a group that none leads to: one handed over before, its oldest anchor's own, or a fresh one."""
    given = {number for one in group for number in numbers.given_to(one.anchor)}
    own = [(one.key, one.anchor) for one in group if numbers.has_own(one.anchor)]
    handed_over = [number for number in given if not is_fresh(number)]
    return min(handed_over) if handed_over else min(own)[1] if own else min(given)


def _split_off(group: Iterable[Standing], numbers: Numbers, former: Collection[int]) -> tuple[int, dict[int, int]]:
    """Return the number of a group that a person split off, and who bears it if it is fresh: one of old, else a fresh one."""
    group = list(group)
    given = {number for one in group for number in numbers.given_to(one.anchor)}
    own = [(one.key, one.anchor) for one in group if one.anchor in former and numbers.has_own(one.anchor)]
    handed_over = [number for number in given if not is_fresh(number)]
    if handed_over or own:
        return (min(handed_over) if handed_over else min(own)[1]), {}
    if given:
        return min(given), {}
    return numbers.fresh(), {numbers.fresh(): min((one.key, one.anchor) for one in group)[1]}
