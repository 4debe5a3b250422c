"""A row of history as an event on a timeline."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from stammgast.events.contracts import MICROS
from stammgast.kernel.ids import Anchor, BrandId, SourceId
from stammgast.profiles.contracts import TimelineEvent


class _Said(msgspec.Struct):
    """What the raw JSON says in the sender's own words and numbers."""

    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None


_read_said = msgspec.json.Decoder(_Said).decode


def read_event(row: tuple[Any, ...]) -> TimelineEvent:
    """Return the event of a row as `history.timeline_rows` gives it."""
    said = _read_said(row[23])
    return TimelineEvent(
        message_id=row[2],
        time=row[0],
        received_at=row[3],
        original_time=row[4],
        type=row[5],
        name=row[6],
        user_id=row[7],
        anonymous_id=row[8],
        group_id=row[9],
        source=SourceId(row[10]),
        brand=BrandId(row[11]),
        channel=row[12],
        touchpoint=row[13],
        device=row[14],
        browser=row[15],
        os=row[16],
        country=row[17],
        referrer_medium=row[18],
        referrer_name=row[19],
        campaign_name=row[20],
        page_path=row[21],
        page_title=row[22],
        properties=said.properties or {},
        traits=said.traits or {},
        amount=None if row[24] is None else int(Decimal(row[24]) * MICROS),
        currency=row[25],
        flags=tuple(row[26]),
        is_bot=row[27],
        is_staff=row[28],
        is_import=row[29],
        anchor=Anchor(row[30]),
    )
