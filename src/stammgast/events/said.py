"""What an event says in its own JSON: properties, traits, context, consent. Read when it comes in, and again from history."""

from __future__ import annotations

from typing import Any

import msgspec


class Said(msgspec.Struct, gc=False, rename="camel"):
    """An event's own words, numbers as they came. `traits` are those of the call; `person_traits` makes the event's of them."""

    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    context: dict[str, Any] | None = None
    previous_id: str | int | float | None = None


read_said = msgspec.json.Decoder(Said).decode
"""Read the JSON of an event that was valid when it came in. Raises msgspec.DecodeError for anything else."""


def person_traits(kind: str, traits: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
    """Return what the event says about the person; an identify's own traits beat those its SDK remembers.

    >>> person_traits("identify", {"city": "Bonn"}, {"traits": {"city": "Ulm", "age": 3}})
    {'city': 'Bonn', 'age': 3}
    """
    remembered = context.get("traits")
    if not isinstance(remembered, dict):
        return traits if kind == "identify" else {}
    return {**remembered, **traits} if kind == "identify" else remembered


def read_consent(context: dict[str, Any], *, opts_out_of_sale: bool) -> dict[str, bool] | None:
    """Return category -> agreed, None when nothing is said; the header `Sec-GPC` counts as a word on `sale_of_data`.

    >>> read_consent({"consent": {"categoryPreferences": {"ads": True}}}, opts_out_of_sale=True)
    {'ads': True, 'sale_of_data': False}
    """
    said = context.get("consent")
    categories = said.get("categoryPreferences") if isinstance(said, dict) else None
    agreed = {}
    if isinstance(categories, dict):
        agreed = {name: value for name, value in categories.items() if isinstance(value, bool)}
    if opts_out_of_sale:
        agreed["sale_of_data"] = False
    return agreed or None
