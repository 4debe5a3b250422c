"""Orders, revenue and refunds. Money is folded as whole micros of each currency: sums of floats depend on their order."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from stammgast.events.contracts import MICROS
from stammgast.kernel.features import Feature

ORDER_COMPLETED = "Order Completed"
ORDER_REFUNDED = "Order Refunded"

Orders = list[int]
"""[count, first, last], times in ms UTC."""
Money = dict[str, list[int]]
"""Currency -> [micros, how many events carried it]."""


def fold_orders(state: Orders | None, event: Any) -> Orders:
    """Count the order, with or without an amount."""
    if state is None:
        return [1, event.time, event.time]
    state[0] += 1
    state[1] = min(state[1], event.time)
    state[2] = max(state[2], event.time)
    return state


def combine_orders(a: Orders, b: Orders) -> Orders:
    """Return both together.

    >>> combine_orders([2, 10, 30], [1, 20, 20])
    [3, 10, 30]
    """
    return [a[0] + b[0], min(a[1], b[1]), max(a[2], b[2])]


def fold_money(state: Money | None, event: Any) -> Money | None:
    """Add the event's amount to its currency; an event without one changes nothing."""
    if event.amount is None:
        return state
    if state is None:
        state = {}
    sum_and_count = state.get(event.currency)
    if sum_and_count is None:
        state[event.currency] = [event.amount, 1]
    else:
        sum_and_count[0] += event.amount
        sum_and_count[1] += 1
    return state


def combine_money(a: Money, b: Money) -> Money:
    """Return the sums by currency.

    >>> combine_money({"EUR": [5, 1]}, {"EUR": [7, 2], "GBP": [1, 1]})
    {'EUR': [12, 3], 'GBP': [1, 1]}
    """
    both = {currency: list(one) for currency, one in a.items()}
    for currency, (micros, count) in b.items():
        before = both.setdefault(currency, [0, 0])
        before[0] += micros
        before[1] += count
    return both


def present_money(state: Money) -> object:
    """Show exact amounts as decimal text, by currency.

    >>> present_money({"EUR": [12_340_000, 2]})
    {'EUR': {'amount': '12.34', 'count': 2}}
    """
    return {
        currency: {"amount": decimal_text(micros), "count": count}
        for currency, (micros, count) in sorted(state.items())
    }


def decimal_text(micros: int) -> str:
    """Return micros as exact decimal text with at least two places.

    >>> decimal_text(-5_000_000), decimal_text(1)
    ('-5.00', '0.000001')
    """
    whole, _, places = f"{Decimal(micros) / MICROS:f}".partition(".")
    return f"{whole}.{places.ljust(2, '0')}"


def net_revenue(revenue: Money | None, refunds: Money | None) -> tuple[int, str]:
    """Return (micros, currency) of orders less refunds in the currency most used by orders, (0, "") when none.

    >>> net_revenue({"EUR": [30, 2], "GBP": [90, 1]}, {"EUR": [-10, 1]})
    (20, 'EUR')
    """
    used = revenue or refunds
    if not used:
        return 0, ""
    currency = min(used, key=lambda one: (-used[one][1], one))
    return sum(one.get(currency, (0, 0))[0] for one in (revenue or {}, refunds or {})), currency


ORDERS = Feature(
    "orders",
    1,
    fold_orders,
    combine_orders,
    lambda state: {"count": state[0], "first": state[1], "last": state[2]},
    frozenset({ORDER_COMPLETED}),
)
REVENUE = Feature("revenue", 1, fold_money, combine_money, present_money, frozenset({ORDER_COMPLETED}))
REFUNDS = Feature("refunds", 1, fold_money, combine_money, present_money, frozenset({ORDER_REFUNDED}))
