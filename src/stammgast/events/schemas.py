"""Event schemas: what a track event of a name must carry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stammgast.events.contracts import EventSchema

_KINDS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "any": (object,),
}
_WORDS: Mapping[type, str] = {
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    list: "array",
    dict: "object",
}


def schema_problem(schema: EventSchema, properties: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the properties, None when they fit.

    >>> schema_problem(EventSchema("Order Completed", (("total", "number"),)), {"total": "12"})
    'properties.total must be a number, not a string'
    """
    for name, kind in schema.required:
        value = properties.get(name)
        if value is None:
            return f"properties.{name} is missing"
        is_truth_value = isinstance(value, bool) and kind not in ("boolean", "any")
        if is_truth_value or not (isinstance(value, _KINDS[kind]) or _is_whole(value, kind)):
            return f"properties.{name} must be {_with_article(kind)}, not {_with_article(_WORDS[type(value)])}"
    return None


def _is_whole(value: object, kind: str) -> bool:
    return kind == "integer" and isinstance(value, float) and value.is_integer()


def _with_article(word: str) -> str:
    return f"an {word}" if word[0] in "aio" else f"a {word}"
