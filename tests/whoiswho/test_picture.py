"""The picture of an identity graph: nothing overlaps, nothing depends on the order in which things are given."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stammgast.identity.graph.rules import GraphRules, Ranking
from stammgast.whoiswho.pages.picture import NODE_HEIGHT, NODE_WIDTH, SHOWN_MAX, Wire, draw

RANK = Ranking(GraphRules()).rank
NAMESPACES = ("user_id", "email", "phone", "device_id", "anonymous_id")
pairs = st.tuples(st.sampled_from(NAMESPACES), st.text("abc", min_size=1, max_size=3))


def crowd(size):
    """One user with `size` - 1 browsers."""
    own = [("user_id", "u"), *(("anonymous_id", f"b{number:03}") for number in range(size - 1))]
    return own, [Wire(own[0], one, "seen", f"e{number}") for number, one in enumerate(own[1:])]


def overlap(one, other):
    return abs(one.x - other.x) < NODE_WIDTH and abs(one.y - other.y) < NODE_HEIGHT


@pytest.mark.parametrize("size", [1, 5, 40, 500])
def test_nodes_never_overlap_and_lie_within_the_picture(size):
    own, wires = crowd(size)
    picture = draw(own, [], wires, RANK)
    nodes = picture.nodes
    assert len(nodes) == min(size, SHOWN_MAX)
    assert picture.left_out == size - len(nodes)
    assert not any(overlap(one, other) for place, one in enumerate(nodes) for other in nodes[:place])
    assert all(0 <= one.x <= picture.width - NODE_WIDTH and 0 <= one.y <= picture.height - NODE_HEIGHT for one in nodes)


def test_the_strongest_stand_at_the_top_and_stay_when_there_is_no_room():
    own, wires = crowd(500)
    picture = draw(own, [], wires, RANK)
    assert min(picture.nodes, key=lambda one: one.y).pair == ("user_id", "u")


def test_a_line_around_others_never_crosses_a_node():
    own, wires = crowd(40)
    picture = draw(own, [], wires, RANK)
    for line in picture.lines:
        vertical = re.findall(r"Q (\d+) (\d+), \1 \d+ V (\d+)", line.path)
        for x, top, bottom in ((int(a), int(b), int(c)) for a, b, c in vertical):
            crossed = [
                one
                for one in picture.nodes
                if one.x < x < one.x + NODE_WIDTH and one.y < bottom and one.y + NODE_HEIGHT > top
            ]
            assert crossed == []


def test_somebody_elses_identifiers_are_shown_only_where_something_connects_them():
    anna, bob, carl = (("user_id", one) for one in ("anna", "bob", "carl"))
    picture = draw([anna], [bob, carl], [Wire(bob, anna, "refused", "r0")], RANK)
    assert {one.pair: one.is_foreign for one in picture.nodes} == {anna: False, bob: True}


@given(st.sets(pairs, min_size=1, max_size=12), st.sets(pairs, max_size=4), st.data())
def test_the_picture_does_not_depend_on_order(own, foreign, data):
    known = sorted(own | foreign)
    chosen = data.draw(st.lists(st.tuples(st.sampled_from(known), st.sampled_from(known)), max_size=8, unique=True))
    wires = [Wire(one, other, "seen", f"e{number:02}") for number, (one, other) in enumerate(chosen)]
    first = draw(sorted(own), sorted(foreign), wires, RANK)
    again = draw(sorted(own, reverse=True), sorted(foreign, reverse=True), data.draw(st.permutations(wires)), RANK)
    assert {one.pair: (one.x, one.y) for one in first.nodes} == {one.pair: (one.x, one.y) for one in again.nodes}
    assert [one.wire.key for one in first.lines] == [one.wire.key for one in again.lines]
