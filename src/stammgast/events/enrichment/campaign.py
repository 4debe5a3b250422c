"""Which campaign brought a visit: `context.campaign`, `utm_*` parameters and advertisers' click ids."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import msgspec

CLICK_IDS = {
    "gclid": "paid",
    "gbraid": "paid",
    "wbraid": "paid",
    "dclid": "paid",
    "msclkid": "paid",
    "yclid": "paid",
    "ttclid": "paid",
    "twclid": "paid",
    "rdt_cid": "paid",
    "li_fat_id": "paid",
    "epik": "paid",
    "sccid": "paid",
    "irclickid": "paid",
    "awc": "paid",
    "tblci": "paid",
    "obclid": "paid",
    # Facebook and Instagram add these to every outgoing link, paid or not.
    "fbclid": "social",
    "igshid": "social",
    "mc_eid": "mail",
    "_hsenc": "mail",
    "vero_id": "mail",
}
"""Parameter (lower case) -> the referrer medium it proves."""

LENGTH_MAX = 200
PARAMETERS_MAX = 100
_HINTS = ("utm_", *CLICK_IDS)


class Campaign(msgspec.Struct, frozen=True, gc=False):
    """What brought the visit; every text is empty when not known. `click_id` is the parameter's name, never its value."""

    source: str = ""
    medium: str = ""
    name: str = ""
    term: str = ""
    content: str = ""
    click_id: str = ""

    @property
    def is_empty(self) -> bool:
        """Nothing is known."""
        return not (self.source or self.medium or self.name or self.term or self.content or self.click_id)


NO_CAMPAIGN = Campaign()


@lru_cache(16_384)
def read_query(query: str) -> Campaign:
    """Return the campaign in an address's query (with or without `?`); `NO_CAMPAIGN` when it names none.

    >>> read_query("?utm_source=letter&utm_campaign=spring%202026&GCLID=x")
    Campaign(source='letter', medium='', name='spring 2026', term='', content='', click_id='gclid')
    """
    lowered = query.lower()
    if not any(hint in lowered for hint in _HINTS):
        return NO_CAMPAIGN
    # A link that was copied out of HTML has its ampersands written as there.
    text = query.lstrip("?").replace("&amp;", "&")
    try:
        pairs = _pairs(text)
    except ValueError:
        return NO_CAMPAIGN
    found: dict[str, str] = {}
    for key, value in pairs:
        found.setdefault(key.lower(), value.strip()[:LENGTH_MAX])
    click_id = next((one for one in CLICK_IDS if found.get(one)), "")
    name = found.get("utm_campaign", "")
    return _made(found, "utm_source", "utm_medium", "utm_term", "utm_content", name=name, click_id=click_id)


def _pairs(query: str) -> list[tuple[str, str]]:
    """Return (name, value) of a query; what is no UTF-8 is Latin-1, as old shops and mail tools write it.

    >>> _pairs("utm_campaign=Fr%FChling"), _pairs("utm_campaign=Fr%C3%BChling")
    ([('utm_campaign', 'Frühling')], [('utm_campaign', 'Frühling')])
    """
    try:
        return parse_qsl(query, max_num_fields=PARAMETERS_MAX, errors="strict")
    except UnicodeDecodeError:
        return parse_qsl(query, max_num_fields=PARAMETERS_MAX, encoding="cp1252", errors="replace")


def read_context(campaign: dict[str, Any]) -> Campaign:
    """Return the campaign as SDKs write it into `context.campaign`; what is no text is left out."""
    found = {key: value.strip()[:LENGTH_MAX] for key, value in campaign.items() if isinstance(value, str)}
    return _made(found, "source", "medium", "term", "content", name=found.get("name", ""), click_id="")


def _made(
    found: dict[str, str], source: str, medium: str, term: str, content: str, *, name: str, click_id: str
) -> Campaign:
    made = Campaign(
        source=found.get(source, ""),
        medium=found.get(medium, ""),
        name=name,
        term=found.get(term, ""),
        content=found.get(content, ""),
        click_id=click_id,
    )
    return NO_CAMPAIGN if made.is_empty else made
