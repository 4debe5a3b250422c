"""What the manifest offers to the rest: customers and accounts for the search on top of every page, figures for /metrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from stammgast.kernel.i18n import Phrase
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.ids import BrandId
from stammgast.kernel.runtime import Metric, Runtime
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


def _recount_progress(runtime: Runtime) -> Mapping[str, float]:
    found = api.recount(runtime)
    return {f'feature="{name}"': found.percent / 100 for name in found.features} if found.is_unfinished else {}


def _recount_standing(runtime: Runtime) -> Mapping[str, float]:
    return {"": float(api.recount(runtime).state in ("paused", "blocked"))}


def _recount_set_aside(runtime: Runtime) -> Mapping[str, float]:
    return {"": float(len(api.recount(runtime).parts))}


METRICS = (
    Metric(
        "stammgast_recount_progress",
        "Figures that are being counted anew from history: how far, from 0 to 1.",
        "gauge",
        _recount_progress,
    ),
    Metric("stammgast_recount_standing", "1 while counting anew is paused or can't begin.", "gauge", _recount_standing),
    Metric("stammgast_recount_set_aside", "Parts that could not be counted anew.", "gauge", _recount_set_aside),
)
