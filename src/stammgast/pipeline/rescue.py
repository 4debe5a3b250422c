"""Rows that history refuses as they are: found by halving, kept without their properties, never in the way of others."""

from __future__ import annotations

import logging

import msgspec

from stammgast.kernel.history import HistoryClient, HistoryRefused
from stammgast.profiles.api.worker import EVENTS

logger = logging.getLogger(__name__)

_NO_ROWS_FAULT = frozenset({0, 16, 60, 62, 81, 164, 192, 193, 194, 195, 291, 497, 516})
"""ClickHouse's codes for what is wrong with table, account or rights: no row is to blame, and history is waited for."""
UNFIT = "properties_unfit"
"""The flag of an event whose properties history could not hold; its raw JSON still has them."""


Refused = list[tuple[bytes, str]]
"""Rows that history takes in no shape, as they are, and the kind of its error."""


def insert_or_split(history: HistoryClient, lines: bytes, query_id: str) -> Refused:
    """Insert JSON lines; where history refuses them, halve until the refused rows stand alone, and insert those bare.

    Return the rows that it refuses even then. Raises HistoryUnavailable (look again which rows are there), and
    HistoryRefused where the fault is not in any row.
    """
    try:
        history.insert_json_lines(EVENTS, lines, query_id=query_id)
    except HistoryRefused as problem:
        if problem.facts["history_code"] in _NO_ROWS_FAULT:
            raise
        single = lines.splitlines(keepends=True)
        if len(single) == 1:
            return _insert_bare(history, lines, query_id)
        middle = len(single) // 2
        return [
            *insert_or_split(history, b"".join(single[:middle]), f"{query_id}a"),
            *insert_or_split(history, b"".join(single[middle:]), f"{query_id}b"),
        ]
    return []


def _insert_bare(history: HistoryClient, line: bytes, query_id: str) -> Refused:
    try:
        row = msgspec.json.decode(line)
        logger.warning("row kept without properties", extra={"batch": row.get("batch"), "row": row.get("row")})
        history.insert_json_lines(EVENTS, bare_line(line), query_id=f"{query_id}-bare")
    except HistoryRefused as problem:
        if problem.facts["history_code"] in _NO_ROWS_FAULT:
            raise
        return [(line, str(problem.facts["reason"]))]
    except msgspec.DecodeError as problem:
        return [(line, type(problem).__name__)]
    return []


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
