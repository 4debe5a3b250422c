"""What the worker uses of profiles, in transactions of its own: folding, rows for history, lists, and their stores."""

from __future__ import annotations

from stammgast.profiles.accounts.changes import AccountChanges
from stammgast.profiles.accounts.figures import ACCOUNT_FOLDING, MEMBER_FOLDING
from stammgast.profiles.accounts.folding import AccountFold, member_row
from stammgast.profiles.accounts.listing import KIND_TRAITS, NAME_TRAITS
from stammgast.profiles.accounts.projecting import AccountProjection
from stammgast.profiles.encoding import HistoryRow, encode_rows, history_row
from stammgast.profiles.figures.consent import consent_in
from stammgast.profiles.folding import Folding, State, decode_state, encode_state, unpack_state
from stammgast.profiles.history import (
    EVENTS,
    MOVES,
    Dictionary,
    contents_of,
    fold_moves,
    load_moves,
    missing_lines,
    move_lines,
    rows_present,
)
from stammgast.profiles.listing import LISTED_FEATURES, Listing, held_back, list_customer
from stammgast.profiles.naming import LISTED_TRAITS
from stammgast.profiles.policing import trait_policies
from stammgast.profiles.store import accounts, customers, ledger, marks, states
from stammgast.profiles.store.ledger import Filter
from stammgast.profiles.trait_policies import NEWEST_COUNTS, TraitPolicies, trait_values

__all__ = [
    "ACCOUNT_FOLDING",
    "EVENTS",
    "KIND_TRAITS",
    "LISTED_FEATURES",
    "LISTED_TRAITS",
    "MEMBER_FOLDING",
    "MOVES",
    "NAME_TRAITS",
    "NEWEST_COUNTS",
    "AccountChanges",
    "AccountFold",
    "AccountProjection",
    "Dictionary",
    "Filter",
    "Folding",
    "HistoryRow",
    "Listing",
    "State",
    "TraitPolicies",
    "accounts",
    "consent_in",
    "contents_of",
    "customers",
    "decode_state",
    "encode_rows",
    "encode_state",
    "fold_moves",
    "held_back",
    "history_row",
    "ledger",
    "list_customer",
    "load_moves",
    "marks",
    "member_row",
    "missing_lines",
    "move_lines",
    "rows_present",
    "states",
    "trait_policies",
    "trait_values",
    "unpack_state",
]
