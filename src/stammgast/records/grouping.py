"""A customer's traits and identifiers as one table: each datum once, in groups, in words. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Literal

import msgspec
import phonenumbers

from stammgast.profiles.contracts import Identifier, Trait
from stammgast.records.words import GROUP_LABELS, GroupName, label_of, place_of, trait_key

Kind = Literal["text", "yes_no", "number", "date", "country", "mail", "phone", "link", "json"]
Normal = Callable[[str, str], tuple[str, str] | None]
"""Namespace and value as written -> the identifier in its normal form, None for what is none."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ].*)?")
_COUNTRY = re.compile(r"[A-Za-z]{2}")
_LINK = re.compile(r"https?://\S+")
NAMESPACE_OF = {"email": "email", "phone": "phone", "mobile": "phone", "id": "user_id", "userid": "user_id"}
ANONYMOUS = ("anonymous_id", "device_id")
TEXT_SHOWN = 600


class Row(msgspec.Struct, frozen=True):
    """One line: a trait, an identifier, or both where they say the same."""

    label: str
    is_own_label: bool
    """The sender's own word, not to be translated."""
    kind: Kind
    value: Any
    """Text, a number, yes or no; for a date ms UTC at noon; for json what it holds."""
    trait: Trait | None = None
    identifier: Identifier | None = None
    part: str = ""
    """Which part of the trait's value this is, empty for all of it."""


class Group(msgspec.Struct, frozen=True):
    """Lines that belong together. `is_folded`: shown when asked for."""

    name: GroupName
    label: str
    rows: tuple[Row, ...]
    is_folded: bool


def group_rows(traits: Sequence[Trait], identifiers: Sequence[Identifier], normal: Normal) -> tuple[Group, ...]:
    """Return the groups that hold anything, in order."""
    by_pair = {(one.namespace, one.value): one for one in identifiers}
    placed: list[tuple[GroupName, int, Row]] = []
    for trait in traits:
        for row in _trait_rows(trait):
            pair = _pair_of(row, normal)
            identifier = by_pair.pop(pair, None) if pair is not None else None
            group, place = place_of(row.part or trait.name)
            placed.append((group, place, msgspec.structs.replace(row, identifier=identifier)))
    placed += [(*_place_of_identifier(one.namespace), _identifier_row(one)) for one in by_pair.values()]
    groups = []
    for name, label in GROUP_LABELS.items():
        rows = sorted((one for one in placed if one[0] == name), key=_order)
        if rows:
            groups.append(Group(name, label, tuple(row for _, _, row in rows), is_folded=name == "technical"))
    return tuple(groups)


def _order(one: tuple[GroupName, int, Row]) -> tuple[int, bool, str]:
    return one[1], one[2].trait is None, one[2].label.casefold()


def _trait_rows(trait: Trait) -> Iterable[Row]:
    """Yield the lines of a trait; an object of single values (an address) is told part by part."""
    value = trait.current.value
    if isinstance(value, Mapping) and value and all(_is_single(one) for one in value.values()):
        for part, one in value.items():
            if one not in (None, ""):
                yield _row(part, one, trait, part)
        return
    yield _row(trait.name, value, trait, "")


def _row(name: str, value: Any, trait: Trait, part: str) -> Row:
    label, is_own = label_of(name)
    kind, shown = read_value(name, value)
    return Row(label, is_own, kind, shown, trait, part=part)


def read_value(name: str, value: Any) -> tuple[Kind, Any]:
    """Return how a value is shown, and what of it.

    >>> read_value("country", "at"), read_value("seats", 2.5), read_value("tags", ["a", "b"]), read_value("vip", True)
    (('country', 'AT'), ('number', 2.5), ('text', 'a, b'), ('yes_no', True))
    >>> read_value("birthday", "1970-01-02")
    ('date', 129600000)
    """
    if isinstance(value, bool):
        return "yes_no", value
    if isinstance(value, int | float):
        return "number", value
    if isinstance(value, list) and value and all(isinstance(one, str | int | float) for one in value):
        value = ", ".join(str(one) for one in value)
    if not isinstance(value, str):
        return "json", value
    return _read_text(trait_key(name), value.strip())


def _read_text(key: str, text: str) -> tuple[Kind, Any]:
    if key in {"country", "countrycode", "land"} and _COUNTRY.fullmatch(text):
        return "country", text.upper()
    if NAMESPACE_OF.get(key) == "email" or key == "mail":
        return "mail", text
    if NAMESPACE_OF.get(key) == "phone":
        return "phone", spaced_number(text)
    if _LINK.fullmatch(text):
        return "link", text
    if _DATE.fullmatch(text) and (day := _noon(text)) is not None:
        return "date", day
    return "text", text if len(text) <= TEXT_SHOWN else text[: TEXT_SHOWN - 1] + "…"


@lru_cache(10_000)
def spaced_number(text: str) -> str:
    """Return a phone number as people read it; what has no country code stays as it is.

    >>> spaced_number("+493023125062"), spaced_number("030 12")
    ('+49 30 23125062', '030 12')
    """
    try:
        return phonenumbers.format_number(phonenumbers.parse(text), phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    except phonenumbers.NumberParseException:
        return text


def _noon(text: str) -> int | None:
    """Return noon UTC of a day, so that it is the same day in the zones where people read it."""
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        return None
    return int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp() * 1000)


def _pair_of(row: Row, normal: Normal) -> tuple[str, str] | None:
    namespace = NAMESPACE_OF.get(trait_key(row.part or (row.trait.name if row.trait else "")))
    if row.kind == "mail":
        namespace = "email"
    if namespace is None or row.kind not in {"text", "mail", "phone", "number"}:
        return None
    return normal(namespace, str(row.value))


def _is_single(value: object) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


def _identifier_row(one: Identifier) -> Row:
    kind: Kind = "mail" if one.namespace == "email" else "phone" if one.namespace == "phone" else "text"
    value = spaced_number(one.value) if kind == "phone" else one.value
    return Row(one.namespace, is_own_label=False, kind=kind, value=value, identifier=one)


def _place_of_identifier(namespace: str) -> tuple[GroupName, int]:
    if namespace in {"email", "phone"}:
        return place_of(namespace)
    return ("technical", 90) if namespace in ANONYMOUS else ("contact", 90)
