"""Which of several words about a trait counts, whatever the order in which they came."""

import copy
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stammgast.events.contracts import Event
from stammgast.kernel.errors import Invalid
from stammgast.profiles.figures.traits import (
    NEWEST_KEPT,
    PAIRS_KEPT,
    SOURCES_KEPT,
    combine_traits,
    first_said,
    fold_traits,
    is_cut,
    present_traits,
)
from stammgast.profiles.folding import decode_state, encode_state
from stammgast.profiles.trait_policies import (
    EVERY_TRAIT,
    RULES,
    TraitPolicies,
    TraitPolicy,
    check_policy,
    decide_traits,
    values_of,
)

CRM, SHOP, TILL = 1, 2, 3
seeds = st.integers(0, 2**32)


def said(time, value, source=SHOP, trait="city", message_id=None):
    return Event(
        message_id=message_id or f"m{time:04d}",
        digest=b"",
        content=0,
        type="identify",
        time=time,
        received_at=0,
        source=source,
        traits={trait: value},
    )


def folded(words):
    state = None
    for one in words:
        state = fold_traits(state, one)
    return state or {}


def by(rule, *sources):
    return TraitPolicies({EVERY_TRAIT: TraitPolicy(rule, sources)})


def chosen(words, rule, *sources):
    return values_of(folded(words), by(rule, *sources)).get("city")


def some_words(seed):
    """Words about a city, of few or of many different values and sources, with ties in time and words taken back."""
    random = Random(seed)
    values = random.choice([["Bonn", "Ulm", None, 1, 1.0, True, {"a": 1}], [f"v{one}" for one in range(60)] + [None]])
    sources = random.choice([3, 3, 30])
    return [
        said(random.randrange(40), random.choice(values), random.randrange(1, sources + 1), message_id=f"m{number:03d}")
        for number in range(random.randrange(1, random.choice([8, 90])))
    ]


@given(seeds)
@settings(max_examples=300)
def test_any_order_of_words_ends_in_the_same_state(seed):
    words = some_words(seed)
    assert folded(Random(seed + 1).sample(words, len(words))) == folded(words)


@given(seeds)
@settings(max_examples=300)
def test_states_of_anchors_add_up_to_the_state_of_all_words_and_stay_as_they_were(seed):
    words = some_words(seed)
    random = Random(seed + 1)
    parts = [[], [], []]
    for one in words:
        random.choice(parts).append(one)
    states = [folded(part) for part in parts if part]
    random.shuffle(states)
    before = copy.deepcopy(states)
    total = {}
    for one in states:
        total = combine_traits(total, decode_state(encode_state(one)))
    assert total == folded(words)
    assert states == before


@given(seeds)
@settings(max_examples=200)
def test_what_counts_is_what_a_look_at_all_words_says(seed):
    words = some_words(seed)
    state = folded(words)
    ordered = sorted(words, key=lambda one: (one.time, one.message_id))
    told = [one for one in ordered if one.traits["city"] is not None]
    assert chosen(words, "newest") == ordered[-1].traits["city"]
    assert chosen(words, "first") == (told[0].traits["city"] if told else None)
    newest_of_crm = [one for one in ordered if one.source == CRM][-1:]
    if len({one.source for one in words}) <= SOURCES_KEPT and newest_of_crm and newest_of_crm[0].traits["city"]:
        assert chosen(words, "source_priority", CRM) == newest_of_crm[0].traits["city"]
    assert present_traits(state).get("city") == chosen(words, "newest")


def test_the_value_said_most_often_counts_and_of_two_as_frequent_the_one_said_last():
    words = [said(1, "Bonn"), said(2, "Bonn", CRM), said(3, "Ulm")]
    assert chosen(words, "most_frequent") == "Bonn"
    assert chosen([*words, said(4, "Ulm")], "most_frequent") == "Ulm"
    assert chosen([*words, said(0, "Ulm")], "most_frequent") == "Ulm"


def test_the_first_word_counts_even_when_it_comes_late():
    assert chosen([said(5, "Ulm"), said(9, "Graz")], "first") == "Ulm"
    assert chosen([said(5, "Ulm"), said(9, "Graz"), said(1, "Bonn")], "first") == "Bonn"


def test_a_source_named_first_counts_before_newer_words_of_others():
    words = [said(1, "Bonn", CRM), said(5, "Ulm", SHOP), said(9, "Graz", TILL)]
    assert chosen(words, "source_priority", CRM, SHOP) == "Bonn"
    assert chosen(words, "source_priority", SHOP) == "Ulm"


def test_sources_that_nobody_named_come_after_and_among_them_the_newest_counts():
    assert chosen([said(5, "Ulm", SHOP), said(9, "Graz", TILL)], "source_priority", CRM) == "Graz"


def test_a_source_that_took_its_word_back_leaves_it_to_the_next():
    words = [said(1, "Bonn", CRM), said(2, None, CRM), said(3, "Ulm", SHOP)]
    assert chosen(words, "source_priority", CRM, SHOP) == "Ulm"


@pytest.mark.parametrize("rule", RULES)
def test_a_trait_of_which_nothing_but_null_was_said_is_left_out(rule):
    assert decide_traits(folded([said(1, None)]), by(rule, CRM)) == ()


def test_null_takes_back_the_newest_value_but_is_neither_a_first_nor_a_frequent_one():
    words = [said(1, "Bonn"), said(2, None), said(3, None, CRM)]
    assert [chosen(words, rule) for rule in ("newest", "first", "most_frequent")] == [None, "Bonn", "Bonn"]


def test_values_that_lost_stay_with_where_they_came_from():
    words = [said(1, "Bonn", CRM), said(2, "Ulm", SHOP), said(3, "Bonn", TILL), said(4, "Graz", SHOP)]
    (city,) = decide_traits(folded(words))
    assert (city.rule, city.is_cut, city.current.value, city.current.message_id) == ("newest", False, "Graz", "m0004")
    lost = [(one.value, one.source, one.time, one.message_id, one.count) for one in city.lost]
    assert lost == [("Bonn", TILL, 3, "m0003", 2), ("Ulm", SHOP, 2, "m0002", 1)]


def test_a_policy_of_one_trait_leaves_the_others_as_they_are():
    state = folded([said(1, "Bonn"), said(2, "Ulm"), said(1, "silver", trait="plan"), said(2, "gold", trait="plan")])
    assert values_of(state, TraitPolicies({"city": TraitPolicy("first")})) == {"city": "Bonn", "plan": "gold"}


def test_too_many_values_are_cut_to_the_newest_and_the_first_and_frequency_gives_way_to_the_newest():
    words = [said(time, f"v{time}") for time in range(PAIRS_KEPT + 1)]
    state = folded(words)
    assert is_cut(state["city"])
    (city,) = decide_traits(state, by("most_frequent"))
    assert (city.current.value, city.rule, city.is_fallback, city.current.count) == ("v32", "newest", True, None)
    assert [one.value for one in city.lost] == [f"v{one}" for one in range(31, 32 - NEWEST_KEPT, -1)] + ["v0"]
    assert chosen(words, "first") == "v0"
    assert first_said(state["city"])[3] == "v0"


def test_a_state_never_grows_beyond_what_is_kept():
    state = folded([said(time, f"v{time}", time % 400) for time in range(3_000)])
    assert len(state["city"][0]) <= NEWEST_KEPT + SOURCES_KEPT
    assert len(encode_state(state)) < 2_000


def test_one_and_yes_are_two_values_while_a_whole_float_is_its_number():
    (city,) = decide_traits(folded([said(1, 1), said(2, True), said(3, 1.0)]))
    assert (city.current.value, city.current.count, [one.value for one in city.lost]) == (1, 2, [True])


def test_a_number_wider_than_any_database_can_be_kept():
    assert decode_state(encode_state(folded([said(1, {"x": [10**40]})])))["city"][0][0][3] == {"x": [1e40]}


@pytest.mark.parametrize(
    ("trait", "policy"),
    [
        ("", TraitPolicy()),
        ("x" * 256, TraitPolicy()),
        ("city", TraitPolicy("source_priority")),
        ("city", TraitPolicy("source_priority", (CRM, CRM))),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(trait, policy):
    with pytest.raises(Invalid):
        check_policy(trait, policy)
