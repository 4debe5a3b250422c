"""A customer as a line of the list: the few figures that lists are sorted and filtered by."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import msgspec

from stammgast.identity.resolution import Pair
from stammgast.profiles.figures.corrections import mark_of
from stammgast.profiles.figures.orders import net_revenue
from stammgast.profiles.folding import State
from stammgast.profiles.naming import (
    ANONYMOUS,
    display_name,
    known_email,
    search_terms,
    sort_name,
    visitor_name,
    visitor_tag,
)
from stammgast.profiles.trait_policies import NEWEST_COUNTS, TraitPolicies, values_of

REVENUE_MAX = 2**63 - 1
LISTED_FEATURES = frozenset(
    {"seen", "events", "orders", "revenue", "refunds", "traits", "channels", "brands", "corrections", "mark"}
)
"""Features that a line is made of."""


class Listing(msgspec.Struct, frozen=True):
    """One row of the table `customers`, with the words it is found by and the tags it is filtered by.

    A visitor nobody knows is told by the sort name (`naming.listed_visitor`): each language calls them in its own words.
    """

    profile: int
    name: str
    sort_name: str
    email: str
    first_seen: int
    last_seen: int
    events: int
    orders: int
    revenue: int
    currency: str
    is_identified: bool
    terms: tuple[str, ...]
    tags: tuple[str, ...]


def list_customer(
    profile: int,
    state: State,
    identifiers: Sequence[Pair],
    policies: TraitPolicies = NEWEST_COUNTS,
    words: Sequence[str] = (),
) -> Listing:
    """Return the line of a profile out of its combined state, its normalised identifiers and what modules find it by.

    Times are 0 for somebody of whom only robots' or staff's events are known.
    """
    traits = values_of(state.get("traits", {}), policies, state.get("corrections"))
    found: dict[str, str] = dict(reversed(identifiers))
    email = known_email(traits, found, state.get("corrections"))
    known_as = display_name(traits, identifiers)
    visitor = "" if known_as else visitor_tag(identifiers)
    name = known_as or visitor_name(visitor)
    revenue, currency = net_revenue(state.get("revenue"), state.get("refunds"))
    first, last = state.get("seen", (0, 0))
    return Listing(
        profile,
        name,
        sort_name(name, visitor),
        email,
        first,
        last,
        sum(state.get("events", {}).values()),
        state.get("orders", (0,))[0],
        max(-REVENUE_MAX, min(REVENUE_MAX, revenue)),
        currency,
        any(namespace not in ANONYMOUS for namespace, _ in identifiers),
        (*search_terms(visitor or name, email, found.get("phone", "")), *words),
        (
            *(f"channel:{channel}" for channel in sorted(state.get("channels", ()))),
            *(f"brand:{brand}" for brand in sorted(state.get("brands", ()))),
            *((f"mark:{mark}",) if (mark := mark_of(state.get("mark"))) else ()),
        ),
    )


def held_back(fresh: Listing, before: Listing | None, outdated: AbstractSet[str]) -> Listing:
    """Return a line in which what is made of `outdated` features stays as it was: those wait to be counted anew.

    before: the line as it stands in the list, None for somebody who is not there yet.
    """
    if before is None:
        return fresh
    kept = {field: getattr(before, field) for name in _FIELDS_OF.keys() & outdated for field in _FIELDS_OF[name]}
    if "traits" in outdated:
        # Whoever said since then who they are is found by that.
        kept["terms"] = tuple(sorted({*before.terms, *fresh.terms}))
        if before.is_identified == fresh.is_identified:
            kept |= {"name": before.name, "sort_name": before.sort_name, "email": before.email or fresh.email}
    if not outdated.isdisjoint(("channels", "brands")):
        kept["tags"] = tuple(sorted({*before.tags, *fresh.tags}))
    return msgspec.structs.replace(fresh, **kept)


_FIELDS_OF = {
    "seen": ("first_seen", "last_seen"),
    "events": ("events",),
    "orders": ("orders",),
    "revenue": ("revenue", "currency"),
    "refunds": ("revenue", "currency"),
}
