"""Which identifiers stand on an event. What a pair of them is worth is for `profiles` to say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

IDENTIFIER_LENGTH_MAX = 512


def read_identifiers(
    user_id: str,
    anonymous_id: str,
    previous_id: str,
    context: Mapping[str, Any],
    places: tuple[Mapping[str, Any], ...],
    traits: Mapping[str, str],
) -> tuple[tuple[str, str], ...]:
    """Return the event's raw (namespace, value) pairs, distinct and sorted.

    `previous_id` is an alias's. SDKs don't say whether it was a user's id or an anonymous one, so it stands for both:
    the namespace it never had links nobody. `places` are the traits (or properties) that may hold identifiers, `traits`
    says under which names and as which namespace. A groupId is an account's, not a person's.

    >>> read_identifiers("7", "", "", {"device": {"id": "d"}}, ({"email": "A@x.de"},), {"email": "email"})
    (('device_id', 'd'), ('email', 'A@x.de'), ('user_id', '7'))
    """
    found = set()
    if user_id:
        found.add(("user_id", user_id))
    if anonymous_id:
        found.add(("anonymous_id", anonymous_id))
    if previous_id:
        found.update((("user_id", previous_id), ("anonymous_id", previous_id)))
    device = context.get("device")
    if isinstance(device, dict) and (device_id := _text(device.get("id"))):
        found.add(("device_id", device_id))
    for place in places:
        if not place:
            continue
        for trait, namespace in traits.items():
            if trait in place and (value := _text(place[trait])):
                found.add((namespace, value))
    return tuple(sorted(found))


def _text(value: object) -> str:
    """Return an identifier as text, empty when it is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or "\0" in value:
        return ""
    value = value.strip()
    return value if len(value) <= IDENTIFIER_LENGTH_MAX else ""
