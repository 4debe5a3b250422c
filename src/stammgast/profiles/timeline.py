"""A row of history as an event on a timeline."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from stammgast.events.contracts import MICROS
from stammgast.kernel.ids import Anchor, BrandId, SourceId
from stammgast.profiles.contracts import TimelineEvent
from stammgast.profiles.encoding import HistoryRow
from stammgast.profiles.history import TimelineRow


class _Said(msgspec.Struct):
    """What the raw JSON says in the sender's own words and numbers."""

    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None


class _Shown(msgspec.Struct, array_like=True):
    """The column `shown`, in its order; the names are those of TimelineEvent."""

    message_id: str
    received_at: int
    original_time: int | None
    type: str
    name: str
    user_id: str
    anonymous_id: str
    group_id: str
    source: SourceId
    brand: BrandId
    channel: str
    touchpoint: str
    device: str
    browser: str
    os: str
    country: str
    referrer_medium: str
    referrer_name: str
    campaign_name: str
    page_path: str
    page_title: str
    amount: Decimal | None
    currency: str
    flags: tuple[str, ...]
    is_bot: bool
    is_staff: bool
    is_import: bool
    origin: str = ""
    """Rows from before have none, nor what follows, until the mutation has written them."""
    language: str = ""
    campaign_source: str = ""
    campaign_medium: str = ""
    campaign_term: str = ""
    campaign_content: str = ""


_encode_shown = msgspec.json.Encoder().encode
_read_said = msgspec.json.Decoder(_Said).decode
# Not strict: some ClickHouse servers write whole numbers of 64 bits in quotes.
_read_shown = msgspec.json.Decoder(_Shown, strict=False).decode


def read_event(row: TimelineRow) -> TimelineEvent:
    """Return the event of a row."""
    said, shown = _read_said(row.raw), _read_shown(row.shown)
    fields = msgspec.structs.asdict(shown)
    fields["amount"] = None if shown.amount is None else int(shown.amount * MICROS)
    return TimelineEvent(
        time=row.time,
        anchor=Anchor(row.anchor),
        properties=said.properties or {},
        traits=said.traits or {},
        **fields,
    )


def shown_text(row: HistoryRow) -> str:
    """Return the column `shown` of a row that history has not got yet."""
    fields = {name: getattr(row, name) for name in _Shown.__struct_fields__}
    fields["received_at"] = round(row.received_at * 1000)
    fields["original_time"] = None if row.original_time is None else round(row.original_time * 1000)
    return _encode_shown(_Shown(**fields)).decode()
