"""Why a group of lines can't become an event: looked up only after it turned out that it can't."""

from __future__ import annotations

from collections.abc import Iterator

from stammgast.imports import sentences
from stammgast.imports.assembly import Group
from stammgast.imports.contracts import EventRule, Node, Refusal, Value
from stammgast.imports.tables import Table
from stammgast.imports.texts import Unusable, decimal_of, identifier_of, json_of

Fault = tuple[int, str, str]
"""Place of the line in its group, machine-readable reason, sentence without a full stop."""


def explain(group: Group, rule: EventRule, table: Table) -> list[Refusal]:
    """Return a refusal for every line of the group: its own faults, or that another line spoils the event."""
    faults: dict[int, tuple[str, str]] = {}
    for place, reason, detail in _faults(group, rule, table):
        known = faults.get(place)
        faults[place] = (known[0], known[1] + sentences.JOINT + detail) if known else (reason, detail)
    spoiling = group.rows[min(faults, default=0)]
    other = ("belongs_to_refused", sentences.SPOILT.format(row=spoiling))
    return [
        Refusal(row, *faults.get(place, other), table.shown(group.contents[place]))
        for place, row in enumerate(group.rows)
    ]


def _faults(group: Group, rule: EventRule, table: Table) -> Iterator[Fault]:
    yield from _time_faults(group, rule, table)
    yield from _who_faults(group, rule, table)
    if rule.name is not None and rule.name.column and table.cell(group.contents[0], rule.name.column) in (None, ""):
        yield 0, "missing_name", sentences.EMPTY_NAME.format(column=rule.name.column)
    for node in (rule.properties, rule.traits, rule.context):
        yield from _node_faults(node, group, table)
    for value in (rule.group_id, rule.previous_id):
        if value is not None:
            yield from _value_faults(value, group, table)


def _time_faults(group: Group, rule: EventRule, table: Table) -> Iterator[Fault]:
    column = rule.timestamp.column
    if column is None:
        return
    try:
        if json_of(table.cell(group.contents[0], column), rule.timestamp, table.dialect) is None:
            yield 0, "missing_time", sentences.EMPTY.format(column=column)
    except Unusable as fault:
        yield 0, fault.reason, f"{column}: {fault.detail}"


def _who_faults(group: Group, rule: EventRule, table: Table) -> Iterator[Fault]:
    if rule.subject == "none":
        return
    named = False
    for _, value in rule.identifiers:
        column = value.column or ""
        try:
            named |= identifier_of(table.cell(group.contents[0], column), value, table.dialect) is not None
        except Unusable as fault:
            named = True
            yield 0, fault.reason, f"{column}: {fault.detail}"
    if not named and rule.subject == "required":
        columns = ", ".join(value.column or "" for _, value in rule.identifiers)
        yield 0, "nobody_named", sentences.EMPTY_WHO.format(columns=columns)


def _node_faults(node: Node, group: Group, table: Table) -> Iterator[Fault]:
    for _, inner in node.members:
        if isinstance(inner, Node):
            yield from _node_faults(inner, group, table)
        else:
            yield from _value_faults(inner, group, table)


def _value_faults(value: Value, group: Group, table: Table) -> Iterator[Fault]:
    if value.lines is not None:
        for place in range(len(group.rows)):
            for _, inner in value.lines.members:
                yield from _line_faults(inner, group, place, table)
    elif value.sum is not None:
        for place in range(len(group.rows)):
            yield from _number_faults(value.sum, group, place, table, is_needed=True)
    else:
        yield from _line_faults(value, group, 0, table)


def _line_faults(inner: Value | Node, group: Group, place: int, table: Table) -> Iterator[Fault]:
    if isinstance(inner, Node):
        for _, member in inner.members:
            yield from _line_faults(member, group, place, table)
    elif inner.multiply:
        yield from _number_faults(inner, group, place, table, is_needed=False)
    elif inner.column is not None:
        try:
            json_of(table.cell(group.contents[place], inner.column), inner, table.dialect)
        except Unusable as fault:
            yield place, fault.reason, f"{inner.column}: {fault.detail}"


def _number_faults(value: Value, group: Group, place: int, table: Table, *, is_needed: bool) -> Iterator[Fault]:
    for one in value.multiply or (value,):
        if one.column is None:
            continue
        try:
            found = decimal_of(table.cell(group.contents[place], one.column), one, table.dialect)
        except Unusable as fault:
            yield place, fault.reason, f"{one.column}: {fault.detail}"
            continue
        if found is None and is_needed:
            yield place, "missing_number", sentences.EMPTY_NUMBER.format(column=one.column)
