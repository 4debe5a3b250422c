"""The last products somebody looked at and bought, each once, newest first."""

from __future__ import annotations

from typing import Any

from stammgast.kernel.features import Feature
from stammgast.profiles.figures.newest import Newest, combine_newest, cut_to, keep_newest, newest_first

PRODUCTS_KEPT = 10
TEXT_LENGTH_MAX = 200
_KEYS = ("product_id", "sku", "name")
_NAMES = ("name", "title", *_KEYS)


def fold_products_seen(state: Newest | None, event: Any) -> Newest | None:
    """Note the product of `Product Viewed` and its like."""
    properties = event.properties
    key = _text(properties, _KEYS)
    return _note(state, event, {key: _text(properties, _NAMES)}) if key else state


def fold_products_bought(state: Newest | None, event: Any) -> Newest | None:
    """Note the products of an order: its `products`, else the order's own properties."""
    products = event.properties.get("products")
    named: dict[str, str] = {}
    for product in products if isinstance(products, list) else [event.properties]:
        if isinstance(product, dict) and (key := _text(product, _KEYS)):
            # Of two lines of one order with the same product the first is kept.
            named.setdefault(key, _text(product, _NAMES))
    return _note(state, event, named) if named else state


def _note(state: Newest | None, event: Any, named: dict[str, str]) -> Newest:
    time, message_id = event.time, event.message_id
    state = {} if state is None else state
    for key, name in named.items():
        keep_newest(state, key, [time, message_id, name])
    return state if len(state) <= PRODUCTS_KEPT else cut_to(state, PRODUCTS_KEPT)


def _text(product: dict[str, Any], names: tuple[str, ...]) -> str:
    for name in names:
        value = product.get(name)
        if value:
            if type(value) is str:
                return value if len(value) <= TEXT_LENGTH_MAX else value[:TEXT_LENGTH_MAX]
            if type(value) is int:
                return str(value)
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
