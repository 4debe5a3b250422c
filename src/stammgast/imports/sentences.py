"""What is told of a line that can't be used: each sentence once, so that it can be recognised again and translated.

Refusals are kept and written to files in English. A page reads the facts back out of the sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from stammgast.kernel.i18n import Phrase
from stammgast.kernel.i18n import marked as _

NO_NUMBER = _("{text} is no number")
NO_WHOLE_NUMBER = _("{text} is no whole number")
NO_TIME_OF_FORM = _("{text} is no time of the form {form}")
NO_SUCH_DAY = _("{text} is a day or time that does not exist")
NO_TIME = _("{text} is no time; say its format in the map")
NO_BOOLEAN = _("{text} is neither true nor false")
NO_JSON = _("{text} is no JSON")
WRONG_CELLS = _("It has {actual} cells, the file has {expected} columns")
WRONG_ENCODING = _("It is not {encoding}")
OPEN_QUOTE = _("A quotation mark is opened in it and never closed")
NUL = _("It holds a NUL character, which no text has")
EMPTY_NAME = _("{column} is empty, so the event has no name")
EMPTY_NUMBER = _("{column} is empty, and the sum needs it")
EMPTY_WHO = _("{columns} is empty (set subject: optional to take such lines as nobody's)")
EMPTY = _("{column} is empty")
SPOILT = _("It belongs to the event of row {row}, which can't be used")
NO_EVENT = _("No event of the map fits it")
TOO_LARGE = _("Its event has {size} bytes, more than {limit}")
JOINT = "; "

_OF_COLUMN = "{column}: {problem}"
_JOINED = "{first}; {rest}"
_CELL = (NO_NUMBER, NO_WHOLE_NUMBER, NO_TIME_OF_FORM, NO_TIME, NO_SUCH_DAY, NO_BOOLEAN, NO_JSON)
"""About a cell; begins with what it holds, quoted."""
_LINE = (
    WRONG_CELLS,
    EMPTY_NAME,
    EMPTY_NUMBER,
    EMPTY_WHO,
    EMPTY,
    SPOILT,
    NO_EVENT,
    TOO_LARGE,
    WRONG_ENCODING,
    OPEN_QUOTE,
    NUL,
)
_FACT = re.compile(r"\\{(\w+)\\}")


@dataclass(frozen=True)
class _AsItIs:
    """A column's or cell's own text: the name of a column may be a word that has a translation."""

    text: str

    def __str__(self) -> str:
        return self.text


def recognised(detail: str) -> str:
    """Return a refusal's detail so that it can be translated; text that is none of ours as it is.

    >>> recognised("Price: 'free' is no number").facts["problem"].template
    '{text} is no number'
    >>> recognised("invalid utf-8")
    'invalid utf-8'
    """
    return _several(detail) or _one(detail) or detail


def _one(detail: str) -> Phrase | None:
    for template, pattern in _LINES:
        if match := pattern.fullmatch(detail):
            return Phrase(template, **_facts(match))
    for template, pattern in _CELLS:
        if match := pattern.fullmatch(detail):
            facts = _facts(match)
            return Phrase(_OF_COLUMN, column=facts.pop("column"), problem=Phrase(template, **facts))
    return None


def _facts(match: re.Match[str]) -> dict[str, object]:
    return {name: _AsItIs(text) for name, text in match.groupdict().items()}


def _several(detail: str) -> Phrase | None:
    """Read sentences that were joined; what a cell holds may look like a joint, so the longest beginning counts."""
    end = len(detail)
    while (end := detail.rfind(JOINT, 0, end)) > 0:
        first, rest = _one(detail[:end]), recognised(detail[end + len(JOINT) :])
        if first is not None:
            return Phrase(_JOINED, first=first, rest=rest)
    return None


def _pattern(template: str) -> re.Pattern[str]:
    """Return what fits a sentence; a cell's text is quoted, everything else is free.

    >>> _pattern(EMPTY).fullmatch("Price is empty")["column"]
    'Price'
    """
    inner = _FACT.sub(lambda fact: f"(?P<{fact[1]}>{_TEXT if fact[1] == 'text' else '.+'})", re.escape(template))
    return re.compile(inner, re.DOTALL)


_TEXT = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_LINES = [(template, _pattern(template)) for template in _LINE]
_CELLS = [(template, re.compile(r"(?P<column>.+?): " + _pattern(template).pattern, re.DOTALL)) for template in _CELL]
