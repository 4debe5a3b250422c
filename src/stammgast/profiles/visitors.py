"""Visitors nobody knows: what tells them from others, and on what and where they came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from stammgast.identity.store import graph
from stammgast.profiles.folding import Folding
from stammgast.profiles.recounts.reading import reliable_states


class Visitor(msgspec.Struct, frozen=True):
    """A profile without a name. device and country: those most used, empty where nothing is known."""

    tag: str
    device: str = ""
    country: str = ""


def visitors_of(connection: Connection, folding: Folding, tags: Mapping[int, str]) -> dict[int, Visitor]:
    """Return what is known of visitors (profile -> tag); a handful of look-ups for all together."""
    if not tags:
        return {}
    anchors = graph.anchors_of(connection, tags)
    loaded, _ = reliable_states(connection, folding, [one for many in anchors.values() for one in many])
    found = {}
    for profile, tag in tags.items():
        state = folding.combine([loaded[one] for one in anchors[profile] if one in loaded])
        devices, countries = state.get("devices", {}), state.get("countries", {})
        found[profile] = Visitor(tag, most_used(devices), most_used(countries))
    return found


def most_used(uses: Mapping[str, Sequence[int]]) -> str:
    """Return the key with most events, the first of several; empty when there is none.

    >>> most_used({"mobile": [3, 0], "desktop": [3, 9]}), most_used({})
    ('desktop', '')
    """
    return min(uses, key=lambda key: (-uses[key][0], key), default="")
