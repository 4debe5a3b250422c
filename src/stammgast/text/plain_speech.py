"""Say denials plainly: "gar nicht schlecht" is praise, "not happy" is blame, and the encoder hears only the word denied.

Measured: 1,150 sentences made from patterns did not teach the heads to tell "not bad" from "bad" (0.57 of unseen
ones right), since the encoder puts both in one place. So the few fixed constructions are rewritten, each in its own
language; a text never meets the constructions of another one.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_Rule = tuple[re.Pattern[str], str]

_GERMAN_NOT = r"(?:(?:gar|überhaupt|wirklich|eigentlich|durchaus)\s+)?(?:nicht|keineswegs|keinesfalls)"
_GERMAN_FILLER = r"(?:\s+(?:mal|einmal|so|ganz|gar|wirklich|besonders|allzu|zu|sehr|die|der|das|im\s+geringsten))*"
_ENGLISH_NOT = r"(?:\bnot|n['\u2019]t|\bnever|\bhardly)"
_ENGLISH_FILLER = r"(?:\s+(?:so|that|too|half|even|really|all|very|exactly|at|be|been|the|least|a|an))*"
_ENGLISH_END = r"(?:\s+(?:at\s+all|in\s+the\s+least|whatsoever|either))?"


def _rules(*pairs: tuple[str, str]) -> tuple[_Rule, ...]:
    return tuple((re.compile(pattern, re.IGNORECASE), plain) for pattern, plain in pairs)


_TRIGGERS_BY_LANGUAGE = {
    "de": ("nicht", "kein"),
    "en": ("not", "n't", "n\u2019t", "never", "hardly", "reason"),
}
"""Without any of these a text holds no denial: looking for them is twenty times quicker than for the rules."""

_RULES_BY_LANGUAGE: dict[str, tuple[_Rule, ...]] = {
    "de": _rules(
        (rf"\b{_GERMAN_NOT}{_GERMAN_FILLER}\s+(?:schlecht|übel|verkehrt|schlimm|dumm)(e[nrsm]?)?\b", r"gut\1"),
        (rf"\b{_GERMAN_NOT}{_GERMAN_FILLER}\s+(?:enttäuscht|unzufrieden)\b", "sehr zufrieden"),
        (rf"\b{_GERMAN_NOT}{_GERMAN_FILLER}\s+(?:unfreundlich|langweilig|enttäuschend)(e[nrsm]?)?\b", r"gut\1"),
        (rf"\b{_GERMAN_NOT}{_GERMAN_FILLER}\s+(zufrieden|glücklich|freundlich|höflich)\b", r"un\1"),
        (rf"\b{_GERMAN_NOT}{_GERMAN_FILLER}\s+gut\b", "schlecht"),
        (r"\b(?:nicht|niemandem|keinem)(?:\s+weiter)?\s+empfehlen\b", "nur abraten"),
        (r"\bkein(?:e[nrsm]?)?\s+(?:schlecht|übl|dumm)(e[nrsm]?)\b", r"gut\1"),
        (r"\b(?:kann|können|konnte|könnte)\s+(?:mich\s+|uns\s+)?(?:wirklich\s+|echt\s+)?nicht\s+(?:klagen|meckern|beschweren)\b",
         "bin sehr zufrieden"),
        (r"\bnichts\s+zu\s+(?:meckern|beanstanden|bemängeln|beklagen|kritisieren)\b", "alles sehr gut"),
    ),
    "en": _rules(
        (rf"{_ENGLISH_NOT}{_ENGLISH_FILLER}\s+(?:bad|terrible|shabby|awful|horrible){_ENGLISH_END}\b", " good"),
        (rf"{_ENGLISH_NOT}{_ENGLISH_FILLER}\s+(?:disappointed|dissatisfied|unhappy){_ENGLISH_END}\b", " very happy"),
        (rf"{_ENGLISH_NOT}{_ENGLISH_FILLER}\s+(?:disappoint|disappointing|boring|unfriendly){_ENGLISH_END}\b", " good"),
        (rf"{_ENGLISH_NOT}{_ENGLISH_FILLER}\s+(?:happy|satisfied|pleased|impressed){_ENGLISH_END}\b", " unhappy"),
        (rf"{_ENGLISH_NOT}{_ENGLISH_FILLER}\s+(friendly|helpful|reliable){_ENGLISH_END}\b", r" un\1"),
        (rf"{_ENGLISH_NOT}{_ENGLISH_FILLER}\s+good{_ENGLISH_END}\b", " bad"),
        (r"\b(?:can|could)(?:['\u2019]t|not|\s+not)\s+(?:really\s+)?(?:complain|fault)\b", "am very happy with"),
        (r"\bcould(?:n['\u2019]t|\s+not)\s+(?:be|have\s+been)\s+(?:any\s+)?(?:better|happier)\b", "is excellent"),
        (r"\b(?:nothing|no\s+reason)\s+to\s+complain(?:\s+about)?\b", "all very good"),
    ),
}  # fmt: skip


def in_plain_speech(text: str, language: str | None) -> str:
    """Return `text` with the denials of `language` said plainly; other languages are left as they are.

    >>> in_plain_speech("Das Essen war gar nicht mal so schlecht", "de")
    'Das Essen war gut'
    >>> in_plain_speech("gar nicht schlecht", "en")
    'gar nicht schlecht'
    """
    lowered = text.lower()
    if not any(trigger in lowered for trigger in _TRIGGERS_BY_LANGUAGE.get(language or "", ())):
        return text
    for pattern, plain in _RULES_BY_LANGUAGE.get(language or "", ()):
        text = pattern.sub(_replacement(plain), text)
    return text


def _replacement(plain: str) -> Callable[[re.Match[str]], str]:
    """Return a substitution in which an inflection that is not there counts as empty."""

    def replaced(match: re.Match[str]) -> str:
        ending = match.group(1) if match.re.groups else ""
        return plain.replace(r"\1", ending or "")

    return replaced
