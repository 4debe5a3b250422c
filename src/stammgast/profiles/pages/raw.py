"""One event as it came in: what of it are single values first, then its JSON."""

from __future__ import annotations

import msgspec
from litestar import Response

from stammgast.profiles.pages.moments import currency_of, plain_values
from stammgast.web.pages import render, shell_of
from stammgast.web.shell import AnyRequest


def raw_event_page(request: AnyRequest, raw: str) -> Response[str]:
    """Return the fragment; amounts without a currency are the company's."""
    said = msgspec.json.decode(raw)
    found = said.get("properties") or said.get("traits") or {}
    values, others = plain_values(found)
    return render(
        request,
        "profiles/_raw_event.html",
        raw=msgspec.json.format(raw, indent=2),
        values=values,
        others=others,
        currency=currency_of(found) or shell_of(request).company.currency,
    )
