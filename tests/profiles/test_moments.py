"""How a timeline's events become days, sessions and moments."""

import msgspec
import pytest

from stammgast.profiles.contracts import TimelineEvent
from stammgast.profiles.pages.moments import Product, days_begun, fold_sessions, read_moment

MINUTE = 60_000


def event(time=0, name="Home", kind="page", channel="web", **said):
    given = {"time": time, "received_at": time, "name": name, "type": kind, "channel": channel, "message_id": str(time)}
    blank = {"properties": {}, "traits": {}, "flags": (), "original_time": None, "amount": None}
    rest = {
        field.name: False if field.name.startswith("is_") else 0 if field.name in {"source", "brand"} else ""
        for field in msgspec.structs.fields(TimelineEvent)
    }
    return TimelineEvent(**rest | blank | given | said)


def lengths(events):
    return [len(fold.moments) for fold in fold_sessions(events)]


def test_a_gap_of_more_than_thirty_minutes_ends_a_session():
    assert lengths([event(61 * MINUTE + 1), event(31 * MINUTE), event(MINUTE), event(0)]) == [1, 3]


def test_another_channel_ends_a_session():
    assert lengths([event(3), event(2, channel="shop"), event(1), event(0)]) == [1, 1, 2]


@pytest.mark.parametrize("channel", ["mail", "phone", "", "survey"])
def test_letters_and_calls_each_stand_for_themselves(channel):
    assert lengths([event(one, channel=channel) for one in (3, 2, 1)]) == [1, 1, 1]


def test_imported_and_live_events_do_not_share_a_session():
    assert lengths([event(2), event(1, is_import=True), event(0, is_import=True)]) == [1, 2]


def test_a_fold_tells_its_span_its_entry_and_its_landmarks():
    order = event(9 * MINUTE, "Order Completed", "track", amount=5_000_000, currency="EUR")
    (fold,) = fold_sessions([order, event(4 * MINUTE), event(MINUTE, page_title="Welcome")])
    assert (fold.is_folded, fold.seconds, fold.entry) == (True, 480.0, "Welcome")
    assert [one.label for one in fold.landmarks] == ["Order completed"]


def test_a_day_is_named_once_even_when_the_list_goes_on():
    folds = fold_sessions([event(one * 3_600_000) for one in (50, 30, 26, 1)])
    day_of = lambda time: str(time // 86_400_000)  # noqa: E731
    assert days_begun(folds, day_of) == [True, True, False, True]
    assert days_begun(folds, day_of, shown=49 * 3_600_000) == [False, True, False, True]


def test_an_order_shows_its_number_and_its_first_lines():
    lines = [{"name": "Tea", "quantity": 2.0, "price": 3.5}, {"sku": "J-1"}, "nonsense", *[{"name": "Jug"}] * 5]
    properties = {"order_id": "A1", "currency": "eur", "products": lines}
    moment = read_moment(event(name="Order Completed", kind="track", properties=properties))
    assert moment.subject == "A1"
    assert moment.products[:2] == (Product("Tea", "2", 3_500_000), Product("J-1", "", None))
    assert (len(moment.products), moment.products_more, moment.currency) == (5, 2, "EUR")


@pytest.mark.parametrize("price", ["free", float("nan"), 1e300, True, None, {}])
def test_what_is_not_a_price_is_none(price):
    properties = {"products": [{"name": "Tea", "price": price}]}
    assert read_moment(event(kind="track", properties=properties)).products[0].price is None


@pytest.mark.parametrize(
    ("properties", "score"),
    [
        ({"score": 9}, "9"),
        ({"rating": 4, "scale_max": 5}, "4 / 5"),
        ({"nps": 10, "csat": 5}, "NPS 10 · CSAT 5"),
        ({"score": 7, "kind": "NPS"}, "NPS 7"),
        ({"score": None, "kind": "nps"}, ""),
    ],
)
def test_scores_are_told_as_they_were_given(properties, score):
    assert read_moment(event(name="Survey Answered", kind="track", properties=properties)).score == score


def test_own_words_and_page_titles_are_kept():
    assert read_moment(event(properties={"comment": "Lovely"})).quote == "Lovely"
    titled = read_moment(event(name="", page_title="Menu", page_path="/menu"))
    assert (titled.label, titled.is_own_name, titled.subject) == ("Page viewed", False, "Menu")
    assert read_moment(event(name="Customers")).is_own_name  # a page's own name is nobody's to translate


def test_what_came_hours_after_it_happened_is_late_unless_imported():
    assert read_moment(event(0, received_at=2 * 3_600_000)).is_late
    assert not read_moment(event(0, received_at=2 * 3_600_000, is_import=True)).is_late
    assert not read_moment(event(0, received_at=1000)).is_late
