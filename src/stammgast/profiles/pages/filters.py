"""What the timelines of customers and of accounts have in common: their filters in the address, and names of sources."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from stammgast.kernel.i18n import marked as _
from stammgast.profiles.trait_words import BY_HAND
from stammgast.web.guards import brands_of
from stammgast.web.pages import runtime_of, translate
from stammgast.web.shell import AnyRequest
from stammgast.workspace.api import sources_for


def read_chosen(request: AnyRequest) -> dict[str, str]:
    """Return the `channel` and the kind of event (`name`, as `type:name`) that the address filters by; empty for all."""
    asked = request.query_params
    return {
        "channel": asked.get("channel", "")[:40].replace("\0", ""),
        "name": asked.get("name", "")[:200].replace("\0", ""),
    }


def chosen_address(path: str, chosen: Mapping[str, str]) -> str:
    """Return the address of a page with these filters.

    >>> chosen_address("/customers/7", {"channel": "web", "name": ""})
    '/customers/7?channel=web'
    """
    query = urlencode({name: value for name, value in chosen.items() if value})
    return path + (f"?{query}" if query else "")


def source_names(request: AnyRequest) -> dict[int, str]:
    """Return what sources are called; 0 stands for people here."""
    named: dict[int, str] = {one.id: one.name for one in sources_for(runtime_of(request), brands_of(request))}
    return {BY_HAND: translate(request, _("By hand")), **named}
