"""The last products somebody looked at and bought, each once, newest first."""

from __future__ import annotations

from typing import Any

from stammgast.kernel.features import Feature
from stammgast.profiles.figures.newest import Newest, combine_newest, cut_to, keep_newest, newest_first

PRODUCTS_KEPT = 10
TEXT_LENGTH_MAX = 200
_KEYS = ("product_id", "sku", "name")


def fold_products_seen(state: Newest | None, event: Any) -> Newest | None:
    """Note the product of `Product Viewed` and its like."""
    return _note(state, event, [event.properties])


def fold_products_bought(state: Newest | None, event: Any) -> Newest | None:
    """Note the products of an order: its `products`, else the order's own properties."""
    products = event.properties.get("products")
    return _note(state, event, products if isinstance(products, list) else [event.properties])


def _note(state: Newest | None, event: Any, products: list[Any]) -> Newest | None:
    named: Newest = {}
    for product in products:
        if isinstance(product, dict) and (key := _text(product, _KEYS)):
            # Of two lines of one order with the same product the first is kept.
            named.setdefault(key, [event.time, event.message_id, _text(product, ("name", "title", *_KEYS))])
    if not named:
        return state
    state = {} if state is None else state
    for key, entry in named.items():
        keep_newest(state, key, entry)
    return cut_to(state, PRODUCTS_KEPT)


def _text(product: dict[str, Any], names: tuple[str, ...]) -> str:
    for name in names:
        value = product.get(name)
        if isinstance(value, (str, int)) and not isinstance(value, bool) and value != "":
            return str(value)[:TEXT_LENGTH_MAX]
    return ""


def combine_products(a: Newest, b: Newest) -> Newest:
    """Return the newest products of both."""
    return cut_to(combine_newest(a, b), PRODUCTS_KEPT)


def present_products(state: Newest) -> object:
    """Show product, name and when, newest first.

    >>> present_products({"p1": [5, "m", "Tea"], "p2": [9, "m2", "Jug"]})
    [{'product': 'p2', 'name': 'Jug', 'time': 9}, {'product': 'p1', 'name': 'Tea', 'time': 5}]
    """
    return [{"product": key, "name": name, "time": time} for key, (time, _, name) in newest_first(state)]


PRODUCTS_SEEN = Feature(
    "products_seen",
    1,
    fold_products_seen,
    combine_products,
    present_products,
    frozenset({"Product Viewed", "Product Clicked", "Product Added"}),
)
PRODUCTS_BOUGHT = Feature(
    "products_bought", 1, fold_products_bought, combine_products, present_products, frozenset({"Order Completed"})
)
