"""What a page view tells of its visit: page, campaign and what sent the visitor; one cached answer for equal pages."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

import msgspec

from stammgast.events.enrichment.campaign import Campaign, read_query
from stammgast.events.enrichment.referrers import classify_referrer

PATH_LENGTH_MAX = 1_000


class Visit(msgspec.Struct, frozen=True, gc=False):
    """Every text is empty when not known; the referrer's medium is empty only off the web."""

    host: str
    path: str
    campaign: Campaign
    referrer_medium: str
    referrer_name: str


@lru_cache(32_768)
def read_visit(
    url: str, path: str, query: str, referrer: str, told: Campaign, payments: frozenset[str] = frozenset()
) -> Visit:
    """Return what a page's address, path, query and referrer tell; `told` is `context.campaign` and beats the query.

    A campaign may stand in the fragment too, as some shops and mail tools write it; the query beats it.

    >>> read_visit("https://shop.example.com/a?gclid=x", "", "", "", Campaign()).referrer_medium
    'paid'
    """
    host, url_path, url_query, fragment = _split(url)
    path = (path or url_path)[:PATH_LENGTH_MAX]
    found = read_query(query or url_query)
    if found.is_empty and "=" in fragment:
        found = read_query(fragment.rpartition("?")[2])
    if not told.is_empty:
        found = Campaign(told.source, told.medium, told.name, told.term, told.content, found.click_id)
    if not (url or path) and found.is_empty:
        return Visit(host, path, found, "", "")
    return Visit(host, path, found, *classify_referrer(found, referrer, host, payments))


def _split(url: str) -> tuple[str, str, str, str]:
    """Return (host, path, query, fragment) of an address, or empty texts when it is none."""
    try:
        parts = urlsplit(url)
        return parts.hostname or "", parts.path, parts.query, parts.fragment
    except ValueError:
        return "", "", "", ""
