"""An account as a line of the list: what it is called and the few figures it is sorted and filtered by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from stammgast.profiles.figures.orders import net_revenue
from stammgast.profiles.folding import State
from stammgast.profiles.naming import NAME_LENGTH_MAX, search_terms, text_of
from stammgast.profiles.trait_policies import TraitPolicies, values_of

NAME_TRAITS = ("name", "company", "companyName", "company_name", "displayName", "display_name", "title")
KIND_TRAITS = ("type", "kind")
KIND_LENGTH_MAX = 40
REVENUE_MAX = 2**63 - 1


class AccountListing(msgspec.Struct, frozen=True):
    """One row of the table `account_listings`, with the words it is found by. Times are 0 where nothing is known."""

    account: int
    group_id: str
    name: str
    sort_name: str
    kind: str
    members: int
    former: int
    events: int
    orders: int
    revenue: int
    currency: str
    first_seen: int
    last_seen: int
    terms: tuple[str, ...]


def list_account(
    account: int,
    group_id: str,
    state: State,
    counts: tuple[int, int],
    policies: TraitPolicies,
    words: Sequence[str] = (),
) -> AccountListing:
    """Return the line of an account out of its state, its (present, former) members and what modules find it by."""
    traits = values_of(state.get("traits", {}), policies)
    name = account_name(traits, group_id)
    revenue, currency = net_revenue(state.get("revenue"), state.get("refunds"))
    first, last = state.get("seen", (0, 0))
    return AccountListing(
        account,
        group_id,
        name,
        name.casefold(),
        account_kind(traits),
        *counts,
        state.get("events", 0),
        state.get("orders", (0,))[0],
        max(-REVENUE_MAX, min(REVENUE_MAX, revenue)),
        currency,
        first,
        last,
        (*search_terms(name, group_id), *words),
    )


def account_name(traits: Mapping[str, Any], group_id: str) -> str:
    """Return what an account is called: by its traits, else by its id.

    >>> account_name({"name": " Inn  at the Lime "}, "acme"), account_name({}, "acme")
    ('Inn at the Lime', 'acme')
    """
    return " ".join(text_of(traits, NAME_TRAITS).split())[:NAME_LENGTH_MAX] or group_id[:NAME_LENGTH_MAX]


def account_kind(traits: Mapping[str, Any]) -> str:
    """Return what kind of account it says it is, in lower case, empty when it does not.

    >>> account_kind({"type": "Household "}), account_kind({"kind": 3})
    ('household', '')
    """
    return text_of(traits, KIND_TRAITS).casefold()[:KIND_LENGTH_MAX]
