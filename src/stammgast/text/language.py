"""Which language a text is written in, by py3langid (BSD-3-Clause): naive Bayes over byte n-grams, model in its wheel.

Only languages that our customers' texts are likely to be in are considered; see `LANGUAGES`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from stammgast.text.contracts import LanguageReading
from stammgast.text.normalise import has_words, unescape, without_addresses

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier  # type: ignore[import-untyped]

LANGUAGES = (
    "ar", "cs", "da", "de", "el", "en", "es", "fr", "he", "hu", "it", "ja", "ko", "nl", "pl", "pt", "ro", "ru", "sv",
    "th", "tr", "uk", "zh",
)  # fmt: skip
"""Every language that can be told; those outside of the encoder's sixteen get weaker readings."""

_CHARACTERS_READ = 100
"""More letters make the answer slower, not better: a sentence is enough."""


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(LANGUAGES)
    return identifier


def detect_languages(texts: Sequence[str]) -> list[LanguageReading]:
    """Return the language of each text; code None where there are no words.

    Source: Lui and Baldwin 2012 (langid.py), DFA over byte n-grams; probabilities are the softmax of the scores over
    the square root of the text's length in bytes. Texts of one or two words are a guess and say so by their confidence.

    >>> [r.code for r in detect_languages(["Wo bleibt denn meine Bestellung", "Where is my order", "4711"])]
    ['de', 'en', None]
    """
    return [_detect(text) for text in texts]


def _detect(text: str) -> LanguageReading:
    if not has_words(text):
        return LanguageReading(code=None, confidence=0.0)
    words = without_addresses(unescape(text[: 2 * _CHARACTERS_READ])).replace("#", " ")[:_CHARACTERS_READ]
    code, confidence = _identifier().classify(words)
    return LanguageReading(code=str(code), confidence=min(1.0, float(confidence)))
