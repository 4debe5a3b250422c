"""What the worker uses of profiles to count figures anew."""

from __future__ import annotations

from stammgast.profiles.recounts.beginning import differing, noted_at_start, ordered_recount, recount_at_start
from stammgast.profiles.recounts.contracts import (
    ACCOUNTS,
    RELIABLE,
    Counting,
    Kind,
    Part,
    Recount,
    counting_of,
    joined_parts,
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
from stammgast.profiles.recounts.restoring import PAGE, Fact, Place, restored

__all__ = [
    "ACCOUNTS",
    "PAGE",
    "RELIABLE",
    "Counting",
    "Fact",
    "Kind",
    "Part",
    "Place",
    "Recount",
    "Wanted",
    "count_rows",
    "counting_of",
    "differing",
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
    "versions_of",
]
