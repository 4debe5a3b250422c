"""The law of figures: a fold is a function of the set of events, and states of parts add up to the state of the whole."""

import copy
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stammgast.events.contracts import Event
from stammgast.profiles.figures import FEATURES
from stammgast.profiles.figures.sessions import GAP_SECONDS
from stammgast.profiles.folding import Folding, decode_state, encode_state

NAMES = [
    "Order Completed",
    "Order Refunded",
    "Product Viewed",
    "Survey Answered",
    "Review Posted",
    "Case Opened",
    "Login",
]
VALUES = ["a", "b", "", None, 1, 1.0, True, 2.5, [1], {"x": 1}]
seeds = st.integers(0, 2**32)


def some_events(seed, most=14):
    """Events with distinct message ids, times close enough together to tie and to share sessions.

    From a seed, not drawn one by one: a hundred times faster, and the seed is all that it takes to see one again.
    """
    random = Random(seed)
    return [one_event(random, f"m{number:02d}") for number in range(random.randint(0, most))]


def one_event(random, message_id):
    choice = random.choice
    properties = {
        "product_id": choice(["p1", "p2", "p3", 4]),
        "name": choice(["Tea", "Jug"]),
        "score": choice([0, 3, 9.5, "7", "x", None]),
        "metric": choice(["nps", "csat"]),
        "products": [{"sku": f"s{random.randrange(14)}"} for _ in range(random.randrange(6))],
    }
    return Event(
        message_id=message_id,
        digest=b"",
        content=0,
        type=choice(["track", "track", "track", "page", "identify", "group"]),
        name=choice(NAMES),
        time=random.randint(-3, 12) * GAP_SECONDS * 500,
        received_at=0,
        source=random.randrange(3),
        brand=random.randrange(3),
        properties={name: value for name, value in properties.items() if random.random() < 0.7},
        traits={name: choice(VALUES) for name in ("city", "name") if random.random() < 0.5},
        channel=choice(["", "web", "phone"]),
        device=choice(["", "mobile"]),
        is_bot=random.random() < 0.2,
        amount=choice([None, random.randint(-(10**9), 10**9)]),
        currency=choice(["EUR", "GBP"]),
        consent=choice([None, {}, {"analytics": True}, {"analytics": False, "ads": True}]),
    )


def folded(events, features=FEATURES):
    folding = Folding(features)
    state = {}
    for event in events:
        folding.fold(state, event)
    return state


def canonical(state):
    """Compare states as stored, whatever the order of keys; the order of a list counts."""
    return decode_state(encode_state({name: state[name] for name in sorted(state)}))


@given(seeds)
@settings(max_examples=300)
def test_the_order_of_events_does_not_matter(seed):
    events = some_events(seed)
    shuffled = Random(seed + 1).sample(events, len(events))
    assert canonical(folded(shuffled)) == canonical(folded(events))


@given(seeds)
@settings(max_examples=300)
def test_states_of_anchors_add_up_to_the_state_of_the_profile(seed):
    events = some_events(seed)
    random = Random(seed + 1)
    places = [random.randrange(3) for _ in events]
    parts = [folded([one for one, place in zip(events, places, strict=True) if place == part]) for part in range(3)]
    random.shuffle(parts)
    before = copy.deepcopy(parts)
    combined = Folding(FEATURES).combine([part for part in parts if part]) if any(parts) else {}
    assert canonical(combined) == canonical(folded(events))
    assert parts == before, "combining changed a part"


@given(seeds)
def test_a_stored_state_goes_on_as_if_it_had_never_been_stored(seed):
    events = some_events(seed)
    half = len(events) // 2
    folding = Folding(FEATURES)
    state = decode_state(encode_state(folded(events[:half])))
    for event in events[half:]:
        folding.fold(state, event)
    assert canonical(state) == canonical(folded(events))


@given(seeds)
def test_every_state_can_be_shown(seed):
    state = folded(some_events(seed))
    assert set(Folding(FEATURES).present(state)) == set(state)


def happened(name="Login", **more):
    given_fields = {"message_id": "m", "digest": b"", "content": 0, "type": "track", "time": 0, "received_at": 0}
    return Event(**{**given_fields, "name": name, **more})


def shown(*events):
    return Folding(FEATURES).present(folded(events))


def test_a_late_event_joins_two_sessions():
    minute = 60_000
    apart = [happened(time=0), happened(time=50 * minute)]
    assert shown(*apart)["sessions"]["count"] == 2
    assert shown(*apart, happened(time=25 * minute))["sessions"] == {"count": 1, "seconds": 3000, "last_began": 0}


def test_a_gap_of_exactly_thirty_minutes_is_still_one_session():
    assert shown(happened(time=0), happened(time=30 * 60_000))["sessions"]["count"] == 1
    assert shown(happened(time=0), happened(time=30 * 60_000 + 1000))["sessions"]["count"] == 2


def test_money_is_exact_and_kept_by_currency():
    # 0.1 + 0.2 as floats is not 0.3.
    orders = [happened("Order Completed", amount=one, currency="EUR") for one in (100_000, 200_000)]
    refund = happened("Order Refunded", amount=-50_000, currency="EUR")
    pounds = happened("Order Completed", amount=7_000_000, currency="GBP")
    figures = shown(*orders, refund, pounds)
    assert figures["revenue"] == {"EUR": {"amount": "0.30", "count": 2}, "GBP": {"amount": "7.00", "count": 1}}
    assert figures["refunds"] == {"EUR": {"amount": "-0.05", "count": 1}}
    assert figures["orders"]["count"] == 3


def test_an_order_without_an_amount_is_still_an_order():
    assert shown(happened("Order Completed"))["orders"]["count"] == 1


def test_robots_and_staff_are_left_out_of_figures_but_tell_traits():
    robot = happened(is_bot=True, traits={"city": "Bonn"}, consent={"ads": True})
    colleague = happened(is_staff=True)
    assert shown(robot, colleague) == {"traits": {"city": "Bonn"}, "consent": {"ads": True}}


def test_the_newest_trait_holds_and_those_that_lost_stay():
    moved = [
        happened(time=time, message_id=f"m{time}", traits={"city": city}) for time, city in ((2, "Ulm"), (1, "Bonn"))
    ]
    state = folded(moved)
    assert [one[3] for one in state["traits"]["city"][0]] == ["Ulm", "Bonn"]
    assert shown(*moved)["traits"] == {"city": "Ulm"}


def test_a_trait_that_is_taken_back_is_not_shown():
    said = [
        happened(time=1, message_id="a", traits={"city": "Ulm"}),
        happened(time=2, message_id="b", traits={"city": None}),
    ]
    assert shown(*said)["traits"] == {}


def test_a_groups_traits_are_not_the_persons():
    assert "traits" not in shown(happened(type="group", traits={"industry": "tea"}))


@pytest.mark.parametrize("count", [10, 14])
def test_the_last_ten_products_are_kept_newest_first(count):
    seen = [
        happened("Product Viewed", time=n, message_id=f"m{n}", properties={"product_id": f"p{n}"}) for n in range(count)
    ]
    assert [one["product"] for one in shown(*seen)["products_seen"]] == [f"p{n}" for n in range(count)][::-1][:10]


def test_scores_are_kept_by_kind_and_a_skipped_question_is_no_score():
    answers = [
        happened("Survey Answered", time=1, message_id="a", properties={"metric": "NPS", "score": 9}),
        happened("Survey Answered", time=2, message_id="b", properties={"metric": "nps", "score": "4"}),
        happened("Survey Answered", time=3, message_id="c", properties={"metric": "nps", "score": None}),
        happened("Review Posted", time=3, message_id="d", properties={"rating": 5}),
    ]
    assert shown(*answers)["feedback"] == {
        "nps": {"last": 4.0, "time": 2, "mean": 6.5, "count": 2},
        "review": {"last": 5.0, "time": 3, "mean": 5.0, "count": 1},
    }


def test_support_is_the_newest_contact_on_any_channel():
    calls = [happened("Call", time=5, message_id="a", channel="phone"), happened("Case Opened", time=4, message_id="b")]
    assert shown(*calls)["support"] == {"last": 5, "name": "Call", "channel": "phone", "message_id": "a"}
