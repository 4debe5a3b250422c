"""Companies and households of the demo company's customers: who belongs where, and as what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

OWNER, BUYER, EMPLOYEE, PARENT, CHILD, MEMBER = "owner", "buyer", "employee", "parent", "child", "member"


class Group(msgspec.Struct, frozen=True):
    """A made-up account. `members`: a customer's number -> their role; `left`: those who leave in the end."""

    group_id: str
    traits: Mapping[str, Any]
    members: Mapping[int, str]
    left: frozenset[int] = frozenset()


def _company(group_id: str, name: str, city: str, trade: str, members: Mapping[int, str], left: int = 0) -> Group:
    traits = {"name": name, "type": "company", "city": city, "industry": trade}
    return Group(group_id, traits, members, frozenset({left} - {0}))


def _household(number: int, name: str, city: str, members: Mapping[int, str], left: int = 0) -> Group:
    traits = {"name": name, "type": "household", "city": city}
    return Group(f"demo-home-{number}", traits, members, frozenset({left} - {0}))


GROUPS = (
    _company("demo-morgenrot", "Café Morgenrot", "Freiburg", "gastronomy", {4: OWNER, 18: BUYER, 47: EMPLOYEE}, 47),
    _company("demo-seeblick", "Hotel Seeblick", "Luzern", "hotel", {9: BUYER, 33: BUYER, 71: OWNER, 102: EMPLOYEE}),
    _company("demo-kita-loewenzahn", "Kita Löwenzahn", "Leipzig", "education", {26: BUYER, 88: EMPLOYEE}),
    _company("demo-harbour-deli", "Harbour Deli Ltd", "Bristol", "retail", {52: OWNER, 140: BUYER}),
    _company(
        "demo-agentur-nord", "Agentur Nordlicht", "Hamburg", "agency", {15: EMPLOYEE, 61: EMPLOYEE, 119: OWNER}, 15
    ),
    _household(1, "Lindenweg 4", "Freiburg", {4: PARENT, 5: PARENT, 6: CHILD}),
    _household(2, "Am Markt 12", "Augsburg", {22: PARENT, 23: PARENT}),
    _household(3, "WG Hafenstraße", "Hamburg", {61: MEMBER, 62: MEMBER, 63: MEMBER, 65: MEMBER}, 65),
    _household(4, "Mozartgasse 7", "Salzburg", {90: PARENT, 91: CHILD}),
)


def groups_of(number: int) -> tuple[Group, ...]:
    """Return the accounts of the customer `number`.

    >>> [one.group_id for one in groups_of(4)]
    ['demo-morgenrot', 'demo-home-1']
    """
    return tuple(one for one in GROUPS if number in one.members)


def joining(group: Group, number: int) -> dict[str, Any]:
    """Return the traits of the group call by which a customer joins; members do not quite agree on how many they are.

    >>> joining(groups_of(4)[0], 4)["role"]
    'owner'
    """
    place = sorted(group.members).index(number)
    return {**group.traits, "people": 3 * len(group.members) + place, "role": group.members[number]}
