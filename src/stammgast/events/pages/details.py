"""Why one event is in quarantine, in the reader's language: the detail beside its reason is kept in English."""

from __future__ import annotations

import re
from dataclasses import dataclass

from stammgast.kernel.i18n import Phrase
from stammgast.kernel.i18n import marked as _

_KINDS = {
    "a string": _("a text"),
    "a number": _("a number"),
    "an integer": _("a whole number"),
    "a boolean": _("true or false"),
    "an array": _("a list"),
    "an object": _("an object"),
}
"""As `schemas` says a type -> for people."""
_SENTENCES = (
    (re.compile(r"properties\.(?P<name>.+) is missing"), _("{name} is missing")),
    (
        re.compile(r"properties\.(?P<name>.+) must be (?P<wanted>an? \w+), not (?P<given>an? \w+)"),
        _("{name} must be {wanted}, not {given}"),
    ),
    (re.compile(r"(?P<count>\d+) bytes"), _("{count} bytes")),
    (re.compile(r"(?P<count>\d+) characters"), _("{count} characters")),
)


@dataclass(frozen=True)
class _AsItIs:
    """A property's own name, which may be a word that has a translation."""

    text: str

    def __str__(self) -> str:
        return self.text


def detail_words(detail: str) -> str:
    """Return a detail so that it can be translated; one that says nothing of ours as it is.

    >>> detail_words("properties.total must be a number, not a string")
    'total must be a number, not a text'
    >>> detail_words("'wrong'")
    "'wrong'"
    """
    for pattern, sentence in _SENTENCES:
        if match := pattern.fullmatch(detail):
            facts = match.groupdict()
            return Phrase(sentence, **{name: _KINDS.get(text) or _AsItIs(text) for name, text in facts.items()})
    return detail
