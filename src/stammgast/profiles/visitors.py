"""Visitors nobody knows: what tells them from others, and on what and where they came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from stammgast.profiles.folding import Folding, decode_state
from stammgast.profiles.naming import visitor_tag
from stammgast.profiles.store import customers, graph, states


class Visitor(msgspec.Struct, frozen=True):
    """A profile without a name. device and country: those most used, empty where nothing is known."""

    tag: str
    device: str = ""
    country: str = ""

    @property
    def name(self) -> str:
        """What to call them in English."""
        return visitor_name(self.tag)


def visitor_name(tag: str) -> str:
    """Return what to call a visitor in English.

    >>> visitor_name("3f2a")
    'Visitor 3f2a'
    """
    return f"Visitor {tag}"


def visitors_of(connection: Connection, folding: Folding, profiles: Sequence[int]) -> dict[int, Visitor]:
    """Return what is known of these profiles, all of them visitors; a handful of look-ups for all together."""
    if not profiles:
        return {}
    identifiers = customers.identifiers_of(connection, profiles)
    anchors = graph.anchors_of(connection, profiles)
    loaded = {
        anchor: decode_state(encoded)
        for anchor, encoded in states.load_states(connection, [one for many in anchors.values() for one in many])
    }
    found = {}
    for profile in profiles:
        state = folding.combine([loaded[one] for one in anchors[profile] if one in loaded])
        devices, countries = state.get("devices", {}), state.get("countries", {})
        found[profile] = Visitor(visitor_tag(identifiers[profile]), most_used(devices), most_used(countries))
    return found


def most_used(uses: Mapping[str, Sequence[int]]) -> str:
    """Return the key with most events, the first of several; empty when there is none.

    >>> most_used({"mobile": [3, 0], "desktop": [3, 9]}), most_used({})
    ('desktop', '')
    """
    return min(uses, key=lambda key: (-uses[key][0], key), default="")
