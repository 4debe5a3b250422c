"""What to call a customer, and under which words they are found."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from stammgast.identity.resolution import Pair

NAME_LENGTH_MAX = 120
TERMS_MAX = 24
_WORDS = re.compile(r"[^\s,;:/()<>\"']+")
ANONYMOUS = frozenset({"anonymous_id", "device_id"})
AFTER_ALL_NAMES = "\U0010fffd"
"""Begins what visitors are sorted by."""
_FULL_NAMES = ("name", "full_name", "fullName", "displayName")
_FIRST_NAMES = ("first_name", "firstName", "firstname")
_LAST_NAMES = ("last_name", "lastName", "lastname")
_NAMING_ORDER = ("user_id", "phone", "loyalty_card")
LISTED_TRAITS = (*_FULL_NAMES, *_FIRST_NAMES, *_LAST_NAMES, "email")
"""Traits of which lists of customers are made."""


def display_name(traits: Mapping[str, Any], identifiers: Iterable[Pair]) -> str:
    """Return a name, else a mail address, else an identifier by which they are known; empty for a visitor nobody knows.

    >>> display_name({"firstName": "Anna", "lastName": "Maurer"}, [])
    'Anna Maurer'
    >>> display_name({}, [("anonymous_id", "a81f0c77-22"), ("email", "anna@example.com")])
    'anna@example.com'
    >>> display_name({}, [("anonymous_id", "a81f0c77-22")])
    ''
    """
    name = person_name(traits)
    if name:
        return name
    found: dict[str, str] = {}
    for namespace, value in sorted(identifiers):
        found.setdefault(namespace, value)
    email = text_of(traits, ("email",)) or found.get("email", "")
    if email:
        return email[:NAME_LENGTH_MAX]
    for namespace in _NAMING_ORDER:
        if namespace in found:
            return found[namespace][:NAME_LENGTH_MAX]
    known = sorted(one for one in found if one not in ANONYMOUS)
    return found[known[0]][:NAME_LENGTH_MAX] if known else ""


def known_email(
    traits: Mapping[str, Any], identifiers: Mapping[str, str], corrections: Mapping[str, Any] | None
) -> str:
    """Return the mail address to show: as a person here corrected it, else that they are known by, else as a trait says.

    >>> known_email({"email": "a@x.de"}, {"email": "b@x.de"}, None)
    'b@x.de'
    >>> known_email({"email": "a@x.de"}, {"email": "b@x.de"}, {"email": [5, "m", "a@x.de", "Anna", False]})
    'a@x.de'
    """
    said = text_of(traits, ("email",))
    if said and corrections and corrections.get("email", ("",) * 3)[2] == said:
        return said
    return identifiers.get("email", "") or said


def visitor_name(tag: str) -> str:
    """Return what to call a visitor in English.

    >>> visitor_name("3f2a")
    'Visitor 3f2a'
    """
    return f"Visitor {tag}"


def sort_name(name: str, visitor: str) -> str:
    """Return what a name is sorted by; visitors (their tag is not empty) come after everybody who has a name.

    >>> listed_visitor(sort_name("Visitor 3f2a", "3f2a")), listed_visitor(sort_name("Anna", ""))
    ('3f2a', '')
    """
    return AFTER_ALL_NAMES + visitor if visitor else name.casefold()


def listed_visitor(sorted_by: str) -> str:
    """Return the tag of a visitor out of what the list sorts by, empty for everybody else."""
    return sorted_by.removeprefix(AFTER_ALL_NAMES) if sorted_by.startswith(AFTER_ALL_NAMES) else ""


def visitor_tag(identifiers: Iterable[Pair]) -> str:
    """Return the four letters that tell a visitor from others: of the smallest identifier, so that they seldom change.

    >>> visitor_tag([("anonymous_id", "demo-browser-17")]), visitor_tag([("anonymous_id", "demo-browser-18")])
    ('8c16', '6fb0')
    """
    first = min(identifiers, default=("", ""))
    return hashlib.blake2b("\0".join(first).encode(), digest_size=2).hexdigest()


def person_name(traits: Mapping[str, Any]) -> str:
    """Return the name that the traits tell, empty when they tell none."""
    name = text_of(traits, _FULL_NAMES)
    if not name:
        name = f"{text_of(traits, _FIRST_NAMES)} {text_of(traits, _LAST_NAMES)}".strip()
    return " ".join(name.split())[:NAME_LENGTH_MAX]


def text_of(traits: Mapping[str, Any], names: Iterable[str]) -> str:
    """Return the first of these traits that is text and not blank."""
    for name in names:
        value = traits.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return ""


def search_terms(*texts: str) -> tuple[str, ...]:
    """Return the lower-case words under whose beginnings a customer is found, distinct and sorted.

    >>> search_terms("Anna  Maurer-Lind", "anna@example.com")
    ('anna', 'anna@example.com', 'lind', 'maurer-lind')
    """
    words: set[str] = set()
    for text in texts:
        for word in _WORDS.findall(text.casefold()):
            words.add(word[:NAME_LENGTH_MAX])
            if "@" not in word:
                words.update(part for part in word.split("-")[1:] if part)
    return tuple(sorted(words)[:TERMS_MAX])
