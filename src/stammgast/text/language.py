"""Which language a text is written in, by py3langid (BSD-3-Clause): naive Bayes over byte n-grams, model in its wheel.

Only languages that our customers' texts are likely to be in are considered; see `LANGUAGES`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache

from stammgast.text.automaton import LanguageModel, language_probabilities, load_language_model
from stammgast.text.contracts import LanguageReading
from stammgast.text.normalise import has_words, unescape, without_addresses

LANGUAGES = (
    "ar", "cs", "da", "de", "el", "en", "es", "fr", "he", "hu", "it", "ja", "ko", "nl", "pl", "pt", "ro", "ru", "sv",
    "th", "tr", "uk", "zh",
)  # fmt: skip
"""Every language that can be told; those outside of the encoder's sixteen get weaker readings."""

_CHARACTERS_READ = 100
"""More letters make the answer slower, not better: a sentence is enough."""


_NO_EVIDENCE = 0.1
"""With less than this probability the best language is no better than a guess."""
_AT_ONCE = 256


@cache
def _model() -> LanguageModel:
    return load_language_model(LANGUAGES)


def detect_languages(texts: Sequence[str]) -> list[LanguageReading]:
    """Return the language of each text; code None where there are no words, or none that tell.

    Source: Lui and Baldwin 2012 (langid.py), DFA over byte n-grams; probabilities are the softmax of the scores over
    the square root of the text's length in bytes. Texts of one or two words are a guess and say so by their confidence.

    >>> [r.code for r in detect_languages(["Wo bleibt denn meine Bestellung", "Where is my order", "4711"])]
    ['de', 'en', None]
    """
    prepared = [_letters(text) for text in texts]
    return [reading for at in range(0, len(texts), _AT_ONCE) for reading in _detect(prepared[at : at + _AT_ONCE])]


def _letters(text: str) -> bytes:
    """Return the part of a text that tells its language, as bytes; none where there are no words."""
    if not has_words(text):
        return b""
    words = without_addresses(unescape(text[: 2 * _CHARACTERS_READ])).replace("#", " ")[:_CHARACTERS_READ]
    if words.isupper():
        words = words.lower()
    return unicodedata.normalize("NFC", words).encode("utf-8", "surrogatepass")


def _detect(letters: Sequence[bytes]) -> list[LanguageReading]:
    model = _model()
    probabilities = language_probabilities(model, letters)
    best = probabilities.argmax(axis=1).tolist()
    sureness = probabilities.max(axis=1).tolist()
    return [
        LanguageReading(code=model.codes[i], confidence=min(1.0, sure))
        if one and sure >= _NO_EVIDENCE
        else LanguageReading(code=None, confidence=0.0)
        for one, i, sure in zip(letters, best, sureness, strict=True)
    ]
