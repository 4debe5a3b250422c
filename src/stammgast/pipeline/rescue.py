"""Rows that history refuses as they are: found by halving, kept without their properties, never in the way of others."""

from __future__ import annotations

import logging

import msgspec

from stammgast.kernel.history import HistoryClient, HistoryRefused
from stammgast.profiles.api.worker import EVENTS

logger = logging.getLogger(__name__)

UNFIT = "properties_unfit"
"""The flag of an event whose properties history could not hold; its raw JSON still has them."""


def insert_or_split(history: HistoryClient, lines: bytes, query_id: str) -> None:
    """Insert JSON lines; where history refuses them, halve until the refused rows stand alone, and insert those bare.

    Raises HistoryUnavailable (look again which rows are there), and HistoryRefused when even a bare row is refused.
    """
    try:
        history.insert_json_lines(EVENTS, lines, query_id=query_id)
    except HistoryRefused:
        single = lines.splitlines(keepends=True)
        if len(single) == 1:
            row = msgspec.json.decode(lines)
            logger.warning("row kept without properties", extra={"batch": row.get("batch"), "row": row.get("row")})
            history.insert_json_lines(EVENTS, bare_line(lines), query_id=f"{query_id}-bare")
            return
        middle = len(single) // 2
        insert_or_split(history, b"".join(single[:middle]), f"{query_id}a")
        insert_or_split(history, b"".join(single[middle:]), f"{query_id}b")


def bare_line(line: bytes) -> bytes:
    r"""Return a row without properties and traits, flagged.

    >>> bare_line(b'{"row":1,"properties":{"a":1}}\n')
    b'{"row":1,"flags":["properties_unfit"]}\n'
    """
    row = msgspec.json.decode(line)
    row.pop("properties", None)
    row.pop("traits", None)
    row["flags"] = [*row.get("flags", ()), UNFIT]
    return msgspec.json.encode(row) + b"\n"
