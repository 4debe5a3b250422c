"""Numbers of profiles: one each, borne by one of its anchors, and left by a person's split with whom they name best."""

from collections import defaultdict
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stammgast.identity.graph.numbering import FIRST_FRESH, Best, Judgement, Numbers, number_groups
from stammgast.identity.graph.standing import Standing


def judge(part):
    """Judge by the first letter of what an anchor holds: `a` is stronger than `b`."""
    best = min(part, key=lambda one: (one.identifiers[0][1], one.anchor))
    return Best(ord(best.identifiers[0][1]), min(one.key for one in part), best.anchor)


class World:
    """Anchors that are grouped anew again and again, with the numbers that they had."""

    def __init__(self, random, count):
        self.names = {anchor: random.choice("abc") for anchor in range(1, count + 1)}
        self.keys = {anchor: (random.randrange(9), f"m{anchor:02d}") for anchor in self.names}
        self.profile = {}
        self.numbers = Numbers()
        self.ever = set()

    def regroup(self, partition, *, by_person):
        groups = {
            ("group", str(place)): [
                Standing(anchor, (("n", self.names[anchor]),), self.keys[anchor], self.profile.get(anchor))
                for anchor in group
            ]
            for place, group in enumerate(partition)
        }
        before = self.profiles()
        judgement = Judgement(judge, self.ever - before.keys()) if by_person else None
        found = number_groups(groups, self.numbers, judgement)
        self.numbers.take(found.changed)
        self.profile.update(
            {one.anchor: found.numbers[survivor] for survivor, group in groups.items() for one in group}
        )
        self.ever.update(self.profile.values())
        assert found.leads == {old: self.profile[self.numbers.bearer(old)] for old in before}
        return before

    def profiles(self):
        found = defaultdict(set)
        for anchor, profile in self.profile.items():
            found[profile].add(anchor)
        return dict(found)

    def check(self, partition):
        assert sorted(map(sorted, self.profiles().values())) == sorted(map(sorted, partition)), "one number each"
        assert all(self.profile[self.numbers.bearer(one)] == one for one in self.profile.values())
        led = self.numbers.led_by(self.profile)
        assert led.keys() >= self.ever | self.names.keys() - self.numbers.bearers.keys()
        assert all(led[number] == self.profile[self.numbers.bearer(number)] for number in led)
        borne = {self.numbers.bearer(number) for number in led}
        assert borne == self.names.keys(), "every anchor bears a number"


def some_partition(random, anchors):
    found = defaultdict(list)
    for one in anchors:
        found[random.randrange(random.choice([1, 2, 3, 5]))].append(one)
    return list(found.values())


@given(st.integers(0, 2**32))
@settings(max_examples=400, deadline=None)
def test_whatever_falls_apart_and_together_every_profile_has_one_number_that_its_own_anchor_bears(seed):
    random = Random(seed)
    world = World(random, random.randint(1, 9))
    for _ in range(8):
        partition = some_partition(random, world.names)
        by_person = random.random() < 0.6
        before = world.regroup(partition, by_person=by_person)
        world.check(partition)
        if by_person:
            for old, anchors in before.items():
                assert_left_with_the_best(world, old, anchors)


def assert_left_with_the_best(world, old, anchors):
    parts = defaultdict(list)
    for one in anchors:
        parts[world.profile[one]].append(one)

    def worth(profile):
        part = parts[profile]
        return min(world.names[one] for one in part), min(world.keys[one] for one in part)

    best = min(parts, key=worth)
    assert world.profile[world.numbers.bearer(old)] == best


@given(st.integers(0, 2**32))
@settings(max_examples=200, deadline=None)
def test_a_split_taken_back_and_made_again_brings_the_same_numbers_each_time(seed):
    random = Random(seed)
    world = World(random, random.randint(2, 9))
    whole, parted = [list(world.names)], some_partition(random, world.names)
    world.regroup(whole, by_person=False)
    first = dict(world.profile)
    world.regroup(parted, by_person=True)
    then = dict(world.profile)
    for _ in range(2):
        world.regroup(whole, by_person=True)
        assert world.profile == first
        world.regroup(parted, by_person=True)
        assert world.profile == then
    assert set(then.values()) - set(first.values()) <= {FIRST_FRESH, *range(FIRST_FRESH, FIRST_FRESH + len(parted))}


def test_events_leave_a_number_with_the_anchor_that_bears_it():
    world = World(Random(1), 2)
    world.names = {1: "c", 2: "a"}
    world.regroup([[1, 2]], by_person=False)
    kept = world.profile[1]
    world.regroup([[1], [2]], by_person=False)
    assert world.profile[world.numbers.bearer(kept)] == kept
    assert not world.numbers.bearers


@pytest.mark.parametrize("older", [1, 2])
def test_among_equals_the_older_keeps_the_number(older):
    world = World(Random(1), 2)
    world.names = {1: "a", 2: "a"}
    world.keys = {one: (0 if one == older else 5, "m") for one in (1, 2)}
    world.profile = {1: 1, 2: 1}
    world.regroup([[1], [2]], by_person=True)
    assert world.profile[older] == 1
    assert world.profile[3 - older] == FIRST_FRESH


def test_who_was_merged_in_by_mistake_gets_the_number_of_old_back():
    world = World(Random(1), 2)
    world.names, world.keys = {1: "a", 2: "b"}, {1: (0, ""), 2: (9, "")}
    world.regroup([[1], [2]], by_person=False)
    world.regroup([[1, 2]], by_person=True)
    world.regroup([[1], [2]], by_person=True)
    assert world.profile == {1: 1, 2: 2}


def test_whoever_is_left_without_a_number_keeps_the_fresh_one_and_yields_it_in_a_merge():
    world = World(Random(1), 2)
    world.names, world.keys = {1: "b", 2: "a"}, {1: (0, ""), 2: (9, "")}
    world.profile = {1: 1, 2: 1}
    world.regroup([[1], [2]], by_person=True)
    assert world.profile == {1: FIRST_FRESH, 2: 1}
    world.regroup([[1, 2]], by_person=False)
    assert world.profile == {1: 1, 2: 1}
    assert world.numbers.led_by(world.profile)[FIRST_FRESH] == 1
    world.regroup([[1], [2]], by_person=False)
    assert world.profile == {1: FIRST_FRESH, 2: 1}
