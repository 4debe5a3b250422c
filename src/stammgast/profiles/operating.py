"""What the manifest offers to the rest: customers and accounts for the search on top of every page."""

from __future__ import annotations

from collections.abc import Sequence

from stammgast.kernel.ids import BrandId
from stammgast.kernel.runtime import Runtime
from stammgast.profiles import api
from stammgast.profiles.accounts.api import list_accounts
from stammgast.profiles.contracts import CustomerFilter


def find_customers(runtime: Runtime, text: str, limit: int, brand: int) -> Sequence[tuple[str, str, str]]:
    """Return (name, mail, path) of customers found by `text`."""
    if not text.strip():
        return ()
    rows = api.list_customers(runtime, text, wanted=CustomerFilter(brand=BrandId(brand)), limit=limit).rows
    return [(one.name, one.email if one.email != one.name else "", f"/customers/{one.profile}") for one in rows]


def find_accounts(runtime: Runtime, text: str, limit: int, brand: int) -> Sequence[tuple[str, str, str]]:
    """Return (name, group id, path) of accounts found by `text`; none of a brand, since accounts belong to no brand."""
    if not text.strip() or brand:
        return ()
    rows = list_accounts(runtime, text, limit=limit).rows
    return [(one.name, one.group_id if one.group_id != one.name else "", f"/accounts/{one.account}") for one in rows]
