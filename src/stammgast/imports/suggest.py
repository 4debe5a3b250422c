"""A first map for a file nobody has mapped yet: guesses from the columns' names and first cells, for a person to mend."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from stammgast.imports.contracts import Refusal
from stammgast.imports.tables import Table
from stammgast.imports.texts import Unusable, parse_number, plain_text

PREVIEW_ROWS = 50
FORMATS = (
    "iso",
    "%Y-%m-%d %H:%M:%S",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y",
    "%Y%m%d",
    "unix",
    "unix_ms",
)
"""Forms of a time that a person can choose from, likeliest first."""

_NAMES: Mapping[str, re.Pattern[str]] = {
    role: re.compile(pattern, re.IGNORECASE)
    for role, pattern in (
        ("time", r"date|time|datum|zeit|created|timestamp|\bat$|_at$"),
        ("email", r"mail"),
        ("phone", r"phone|telefon|mobil"),
        ("user_id", r"(customer|user|kunde|client|member|person).*(id|nr|no|num|nummer)?$"),
        ("amount", r"total|amount|betrag|summe|revenue|umsatz"),
        ("currency", r"currency|w(ae|ä)hrung"),
        ("group", r"(invoice|order|bestell|rechnung|auftrag|beleg).*(id|nr|no|num|nummer)?$"),
    )
}

_CODE = re.compile(r"(id|nr|no|num|number|nummer|code|sku|zip|plz)$", re.IGNORECASE)
"""Columns that name something: what looks like a number among the first cells may hold a letter further down."""


class Preview(msgspec.Struct, frozen=True):
    """The first lines of a file. `rows` are cells as text, in the order of `columns`."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def cells(self, column: str) -> list[str]:
        """Return the filled cells of one column."""
        place = self.columns.index(column)
        return [row[place] for row in self.rows if row[place].strip()]


def preview(table: Table) -> Preview:
    """Return the first lines; of JSON Lines, the members that occur in them."""
    refused: list[Refusal] = []
    columns = table.columns or _members(table)
    for batch in table.batches(columns, refused.append, contents=False):
        texts = [
            [plain_text(cell, table.dialect) or "" for cell in batch.columns[name][:PREVIEW_ROWS]] for name in columns
        ]
        return Preview(tuple(columns), tuple(zip(*texts, strict=True)))
    return Preview(tuple(columns), ())


def _members(table: Table) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for batch in table.batches((), lambda _refusal: None, contents=True):
        for content in batch.contents[:PREVIEW_ROWS]:
            names.update(dict.fromkeys(msgspec.json.decode(content, type=dict[str, msgspec.Raw])))
        break
    return tuple(names)


def suggest(shown: Preview, name: str) -> dict[str, Any]:
    """Return the answers of the form as they should stand at first: field -> text."""
    roles = {role: _first(shown, pattern) for role, pattern in _NAMES.items()}
    taken = set(roles.values())
    answers: dict[str, Any] = {
        "name": re.sub(r"[^A-Za-z0-9_.-]+", "_", name.partition(".")[0]).strip("_.-")[:64] or "import",
        "what": "track",
        "event": "Order Completed" if roles["group"] or roles["amount"] else "Imported",
        "time": roles["time"],
        "format": guess_format(shown.cells(roles["time"])) if roles["time"] else "iso",
        "user_id": roles["user_id"],
        "email": roles["email"],
        "phone": roles["phone"],
        "amount": roles["amount"],
        "currency": "",
        "currency_column": roles["currency"],
        "group": roles["group"] if roles["group"] and _repeats(shown.cells(roles["group"])) else "",
        "subject": "required",
        "decimal": ".",
        "channel": "",
    }
    answers["uses"] = {
        column: "" if column in taken - {roles["group"]} else _use(shown, answers["group"], column)
        for column in shown.columns
    }
    answers["kinds"] = {
        column: "text" if _CODE.search(column) and column != roles["user_id"] else guess_kind(shown.cells(column))
        for column in shown.columns
    }
    return answers


def build(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the map, as YAML would give it, that the form's answers describe."""
    kinds: Mapping[str, str] = answers["kinds"]
    made: dict[str, Any] = {"name": answers["name"]}
    if answers.get("group"):
        made["group"] = answers["group"]
    made["timestamp"] = {"column": answers["time"], "format": answers["format"], "zone": answers["zone"]}
    made["identifiers"] = {
        role: {"column": answers[role], "as": "whole_number"} if kinds.get(answers[role]) == "number" else answers[role]
        for role in ("user_id", "email", "phone")
        if answers.get(role)
    }
    made["subject"] = answers["subject"]
    if answers.get("channel"):
        made["channel"] = answers["channel"]
    if answers["what"] == "track" and answers.get("amount"):
        column = {"column": answers["amount"], "decimal": answers.get("decimal", ".")}
        made["amount"] = {"sum": column} if answers.get("group") else column
        made["currency"] = answers["currency_column"] or {"value": answers["currency"]}
    made["traits"] = _fields(answers, "trait")
    event: dict[str, Any] = {"type": "identify"}
    if answers["what"] == "track":
        event = {"event": answers["event"]}
        made["properties"] = _properties(answers)
    made["events"] = [event]
    return {key: value for key, value in made.items() if value not in ({}, "")}


def _properties(answers: Mapping[str, Any]) -> dict[str, Any]:
    properties = _fields(answers, "property")
    lines = _fields(answers, "line")
    if lines and answers.get("group"):
        properties["products"] = {"lines": lines}
    else:
        properties.update(lines)
    return properties


def _fields(answers: Mapping[str, Any], use: str) -> dict[str, Any]:
    kinds = answers["kinds"]
    return {
        column: column if kinds.get(column, "text") == "text" else {"column": column, "as": kinds[column]}
        for column, chosen in answers["uses"].items()
        if chosen == use
    }


def guess_kind(cells: Sequence[str]) -> str:
    """Return text, number or boolean for a column by its first cells.

    >>> guess_kind(["1", "2.5"]), guess_kind(["yes", "no"]), guess_kind(["007"]), guess_kind([])
    ('number', 'boolean', 'text', 'text')
    """
    if not cells:
        return "text"
    if all(cell.strip().lower() in ("true", "false", "yes", "no", "ja", "nein") for cell in cells):
        return "boolean"
    try:
        for cell in cells:
            # A leading zero is a code's, not a number's, and would be lost.
            if re.match(r"\s*0\d", cell):
                return "text"
            parse_number(cell, ".")
    except Unusable:
        return "text"
    return "number"


def guess_format(cells: Sequence[str]) -> str:
    """Return the first form of FORMATS that all cells have; `iso` when none has.

    >>> guess_format(["24.12.2025 18:00", "01.02.2026 07:15"]), guess_format(["1767225600"])
    ('%d.%m.%Y %H:%M', 'unix')
    """
    from stammgast.imports.contracts import Value
    from stammgast.imports.texts import parse_time

    for form in FORMATS:
        try:
            years = {parse_time(cell, Value(column="time", format=form)).year for cell in cells}
        except Unusable:
            continue
        if years and all(1980 <= year <= 2100 for year in years):  # noqa: PLR2004 - business data lies there
            return form
    return "iso"


def _use(shown: Preview, group: str, column: str) -> str:
    """Return `line` for a column whose cells differ within one group, else `property`."""
    if not group:
        return "property"
    place, key = shown.columns.index(column), shown.columns.index(group)
    seen: dict[str, str] = {}
    return "line" if any(seen.setdefault(row[key], row[place]) != row[place] for row in shown.rows) else "property"


def _first(shown: Preview, pattern: re.Pattern[str]) -> str:
    return next((column for column in shown.columns if pattern.search(column)), "")


def _repeats(cells: Sequence[str]) -> bool:
    return len(set(cells)) < len(cells)
