"""Reading a map: YAML to a checked `ImportMap`, with errors that name the key and say how to mend it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import msgspec
import yaml

from stammgast.events.contracts import EventType
from stammgast.imports.contracts import (
    Condition,
    EventRule,
    FileShape,
    ImportMap,
    Node,
    Subject,
    UnreadableMap,
    Value,
    ValueKind,
    WrongMap,
)

SHARED_KEYS = (
    "timestamp",
    "identifiers",
    "subject",
    "properties",
    "traits",
    "context",
    "amount",
    "currency",
    "channel",
    "touchpoint",
    "group_id",
    "previous_id",
)
MAP_KEYS = ("name", "description", "file", "group", "skip", "events", *SHARED_KEYS)
RULE_KEYS = ("type", "event", "when", "unless", *SHARED_KEYS)
VALUE_KEYS = (
    "column",
    "value",
    "multiply",
    "sum",
    "lines",
    "count",
    "as",
    "format",
    "zone",
    "separator",
    "decimal",
    "negate",
    "lower",
    "default",
)
SOURCE_KEYS = frozenset(("column", "value", "multiply", "sum", "lines", "count"))
FILE_KEYS = ("format", "delimiter", "quote", "encoding", "columns", "missing")
OPERATORS = (
    "equals",
    "not_equals",
    "one_of",
    "begins_with",
    "ends_with",
    "contains",
    "matches",
    "greater_than",
    "less_than",
    "missing",
)
KINDS: tuple[str, ...] = get_args(ValueKind)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def load_map(path: Path) -> ImportMap:
    """Return the checked map in the file `path`.

    Raises UnreadableMap or WrongMap (OSError when the file can't be opened).
    """
    return parse_map(path.read_text(encoding="utf-8"))


def parse_map(text: str) -> ImportMap:
    """Return the checked map written in `text` (YAML).

    Raises UnreadableMap or WrongMap.
    """
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as problem:
        raise UnreadableMap(problem=" ".join(str(problem).split())) from problem
    return build_map(found)


def build_map(found: object) -> ImportMap:
    """Return the checked map of plain dicts and lists as YAML gives them. Raises WrongMap."""
    top = _mapping(found, "top level")
    _only(top, MAP_KEYS, "")
    name = top.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        mend = "Give it up to 64 letters, digits, dots, dashes or underscores; it names the imported events for ever"
        raise WrongMap(key="name", problem="it is missing or has other characters", mend=mend)
    rules = top.get("events")
    if not isinstance(rules, list) or not rules:
        raise WrongMap(key="events", problem="it must be a list", mend="Name at least one event, e.g. - event: X")
    group = top.get("group", "")
    return ImportMap(
        name=name,
        file=_file(top.get("file", {})),
        group=_text(group, "group") if group else "",
        skip=_conditions(top.get("skip", []), "skip"),
        events=tuple(_rule(one, top, f"events[{index}]") for index, one in enumerate(rules)),
    )


def _rule(found: object, top: Mapping[str, Any], path: str) -> EventRule:
    own = _mapping(found, path)
    _only(own, RULE_KEYS, path)
    kind = own.get("type", "track")
    if kind not in get_args(EventType):
        raise WrongMap(key=f"{path}.type", problem=f"{kind!r} is none", mend=_one_of(get_args(EventType)))
    if kind == "track" and not own.get("event"):
        mend = "Name the event, e.g. event: Order Completed, or set type: identify"
        raise WrongMap(key=f"{path}.event", problem="a track needs it", mend=mend)
    merged = _inherit(top, own)
    if "timestamp" not in merged:
        mend = (
            "Say which column holds the time, e.g. timestamp: {column: date, format: '%d.%m.%Y', zone: Europe/Berlin}"
        )
        raise WrongMap(key=f"{path}.timestamp", problem="it is missing", mend=mend)
    identifiers = _identifiers(merged.get("identifiers", {}), f"{path}.identifiers")
    return EventRule(
        path=path,
        type=kind,
        name=_name(own.get("event"), f"{path}.event"),
        when=_conditions(own.get("when", []), f"{path}.when"),
        unless=_conditions(own.get("unless", []), f"{path}.unless"),
        timestamp=_time(merged["timestamp"], f"{path}.timestamp"),
        identifiers=identifiers,
        subject=_subject(merged.get("subject"), identifiers, path),
        properties=_properties(merged, path),
        traits=_node(merged.get("traits", {}), f"{path}.traits"),
        context=_context(merged, path),
        group_id=_id(merged, "group_id", path, needed=kind == "group"),
        previous_id=_id(merged, "previous_id", path, needed=kind == "alias"),
    )


def _inherit(top: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return the shared keys for one event: its own, else the map's; objects are merged member by member."""
    merged: dict[str, Any] = {}
    for key in SHARED_KEYS:
        ours, theirs = own.get(key), top.get(key)
        is_object = key in ("properties", "traits", "context", "identifiers")
        if is_object and isinstance(ours, dict) and isinstance(theirs, dict):
            merged[key] = {**theirs, **ours}
        elif key in own or key in top:
            merged[key] = ours if key in own else theirs
    return merged


def _properties(merged: Mapping[str, Any], path: str) -> Node:
    """Return the properties, with `amount` as `total` and `currency` among them."""
    node = _node(merged.get("properties", {}), f"{path}.properties")
    members = dict(node.members)
    if "amount" in merged:
        members["total"] = _value(_kinded(merged["amount"], "number"), f"{path}.amount")
        if "currency" not in merged and "currency" not in members:
            mend = "Say it, e.g. currency: {value: EUR} or currency: the_column"
            raise WrongMap(key=f"{path}.currency", problem="an amount needs it", mend=mend)
    if "currency" in merged:
        members["currency"] = _value(merged["currency"], f"{path}.currency")
    return Node(tuple(members.items()))


def _context(merged: Mapping[str, Any], path: str) -> Node:
    members = dict(_node(merged.get("context", {}), f"{path}.context").members)
    for key in ("channel", "touchpoint"):
        if key in merged:
            members[key] = _constant_or_column(merged[key], f"{path}.{key}")
    return Node(tuple(members.items()))


def _identifiers(found: object, path: str) -> tuple[tuple[str, Value], ...]:
    made = tuple(
        (_text(name, path), _value(_kinded(inner, "text"), f"{path}.{name}"))
        for name, inner in _mapping(found, path).items()
    )
    for name, value in made:
        if value.column is None:
            raise WrongMap(key=f"{path}.{name}", problem="it is no column", mend="Name one, e.g. user_id: customer")
    return made


def _subject(found: object, identifiers: tuple[object, ...], path: str) -> Subject:
    subject = "required" if found is None else str(found).lower()
    if subject not in get_args(Subject):
        raise WrongMap(key=f"{path}.subject", problem=f"{found!r} is none", mend=_one_of(get_args(Subject)))
    if not identifiers and subject == "required":
        mend = "Name a column, e.g. identifiers: {user_id: customer}, or set subject: none for events of nobody"
        raise WrongMap(key=f"{path}.identifiers", problem="nobody is named", mend=mend)
    return subject  # type: ignore[return-value]


def _name(found: object, path: str) -> Value | None:
    return None if found is None else _constant_or_column(found, path)


def _constant_or_column(found: object, path: str) -> Value:
    """Return a value where a bare text is the text itself, not a column: names of events and channels."""
    if isinstance(found, str):
        return Value(constant=_json(found, path))
    return _value(found, path)


def _id(merged: Mapping[str, Any], key: str, path: str, *, needed: bool) -> Value | None:
    if key in merged:
        return _value(_kinded(merged[key], "text"), f"{path}.{key}")
    if needed:
        raise WrongMap(key=f"{path}.{key}", problem="this type needs it", mend=f"Name a column, e.g. {key}: company")
    return None


def _time(found: object, path: str) -> Value:
    value = _value(_kinded(found, "time"), path)
    if value.column is None and value.constant is None:
        raise WrongMap(key=path, problem="it is no column", mend="Name one, e.g. timestamp: {column: date}")
    return value


def _kinded(found: object, kind: str) -> object:
    """Return `found` as a mapping that says `as: kind` unless it says something else."""
    if isinstance(found, str):
        return {"column": found, "as": kind}
    if not isinstance(found, dict):
        return found
    if isinstance(found.get("sum"), dict | str):
        return {**found, "sum": _kinded(found["sum"], kind)}
    return {"as": kind, **found} if "column" in found else found


def _node(found: object, path: str) -> Node:
    members = _mapping(found, path)
    return Node(tuple((_text(name, path), _member(inner, f"{path}.{name}")) for name, inner in members.items()))


def _member(found: object, path: str) -> Value | Node:
    is_value = isinstance(found, str) or (isinstance(found, dict) and bool(SOURCE_KEYS & found.keys()))
    return _value(found, path) if is_value else _node(found, path)


def _value(found: object, path: str) -> Value:
    if isinstance(found, str):
        return Value(column=found)
    given = _mapping(found, path)
    _only(given, VALUE_KEYS, path)
    sources = [key for key in given if key in SOURCE_KEYS]
    if len(sources) != 1:
        mend = "Give exactly one of column, value, multiply, sum, lines, count"
        raise WrongMap(key=path, problem=f"it names {len(sources)} sources of its value", mend=mend)
    options = _options(given, path)
    return _with_source(sources[0], given[sources[0]], options, f"{path}.{sources[0]}")


def _with_source(source: str, inner: object, options: dict[str, Any], path: str) -> Value:
    match source:
        case "column":
            return Value(column=_text(inner, path), **options)
        case "value":
            return Value(constant=_json(inner, path), **options)
        case "sum":
            summed = _value(_kinded(inner, "number"), path)
            _check_of_a_line(summed, path)
            return Value(sum=summed, **options)
        case "lines":
            listed = _node(inner, path)
            _check_of_a_line(listed, path)
            return Value(lines=listed, **options)
        case "count":
            if inner != "lines":
                raise WrongMap(key=path, problem=f"{inner!r} can't be counted", mend="Write count: lines")
            return Value(count="lines", **options)
    factors = inner if isinstance(inner, list) else []
    if len(factors) < 2:  # noqa: PLR2004 - a product has two factors
        raise WrongMap(key=path, problem="it must be a list", mend="Name two columns or more, e.g. [Quantity, Price]")
    made = tuple(_value(_kinded(one, "number"), f"{path}[{index}]") for index, one in enumerate(factors))
    return Value(multiply=made, **options)


def _check_of_a_line(inner: Value | Node, path: str) -> None:
    """Refuse what can't be told of a single line: sums and lists of lines."""
    if isinstance(inner, Node):
        for name, member in inner.members:
            _check_of_a_line(member, f"{path}.{name}")
    elif inner.sum is not None or inner.lines is not None or inner.count:
        raise WrongMap(key=path, problem="it asks for all lines inside one line", mend="Use column, value or multiply")


def _options(given: Mapping[str, Any], path: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    kind = given.get("as", "")
    if kind not in KINDS:
        raise WrongMap(key=f"{path}.as", problem=f"{kind!r} is none", mend=_one_of(KINDS[1:]))
    options["kind"] = kind
    for key in ("format", "zone", "separator", "decimal"):
        if key in given:
            options[key] = _text(given[key], f"{path}.{key}")
    for key in ("negate", "lower"):
        if key in given:
            if not isinstance(given[key], bool):
                raise WrongMap(key=f"{path}.{key}", problem="it must be true or false", mend="Write true or false")
            options[key] = given[key]
    if "default" in given:
        options["default"] = _json(given["default"], f"{path}.default")
    _check_zone(options.get("zone", ""), f"{path}.zone")
    return options


def _check_zone(zone: str, path: str) -> None:
    if not zone:
        return
    try:
        ZoneInfo(zone)
    except (OSError, ValueError, KeyError):
        mend = "Write it as in Europe/Berlin, or UTC"
        raise WrongMap(key=path, problem=f"there is no time zone {zone!r}", mend=mend) from None


def _conditions(found: object, path: str) -> tuple[Condition, ...]:
    listed = [found] if isinstance(found, dict) else found
    if not isinstance(listed, list):
        mend = "Write it as a list, e.g. - {column: InvoiceNo, begins_with: C}"
        raise WrongMap(key=path, problem="it is no list of conditions", mend=mend)
    return tuple(_condition(one, f"{path}[{index}]") for index, one in enumerate(listed))


def _condition(found: object, path: str) -> Condition:
    given = _mapping(found, path)
    _only(given, ("column", *OPERATORS), path)
    operators = [key for key in given if key in OPERATORS]
    if "column" not in given or len(operators) != 1:
        mend = f"Give a column and one of {', '.join(OPERATORS)}"
        raise WrongMap(key=path, problem="it is no condition", mend=mend)
    operator = operators[0]
    operand = given[operator]
    if operator == "matches":
        _check_pattern(operand, f"{path}.matches")
    if operator == "missing" and not isinstance(operand, bool):
        raise WrongMap(key=f"{path}.missing", problem="it must be true or false", mend="Write true or false")
    if operator == "one_of":
        if not isinstance(operand, list):
            raise WrongMap(key=f"{path}.one_of", problem="it is no list", mend="Write it as [a, b]")
        operand = tuple(str(one) for one in operand)
    return Condition(_text(given["column"], f"{path}.column"), operator, operand)


def _check_pattern(operand: object, path: str) -> None:
    try:
        re.compile(str(operand))
    except re.error as problem:
        raise WrongMap(key=path, problem=str(problem), mend="Mend the regular expression") from None


def _file(found: object) -> FileShape:
    given = _mapping(found, "file")
    _only(given, FILE_KEYS, "file")
    for key in ("delimiter", "quote"):
        if key in given and (not isinstance(given[key], str) or len(given[key]) != 1):
            raise WrongMap(key=f"file.{key}", problem="it must be one character", mend='Write it as in ";"')
    _check_encoding(given.get("encoding", "utf-8"))
    try:
        return msgspec.convert(given, FileShape)
    except msgspec.ValidationError as problem:
        raise WrongMap(key="file", problem=str(problem), mend="See docs/reference/import-map.md") from None


def _check_encoding(encoding: object) -> None:
    try:
        "".encode(str(encoding))
    except LookupError:
        mend = "Write utf-8, cp1252 or latin-1"
        raise WrongMap(key="file.encoding", problem=f"there is no {encoding!r}", mend=mend) from None


def _only(given: Mapping[str, Any], known: tuple[str, ...], path: str) -> None:
    for key in given:
        if key not in known:
            near = get_close_matches(str(key), known, 1)
            mend = f"Did you mean {near[0]}" if near else _one_of(known)
            raise WrongMap(key=f"{path}.{key}".lstrip("."), problem="there is no such key here", mend=mend)


def _mapping(found: object, path: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        shown = type(found).__name__ if found is not None else "nothing"
        raise WrongMap(key=path, problem=f"it is {shown}, not names with values", mend="Write it as key: value")
    return found


def _text(found: object, path: str) -> str:
    if not isinstance(found, str) or not found:
        mend = "Put it in quotation marks" if found is not None else "Fill it in"
        raise WrongMap(key=path, problem=f"{found!r} is no text", mend=mend)
    return found


def _json(found: object, path: str) -> str:
    try:
        return msgspec.json.encode(found).decode()
    except (TypeError, msgspec.MsgspecError):
        raise WrongMap(key=path, problem="it can't be written as JSON", mend="Use texts, numbers, lists") from None


def _one_of(words: tuple[str, ...]) -> str:
    return "It is one of " + ", ".join(words)
