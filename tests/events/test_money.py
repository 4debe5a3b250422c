"""Money is exact."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stammgast.events.money import read_money


def money(name, currency="EUR", default="", **properties):
    properties |= {"currency": currency}
    raw = msgspec.json.encode({"properties": properties})
    return read_money(name, msgspec.json.decode(raw)["properties"], raw, default)


def test_an_order_is_worth_its_total_then_its_revenue_then_its_value():
    assert money("Order Completed", total=3, revenue=2, value=1) == (3_000_000, "EUR")
    assert money("Order Completed", revenue=2, value=1) == (2_000_000, "EUR")
    assert money("Order Completed", value="1.50") == (1_500_000, "EUR")
    assert money("Order Completed", total="free", revenue=2) == (2_000_000, "EUR")


def test_a_refund_is_negative_whichever_sign_it_has():
    assert money("Order Refunded", total=3) == money("Order Refunded", total=-3) == (-3_000_000, "EUR")


def test_other_events_need_a_currency():
    assert money("Subscription Renewed", revenue=9.99) == (9_990_000, "EUR")
    assert money("Video Rated", currency=None, default="EUR", value=4) == (None, "")


def test_an_order_without_a_currency_is_in_the_companys():
    assert money("Order Completed", currency=None, default="CHF", total=1) == (1_000_000, "CHF")
    assert money("Order Completed", currency="euros", default="CHF", total=1) == (1_000_000, "CHF")


@pytest.mark.parametrize("total", [True, None, [], {}, "", "NaN", "1e999999999", "12,50", 10**30, "inf"])
def test_what_is_no_amount_is_none(total):
    assert money("Order Completed", total=total) == (None, "")


def test_large_amounts_are_read_from_the_text_and_not_through_a_float():
    raw = b'{"properties":{"total":1234567890123.456789,"currency":"JPY"}}'
    properties = msgspec.json.decode(raw)["properties"]
    assert read_money("Order Completed", properties, raw, "") == (1_234_567_890_123_456_789, "JPY")


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=6))
def test_every_amount_of_six_places_survives(amount):
    raw = b'{"properties":{"total":' + f"{amount:f}".encode() + b"}}"
    properties = msgspec.json.decode(raw)["properties"]
    assert read_money("Order Completed", properties, raw, "EUR") == (int(amount * 10**6), "EUR")


@given(st.floats(min_value=-1e12, max_value=1e12))
def test_any_number_becomes_its_nearest_micro(amount):
    properties = {"total": amount}
    read, _ = read_money("Order Completed", properties, msgspec.json.encode({"properties": properties}), "EUR")
    as_written = Decimal(msgspec.json.encode(amount).decode())
    assert abs(read - as_written * 10**6) <= Decimal("0.62")
