"""Bring a text into the form the encoder reads best, and cut it into clauses.

What is undone are accidents of transport (HTML entities, JSON escapes), what names nobody's feeling (links, mentions)
and what the encoder has no word for (emoji). Words are never changed, dropped or corrected.
"""

from __future__ import annotations

import html
import re

from stammgast.text.symbols import spell_out

MAX_CHARACTERS = 4000
"""A longer text is read by its first and last half of this: beginnings say what, endings say how it ended."""

_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_SURROGATES = range(0xD800, 0xE000)
_LINK = re.compile(r"(?:https?://|www\.)\S*", re.IGNORECASE)
_MENTION = re.compile(r"(?<!\w)@\w+")
_MAIL = re.compile(r"\S+@\S+\.\w+")
_REPEATED = re.compile(r"(.)\1{3,}")
_SHOUTED = re.compile(r"\b[^\W\d_]{4,}\b")
_CAPITALS = re.compile("[A-ZÀ-ÖØ-ÞĀ-ŽΑ-ΩА-Я]{4}")
_CONTRAST = (
    r"but|however|although|aber|jedoch|allerdings|dennoch|obwohl|mais|pourtant|cependant|pero|sin embargo|"
    r"ma|però|tuttavia|maar|echter|ale|jednak|mas|porém"
)
_CLAUSE_END = re.compile(rf"(?<=[.!?…;\n])\s+|,?\s+(?=(?:{_CONTRAST})\b)", re.IGNORECASE)
_LINK_WORD = "http"
_LETTERS = re.compile(r"[^\W\d_]+")


def shorten(text: str) -> str:
    """Return `text`, or its beginning and end when it has more than `MAX_CHARACTERS`."""
    if len(text) <= MAX_CHARACTERS:
        return text
    half = MAX_CHARACTERS // 2
    return f"{text[:half]} {text[-half:]}"


def without_addresses(text: str) -> str:
    """Return `text` without links, mentions and e-mail addresses: they are of no language and of no feeling.

    >>> without_addresses("@bahn siehe https://x.org/a danke").split()
    ['siehe', 'danke']
    """
    if "@" in text:
        text = _MENTION.sub(" ", _MAIL.sub(" ", text))
    return _LINK.sub(" ", text) if _may_link(text) else text


def _may_link(text: str) -> bool:
    return "://" in text or "www." in text.lower()


def unescape(text: str) -> str:
    r"""Undo JSON and HTML escapes left over from transport, and doubled quotes of CSV.

    >>> unescape(r"caf\u00e9 &amp; bar")
    'café & bar'
    """
    if "\\" in text:
        text = _ESCAPE.sub(lambda found: _character(found[1]), text).replace('\\"', '"').replace("\\n", "\n")
    if "&" in text:
        text = html.unescape(text)
    return text.replace('""', '"')


def _character(digits: str) -> str:
    code = int(digits, 16)
    return " " if code in _SURROGATES else chr(code)


def has_words(text: str) -> bool:
    """Tell whether there is anything to read: at least one letter outside of links, mentions and addresses.

    Emoji are no words here; spelt out by `for_encoder` they are.

    >>> has_words("4711"), has_words("https://example.org"), has_words("ok")
    (False, False, True)
    """
    return _LETTERS.search(without_addresses(text)) is not None


def is_readable(prepared: str) -> bool:
    """Tell whether a text made by `for_encoder` says anything beside links.

    >>> is_readable(for_encoder("😡")), is_readable(for_encoder("https://example.org 42"))
    (True, False)
    """
    return any(word[0] != _LINK_WORD for word in _LETTERS.finditer(prepared))


def for_encoder(text: str) -> str:
    r"""Return `text` as the encoder reads it; clause boundaries (line ends) are kept.

    Links become the word "http" (the encoder's training had them so), repeated letters are cut to three.

    >>> for_encoder("Sooooo schön 😍 https://t.co/x")
    'Sooo schön love it http'
    """
    text = unescape(shorten(text))
    if _may_link(text):
        text = _LINK.sub(f" {_LINK_WORD} ", text)
    if "@" in text:
        text = _MENTION.sub(" ", _MAIL.sub(" ", text))
    text = spell_out(text).replace("#", " ")
    text = _calm(_REPEATED.sub(r"\1\1\1", text))
    return "\n".join(line for raw in text.split("\n") if (line := " ".join(raw.split())))


def _calm(text: str) -> str:
    """Lower the letters of shouted words: the encoder knows few words in capitals. Short ones may be names (ICE, DVD)."""
    if text.isupper():
        return text.lower()
    if not _CAPITALS.search(text):
        return text
    return _SHOUTED.sub(lambda word: word[0].lower() if word[0].isupper() else word[0], text)


def clauses(text: str) -> list[str]:
    """Cut a text made by `for_encoder` at sentence ends and before words of contrast.

    Pieces of one word stay with their neighbour. An empty text gives one empty clause.

    >>> clauses("Der Kaffee war gut, aber die Bedienung war langsam.")
    ['Der Kaffee war gut', 'aber die Bedienung war langsam.']
    """
    pieces: list[str] = []
    for piece in _CLAUSE_END.split(text):
        if not piece:
            continue
        if pieces and (" " not in piece or " " not in pieces[-1]):
            pieces[-1] = f"{pieces[-1]} {piece}"
        else:
            pieces.append(piece)
    return pieces or [""]


def word_count(text: str) -> int:
    """Return how many words of letters `text` has, links and mentions left out."""
    return len(_LETTERS.findall(without_addresses(text)))
