"""What the manifest offers to the rest: customers and accounts for the search on top of every page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stammgast.kernel.i18n import Phrase
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.ids import BrandId
from stammgast.kernel.runtime import Runtime
from stammgast.profiles import api
from stammgast.profiles.accounts.api import list_accounts
from stammgast.profiles.contracts import CustomerFilter, NoSuchProfile


def find_customers(runtime: Runtime, text: str, limit: int, brand: int) -> Sequence[tuple[str, str, str]]:
    """Return (name, mail or why, path) of customers found by `text`: by words, or by a number, also one of old."""
    if not text.strip():
        return ()
    rows = api.list_customers(runtime, text, wanted=CustomerFilter(brand=BrandId(brand)), limit=limit).rows
    found = [(one.name, one.email if one.email != one.name else "", f"/customers/{one.profile}") for one in rows]
    numbered = list(_by_number(runtime, text, brand))
    paths = {path for *_rest, path in numbered}
    return [*numbered, *(one for one in found if one[2] not in paths)][:limit]


def _by_number(runtime: Runtime, text: str, brand: int) -> Iterator[tuple[str, str, str]]:
    """Yield the customer of a number, and for a while who was split off from it: an old number may mean either."""
    number = text.strip().removeprefix("profile:").removeprefix("#")
    try:
        profile = api.get_profile(runtime, f"profile:{number}", [BrandId(brand)] if brand else ())
    except NoSuchProfile:
        return
    yield profile.name, Phrase(_("number {number}"), number=number), f"/customers/{profile.profile}"
    for one in profile.split_off:
        named = one.name or f"profile:{one.profile}"
        yield named, Phrase(_("split off from number {number} lately"), number=number), f"/customers/{one.profile}"


def find_accounts(runtime: Runtime, text: str, limit: int, brand: int) -> Sequence[tuple[str, str, str]]:
    """Return (name, group id, path) of accounts found by `text`; none of a brand, since accounts belong to no brand."""
    if not text.strip() or brand:
        return ()
    rows = list_accounts(runtime, text, limit=limit).rows
    return [(one.name, one.group_id if one.group_id != one.name else "", f"/accounts/{one.account}") for one in rows]
