"""What the worker uses of profiles to count figures anew."""

from __future__ import annotations

from stammgast.profiles.recounts.beginning import (
    noted_at_start,
    ordered_recount,
    recount_at_start,
    trying_again,
)
from stammgast.profiles.recounts.contracts import (
    ACCOUNTS,
    RELIABLE,
    Counting,
    Kind,
    Part,
    Recount,
    RecountOrder,
    counting_of,
    joined_parts,
    without,
)
from stammgast.profiles.recounts.facts import (
    Wanted,
    count_rows,
    page_of_accounts,
    page_of_customers,
    parts_of_customers,
    place_of,
    rows_of_accounts,
)
from stammgast.profiles.recounts.keeping import (
    keep_recount,
    keep_versions,
    read_counting,
    read_recount,
    versions_of,
)
from stammgast.profiles.recounts.ordering import OrdersSeen
from stammgast.profiles.recounts.restoring import PAGE, Fact, Place, restored

__all__ = [
    "ACCOUNTS",
    "PAGE",
    "RELIABLE",
    "Counting",
    "Fact",
    "Kind",
    "OrdersSeen",
    "Part",
    "Place",
    "Recount",
    "RecountOrder",
    "Wanted",
    "count_rows",
    "counting_of",
    "joined_parts",
    "keep_recount",
    "keep_versions",
    "noted_at_start",
    "ordered_recount",
    "page_of_accounts",
    "page_of_customers",
    "parts_of_customers",
    "place_of",
    "read_counting",
    "read_recount",
    "recount_at_start",
    "restored",
    "rows_of_accounts",
    "trying_again",
    "versions_of",
    "without",
]
