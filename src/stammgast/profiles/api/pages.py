"""What pages of other modules use of profiles: how things are called, addresses, and reading figures for a picture of their own."""

from __future__ import annotations

from stammgast.profiles import history, trait_words, words
from stammgast.profiles.accounts.api import accounts_of_profile, get_account
from stammgast.profiles.accounts.contracts import Account
from stammgast.profiles.addressing import Cursor, Reference, merged_away, read_pair
from stammgast.profiles.cursors import read_cursor, write_cursor
from stammgast.profiles.everything import everything_of
from stammgast.profiles.figures.corrections import (
    BY_HAND,
    CORRECTION_TAKEN_BACK,
    CUSTOMER_MARKED,
    TRAIT_CORRECTED,
    combine_corrections,
)
from stammgast.profiles.figures.orders import net_revenue
from stammgast.profiles.figures.traits import combine_traits
from stammgast.profiles.folding import Folding, State
from stammgast.profiles.naming import display_name, listed_visitor, visitor_tag
from stammgast.profiles.policing import change_policy, remove_policy, trait_policies
from stammgast.profiles.recounts.contracts import Counting
from stammgast.profiles.recounts.reading import counting_now, reliable_states
from stammgast.profiles.steady import steady_anchor
from stammgast.profiles.store import customers, reading
from stammgast.profiles.trait_policies import (
    EVERY_TRAIT,
    NAME_LENGTH_MAX,
    RULES,
    SOURCES_MAX,
    TraitPolicies,
    TraitPolicy,
    values_of,
)

__all__ = [
    "BY_HAND",
    "CORRECTION_TAKEN_BACK",
    "CUSTOMER_MARKED",
    "EVERY_TRAIT",
    "NAME_LENGTH_MAX",
    "RULES",
    "SOURCES_MAX",
    "TRAIT_CORRECTED",
    "Account",
    "Counting",
    "Cursor",
    "Folding",
    "Reference",
    "State",
    "TraitPolicies",
    "TraitPolicy",
    "accounts_of_profile",
    "change_policy",
    "combine_corrections",
    "combine_traits",
    "counting_now",
    "customers",
    "display_name",
    "everything_of",
    "get_account",
    "history",
    "listed_visitor",
    "merged_away",
    "net_revenue",
    "read_cursor",
    "read_pair",
    "reading",
    "reliable_states",
    "remove_policy",
    "steady_anchor",
    "trait_policies",
    "trait_words",
    "values_of",
    "visitor_tag",
    "words",
    "write_cursor",
]
