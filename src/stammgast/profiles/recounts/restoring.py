"""Events out of history as folds saw them when they came in: every field but those named in `NOT_RESTORED`.

Columns hold what was corrected and enriched on the way in, by the rules of that day; `raw` holds what the sender said, with
its numbers unrounded (`properties` in its column are floats).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from stammgast.events.api import id_text, person_traits, read_consent, read_said
from stammgast.events.contracts import MICROS, Event
from stammgast.kernel.ids import BrandId, SourceId

NOT_RESTORED = frozenset({"identifiers", "context.ip", "about"})
"""What no fold may look at, since history has it not: identifiers are the anchor's, a browser's truncated address is not kept."""
UNFIT = "properties_unfit"
"""The flag of a row whose properties history could not hold: set after the event was folded, so folds never saw it."""
PAGE = 4_000
"""Rows of one answer: some megabytes, some ten milliseconds."""


class Place(msgspec.Struct, frozen=True):
    """Where a page of history ended: (anchor, time in ms, batch, row) of its last row; the next one begins behind."""

    anchor: int
    time: int
    batch: int
    row: int


class Fact(msgspec.Struct, array_like=True, gc=False):
    """One row of history, as COLUMNS names them."""

    anchor: int
    time: int
    batch: int
    row: int
    message_id: str
    digest: str
    content: int
    type: Any
    name: str
    received_at: int
    original_time: int | None
    source: int
    brand: int
    user_id: str
    anonymous_id: str
    group_id: str
    channel: str
    touchpoint: str
    device: str
    browser: str
    os: str
    country: str
    language: str
    referrer_medium: str
    referrer_name: str
    campaign_source: str
    campaign_medium: str
    campaign_name: str
    campaign_term: str
    campaign_content: str
    click_id: str
    page_path: str
    page_title: str
    is_bot: bool
    is_staff: bool
    is_import: bool
    flags: tuple[str, ...]
    amount: Decimal | None
    currency: str
    consent: dict[str, bool]
    opts_out_of_sale: bool
    origin: str
    raw: str


_SQL_OF = {
    "time": "toUnixTimestamp64Milli(time)",
    "received_at": "toUnixTimestamp64Milli(received_at)",
    "original_time": "if(isNull(original_time), NULL, toUnixTimestamp64Milli(assumeNotNull(original_time)))",
}
COLUMNS = ", ".join(_SQL_OF.get(name, name) for name in Fact.__struct_fields__)


def restored(fact: Fact) -> Event:
    """Return the event of a row."""
    said = read_said(fact.raw.encode())
    properties, traits, context = said.properties or {}, said.traits or {}, said.context or {}
    kind = fact.type
    return Event(
        message_id=fact.message_id,
        digest=bytes.fromhex(fact.digest.replace("-", "")),
        content=fact.content,
        type=kind,
        name=fact.name,
        time=fact.time,
        received_at=fact.received_at,
        original_time=fact.original_time,
        source=SourceId(fact.source),
        brand=BrandId(fact.brand),
        user_id=fact.user_id,
        anonymous_id=fact.anonymous_id,
        group_id=fact.group_id,
        previous_id="" if said.previous_id is None else id_text(said.previous_id),
        properties=properties,
        traits=traits if kind == "group" else person_traits(kind, traits, context),
        context=context,
        is_subjectless=not fact.anchor,
        is_import=fact.is_import,
        flags=tuple(one for one in fact.flags if one != UNFIT) if fact.flags else (),
        raw=fact.raw.encode(),
        origin=fact.origin,
        channel=fact.channel,
        touchpoint=fact.touchpoint,
        device=fact.device,
        browser=fact.browser,
        os=fact.os,
        country=fact.country,
        language=fact.language,
        referrer_medium=fact.referrer_medium,
        referrer_name=fact.referrer_name,
        campaign_source=fact.campaign_source,
        campaign_medium=fact.campaign_medium,
        campaign_name=fact.campaign_name,
        campaign_term=fact.campaign_term,
        campaign_content=fact.campaign_content,
        click_id=fact.click_id,
        page_path=fact.page_path,
        page_title=fact.page_title,
        is_bot=fact.is_bot,
        is_staff=fact.is_staff,
        amount=None if fact.amount is None else int(fact.amount * MICROS),
        currency=fact.currency,
        opts_out_of_sale=fact.opts_out_of_sale,
        # Rows from before there was the column say of the header nothing; of consent `raw` says all.
        consent=fact.consent or read_consent(context, opts_out_of_sale=fact.opts_out_of_sale),
    )
