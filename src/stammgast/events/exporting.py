"""Writing events out of the history: JSON Lines or CSV, all or those of one customer, in bounded memory."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TextIO

import msgspec

from stammgast.kernel.errors import Invalid, NotFound
from stammgast.kernel.history import HistoryClient
from stammgast.kernel.runtime import Runtime
from stammgast.web.cells import safe_cell

FORMATS = ("jsonl", "csv")
COLUMNS = {
    "messageId": "message_id",
    "timestamp": "time",
    "receivedAt": "received_at",
    "type": "type",
    "event": "name",
    "userId": "user_id",
    "anonymousId": "anonymous_id",
    "groupId": "group_id",
    "channel": "channel",
    "touchpoint": "touchpoint",
    "device": "device",
    "browser": "browser",
    "os": "os",
    "country": "country",
    "language": "language",
    "referrerMedium": "referrer_medium",
    "referrerName": "referrer_name",
    "campaignSource": "campaign_source",
    "campaignMedium": "campaign_medium",
    "campaignName": "campaign_name",
    "pagePath": "page_path",
    "amount": "amount",
    "currency": "currency",
    "isBot": "is_bot",
    "isStaff": "is_staff",
    "isImport": "is_import",
    "origin": "origin",
    "raw": "raw",
}
"""Name in the export -> column of the history. `properties` and `traits` are read from `raw`, exactly as they came."""


class UnknownFormat(Invalid):
    """{field}: {problem}."""


class ProfileNotFound(NotFound):
    """There is no customer {name}. Write their number in Stammgast, or an identifier as in user_id:17850."""

    code = "not_found"


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which events: of one profile (its number or `namespace:value`; empty: all), since and until days in UTC."""

    profile: str = ""
    since: str = ""
    until: str = ""

    def words(self) -> str:
        """Say it in a line, for the audit log."""
        return " ".join(part for part in (self.profile or "everybody", self.since, self.until) if part)


def export_events(runtime: Runtime, selection: Selection, form: str, file: TextIO) -> int:
    """Write the events to `file`, oldest first, and return how many. Raises Invalid, ProfileNotFound, HistoryUnavailable."""
    if form not in FORMATS:
        raise UnknownFormat(field="--format", problem=f"choose one of {', '.join(FORMATS)}")
    write = _csv_writer(file) if form == "csv" else _jsonl_writer(file)
    count = 0
    for event in read_events(runtime.history, selection):
        write(event)
        count += 1
    return count


def read_events(history: HistoryClient, selection: Selection) -> Iterator[dict[str, Any]]:
    """Yield the chosen events as the export names them."""
    conditions, parameters = _conditions(history, selection)
    where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
    statement = f"SELECT {', '.join(COLUMNS.values())} FROM events {where}ORDER BY time, message_id"  # noqa: S608 - our own names
    for row in history.stream(statement, parameters):
        yield _told(dict(zip(COLUMNS, row, strict=True)))


def anchors_of(history: HistoryClient, profile: str) -> list[int]:
    """Return the anchors of a profile: its number, or `namespace:value` of a raw identifier. Raises ProfileNotFound."""
    numbers = {int(profile)} if profile.isdecimal() else _numbers_of(history, *_split(profile))
    rows = history.query(
        "SELECT anchor, argMax(profile, batch) AS number FROM anchor_profiles GROUP BY anchor "
        "HAVING number IN {numbers:Array(UInt32)} OR anchor IN {numbers:Array(UInt32)}",
        {"numbers": sorted(numbers)},
    )
    owners = {int(anchor): int(number) for anchor, number in rows}
    alive = numbers & set(owners.values())
    # A number that names a profile need not be the anchor's own any more; one that names none stands for its anchor.
    own = {number for number in numbers if owners.get(number, number) == number or number not in alive}
    anchors = sorted(own | {anchor for anchor, number in owners.items() if number in numbers})
    if not history.query("SELECT 1 FROM events WHERE anchor IN {anchors:Array(UInt32)} LIMIT 1", {"anchors": anchors}):
        raise ProfileNotFound(name=profile)
    return anchors


def _split(profile: str) -> tuple[str, str]:
    namespace, colon, value = profile.partition(":")
    return (namespace, value) if colon else ("user_id", namespace)


def _numbers_of(history: HistoryClient, namespace: str, value: str) -> set[int]:
    is_column = namespace in ("user_id", "anonymous_id")
    test = (
        f"{namespace} = {{value:String}}"
        if is_column
        else "JSONExtractString(toJSONString(traits), {name:String}) = {value:String}"
    )
    rows = history.query(
        f"SELECT DISTINCT anchor FROM events WHERE anchor > 0 AND {test}",  # noqa: S608 - one of two fixed tests
        {"value": value} if is_column else {"value": value, "name": namespace},
    )
    anchors = [int(row[0]) for row in rows]
    if not anchors:
        raise ProfileNotFound(name=f"{namespace}:{value}")
    moved = history.query(
        "SELECT anchor, argMax(profile, batch) FROM anchor_profiles WHERE anchor IN {anchors:Array(UInt32)} GROUP BY anchor",
        {"anchors": anchors},
    )
    profiles = {int(anchor): int(number) for anchor, number in moved}
    return {profiles.get(anchor, anchor) for anchor in anchors}


def _conditions(history: HistoryClient, selection: Selection) -> tuple[list[str], dict[str, Any]]:
    conditions: list[str] = []
    parameters: dict[str, Any] = {}
    if selection.profile:
        conditions.append("anchor IN {anchors:Array(UInt32)}")
        parameters["anchors"] = anchors_of(history, selection.profile)
    for name, sign in (("since", ">="), ("until", "<")):
        text = getattr(selection, name)
        if text:
            conditions.append(f"time {sign} {{{name}:DateTime64(3, 'UTC')}}")
            parameters[name] = _day(text, f"--{name}")
    return conditions, parameters


def _day(text: str, field: str) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Invalid(field=field, problem="write a day as in 2026-01-31") from None
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _told(event: dict[str, Any]) -> dict[str, Any]:
    raw = json.loads(event.pop("raw") or "{}", parse_float=Decimal)
    told = {name: value for name, value in event.items() if value not in (None, "", False)}
    for name in ("timestamp", "receivedAt"):
        told[name] = _moment(event[name])
    for name in ("properties", "traits"):
        if raw.get(name):
            told[name] = raw[name]
    return told


def _moment(value: datetime) -> str:
    value = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _jsonl_writer(file: TextIO) -> Any:
    encoder = msgspec.json.Encoder(decimal_format="number")

    def write(event: Mapping[str, Any]) -> None:
        file.write(encoder.encode(event).decode() + "\n")

    return write


def _csv_writer(file: TextIO) -> Any:
    names = [*(name for name in COLUMNS if name != "raw"), "properties", "traits"]
    writer = csv.writer(file)
    writer.writerow(names)
    encoder = msgspec.json.Encoder(decimal_format="number")

    def write(event: Mapping[str, Any]) -> None:
        cells = (event.get(name, "") for name in names)
        texts = (encoder.encode(cell).decode() if isinstance(cell, dict) else str(cell) for cell in cells)
        writer.writerow([safe_cell(text) for text in texts])

    return write
