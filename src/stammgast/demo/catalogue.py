"""What the demo shop sells."""

from __future__ import annotations

import msgspec

from stammgast.kernel.i18n import marked as _

CURRENCY = "EUR"
CENT = 10_000
"""Micros of a cent."""


class Product(msgspec.Struct, frozen=True):
    """One product. `price` in cents; `name` and `about` are marked for translation; `picture` names a drawing."""

    sku: str
    name: str
    about: str
    category: str
    price: int
    picture: str

    @property
    def micros(self) -> int:
        """The price in micros of the currency's unit."""
        return self.price * CENT


CATEGORIES = {
    "bakery": _("Bakery"),
    "pantry": _("Pantry"),
    "drinks": _("Drinks"),
    "house": _("House and table"),
}

PRODUCTS = (
    Product("LH-101", _("Sourdough rye"), _("Baked at night, with a crust that cracks. Keeps for a week."), "bakery", 640, "bread"),
    Product("LH-102", _("Butter plait"), _("Soft and golden, for slow Sundays."), "bakery", 580, "plait"),
    Product("LH-103", _("Seed crackers"), _("Linseed, sesame, sunflower, and sea salt."), "bakery", 420, "crackers"),
    Product("LH-201", _("Mountain cheese"), _("Ten months in the cellar. Nutty, firm, honest."), "pantry", 1290, "cheese"),
    Product("LH-202", _("Apricot jam"), _("Two thirds fruit, picked ripe in the valley."), "pantry", 590, "jar"),
    Product("LH-203", _("Blossom honey"), _("From our own bees, spun cold."), "pantry", 890, "honey"),
    Product("LH-301", _("Apple juice, cloudy"), _("Old trees, no sugar. One litre."), "drinks", 380, "bottle"),
    Product("LH-302", _("House blend coffee"), _("Roasted slowly, chocolate and hazelnut. 500 g."), "drinks", 1490, "coffee"),
    Product("LH-303", _("Herb tea"), _("Mint, verbena and marigold from the garden."), "drinks", 690, "tea"),
    Product("LH-401", _("Linen apron"), _("Washed linen with a deep pocket."), "house", 3900, "apron"),
    Product("LH-402", _("Oak board"), _("Oiled by hand. Every one looks different."), "house", 4500, "board"),
    Product("LH-403", _("Gift basket"), _("A little of everything, tied with a ribbon."), "house", 5900, "basket"),
)  # fmt: skip
BY_SKU = {product.sku: product for product in PRODUCTS}
