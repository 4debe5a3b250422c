"""Which columns a map names, and whether the file has them."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from stammgast.imports.contracts import EventRule, ImportMap, Node, UnknownColumn, Value
from stammgast.imports.tables import Table


def named_columns(plan: ImportMap) -> Iterator[tuple[str, str]]:
    """Yield (column, key of the map that names it)."""
    if plan.group:
        yield plan.group, "group"
    for condition in plan.skip:
        yield condition.column, "skip"
    for rule in plan.events:
        yield from _of_rule(rule)


def check_columns(table: Table, plan: ImportMap) -> None:
    """Raise UnknownColumn when the map names a column that the file does not have."""
    if table.columns is None:
        return
    for column, key in named_columns(plan):
        if column not in table.columns:
            near = get_close_matches(column, table.columns, 1)
            mend = f"Did you mean {near[0]}?" if near else "Its columns are: " + ", ".join(table.columns)
            raise UnknownColumn(key=key, column=column, mend=mend)


def _of_rule(rule: EventRule) -> Iterator[tuple[str, str]]:
    for condition in (*rule.when, *rule.unless):
        yield condition.column, f"{rule.path}.when"
    for name, value in rule.identifiers:
        yield from _of_value(value, f"{rule.path}.identifiers.{name}")
    singles = {
        "timestamp": rule.timestamp,
        "event": rule.name,
        "group_id": rule.group_id,
        "previous_id": rule.previous_id,
    }
    for key, single in singles.items():
        if single is not None:
            yield from _of_value(single, f"{rule.path}.{key}")
    for key, node in (("properties", rule.properties), ("traits", rule.traits), ("context", rule.context)):
        yield from _of_node(node, f"{rule.path}.{key}")


def _of_node(node: Node, path: str) -> Iterator[tuple[str, str]]:
    for name, inner in node.members:
        if isinstance(inner, Node):
            yield from _of_node(inner, f"{path}.{name}")
        else:
            yield from _of_value(inner, f"{path}.{name}")


def _of_value(value: Value, path: str) -> Iterator[tuple[str, str]]:
    if value.column is not None:
        yield value.column, path
    for factor in value.multiply:
        yield from _of_value(factor, path)
    if value.sum is not None:
        yield from _of_value(value.sum, path)
    if value.lines is not None:
        yield from _of_node(value.lines, path)
