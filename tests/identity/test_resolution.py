"""Who an event belongs to: pure over what was loaded."""

from hypothesis import given
from hypothesis import strategies as st

from stammgast.identity.resolution import Loaded, Sighting, resolve

DAY = 86_400_000


class Anchor:
    def __init__(self, anchor, profile):
        self.anchor = anchor
        self.profile = profile


class Stores:
    """Keeps what resolutions bring, in dictionaries: the least a store must do."""

    def __init__(self):
        self.anchors = {}
        self.owners = {}
        self.evidence = {}
        self.aliases = {}
        self.next_anchor = 1

    def take(self, sightings):
        found = resolve(sightings, Loaded(self.anchors, self.owners, self.evidence, self.next_anchor), normalise)
        self.next_anchor = found.next_anchor
        for known in self.anchors.values():
            known.profile = found.moved.get(known.profile, known.profile)
        self.owners = {pair: found.moved.get(owner, owner) for pair, owner in self.owners.items()} | found.owners
        self.aliases = {old: found.moved.get(new, new) for old, new in self.aliases.items()} | found.moved
        self.anchors |= {one.raw: Anchor(one.anchor, found.profiles[one.anchor]) for one in found.new}
        self.evidence |= {place: key[:2] for place, key in found.evidence.items()}
        return found

    def partition(self):
        groups = {}
        for pair, owner in self.owners.items():
            groups.setdefault(owner, set()).add(pair)
        return {frozenset(group) for group in groups.values()}

    def evidence_by_set(self):
        raw_of = {known.anchor: raw for raw, known in self.anchors.items()}
        return {(raw_of[anchor], day): key for (anchor, day), key in self.evidence.items()}


def normalise(namespace, value):
    return None if value == "null" else (namespace, value.lower())


def seen(*pairs, time=0, message_id="m"):
    return Sighting(tuple(sorted(pairs)), time, message_id)


ANNA = ("user_id", "anna")
BOB = ("user_id", "bob")
PHONE = ("anonymous_id", "phone")
LAPTOP = ("anonymous_id", "laptop")


def test_two_devices_are_joined_at_login():
    stores = Stores()
    stores.take([seen(PHONE), seen(LAPTOP)])
    assert len(stores.partition()) == 2
    found = stores.take([seen(PHONE, ANNA, message_id="login1"), seen(LAPTOP, ANNA, message_id="login2")])
    assert stores.partition() == {frozenset({PHONE, LAPTOP, ANNA})}
    assert [(one.kept, one.merged, one.message_id) for one in found.unions] == [(1, 2, "login2")]


def test_a_merge_keeps_the_smaller_number_and_the_other_leads_to_it_for_ever():
    stores = Stores()
    stores.take([seen(PHONE), seen(LAPTOP), seen(ANNA)])
    stores.take([seen(LAPTOP, ANNA)])
    stores.take([seen(PHONE, LAPTOP)])
    assert set(stores.owners.values()) == {1}
    assert stores.aliases == {2: 1, 3: 1}


def test_an_event_of_placeholders_belongs_to_nobody_but_its_anchor_stands():
    stores = Stores()
    found = stores.take([seen(("user_id", "null"))])
    assert found.anchors == [1]
    assert found.profiles == {1: 0}
    assert stores.partition() == set()


def test_a_placeholder_joins_nobody():
    stores = Stores()
    stores.take([seen(("user_id", "null"), PHONE), seen(("user_id", "null"), LAPTOP)])
    assert stores.partition() == {frozenset({PHONE}), frozenset({LAPTOP})}


def test_sets_that_differ_only_in_writing_are_two_anchors_of_one_profile():
    stores = Stores()
    stores.take([seen(("user_id", "Anna")), seen(ANNA)])
    assert {known.anchor: known.profile for known in stores.anchors.values()} == {1: 1, 2: 1}


def test_evidence_is_the_smallest_key_of_each_day():
    stores = Stores()
    stores.take([seen(ANNA, time=5, message_id="b"), seen(ANNA, time=5, message_id="a")])
    found = stores.take([seen(ANNA, time=6, message_id="0"), seen(ANNA, time=DAY, message_id="z")])
    assert stores.evidence == {(1, 0): (5, "a"), (1, 1): (DAY, "z")}
    assert list(found.evidence) == [(1, 1)]


def test_nobodys_event_gets_no_anchor():
    assert Stores().take([seen()]).anchors == [0]


pairs = st.tuples(
    st.sampled_from(["user_id", "email", "anonymous_id"]), st.sampled_from(["a", "A", "b", "c", "d", "null"])
)
sightings = st.lists(
    st.builds(
        lambda raw, time, message_id: Sighting(tuple(sorted(raw)), time, message_id),
        st.sets(pairs, min_size=1, max_size=3),
        st.integers(0, 3 * DAY),
        st.text("xyz", min_size=1, max_size=3),
    ),
    max_size=25,
)


@given(sightings, st.randoms(use_true_random=False), st.integers(1, 7))
def test_order_repetition_and_batches_do_not_matter(events, random, size):
    one = Stores()
    one.take(events)
    shuffled = [*events, *random.choices(events, k=len(events) // 2)] if events else []
    random.shuffle(shuffled)
    other = Stores()
    for start in range(0, len(shuffled), size):
        other.take(shuffled[start : start + size])
    assert other.partition() == one.partition()
    assert other.evidence_by_set() == one.evidence_by_set()


@given(sightings)
def test_the_partition_is_that_of_the_connected_components(events):
    stores = Stores()
    stores.take(events)
    groups = []
    for one in events:
        links = {pair for raw in one.identifiers if (pair := normalise(*raw))}
        joined = [group for group in groups if group & links]
        groups = [group for group in groups if not group & links]
        if links:
            groups.append(links.union(*joined))
    assert stores.partition() == {frozenset(group) for group in groups}
