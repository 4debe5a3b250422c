"""Name topics by the words and phrases that are typical of their texts, language by language."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

from stammgast.text.heads import COMMON_WORD_LANGUAGES, packaged_heads
from stammgast.text.ngrams import word_bucket
from stammgast.text.normalise import without_addresses

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_SHORTEST = 3
_TOO_COMMON = 0.35
"""A word in more than this share of a language's topics' texts tells nothing, if texts are many."""
_MANY_TEXTS = 20
_AGREEING_TEXTS = 2
_EXCESS = 1.2
_EVERYDAY = 0.5
"""A word with less rarity at large, one in every forty-five texts, names no topic."""
_PHRASE_BONUS = 1.2
_RAREST = 1 / 2000


def typical_words(
    texts: Sequence[str], languages: Sequence[str | None], topics: Sequence[int | None], most: int = 8
) -> dict[int, dict[str, tuple[str, ...]]]:
    """Return for each topic and language its most typical words and pairs of words, the most typical first.

    A gram counts in a topic by the share of the topic's texts that have it, times the log of how rare it is in all
    the language's texts (c-TF-IDF, Grootendorst 2022, on presence instead of counts). No lists of stop words: what
    every topic says is typical of none, and how common words are in German and English at large comes from the
    training texts (`heads.Heads.common_words`). Words keep the spelling they mostly have.

    >>> found = typical_words(["Rechnung falsch", "Rechnung doppelt", "Essen kalt"], ["de"] * 3, [1, 1, 2])
    >>> found[1]["de"][0]
    'Rechnung'
    """
    result: dict[int, dict[str, tuple[str, ...]]] = {}
    for code in sorted({language for language in languages if language}):
        rows = [i for i, language in enumerate(languages) if language == code]
        grams = [_grams(texts[i]) for i in rows]
        everywhere = Counter(gram for one in grams for gram in one)
        for topic in sorted({number for i in rows if (number := topics[i]) is not None}):
            own = [gram for i, gram in zip(rows, grams, strict=True) if topics[i] == topic]
            words = _most_typical(own, everywhere, len(rows), most, code)
            if words:
                result.setdefault(topic, {})[code] = words
    return result


def topic_name(words: Mapping[str, tuple[str, ...]], sizes: Mapping[str, int]) -> str:
    """Return a name of two words of each of the two languages with the most texts, or "" without words.

    >>> topic_name({"de": ("Rechnung", "falsch"), "en": ("invoice",)}, {"de": 5, "en": 2})
    'Rechnung, falsch / invoice'
    """
    ordered = sorted(words, key=lambda code: (-sizes.get(code, 0), code))[:2]
    return " / ".join(", ".join(words[code][:2]) for code in ordered)


def _grams(text: str) -> dict[str, str]:
    """Return lower-cased words and pairs with the spelling they have here."""
    words = _WORD.findall(without_addresses(text))
    grams = {word.lower(): word for word in words if len(word) >= _SHORTEST}
    for a, b in pairwise(words):
        if len(a) >= _SHORTEST and len(b) >= _SHORTEST:
            grams[f"{a} {b}".lower()] = f"{a} {b}"
    return grams


def _most_typical(
    own: list[dict[str, str]], everywhere: Counter[str], total: int, most: int, language: str
) -> tuple[str, ...]:
    here = Counter(gram for one in own for gram in one)
    spelling = {gram: spelt for one in reversed(own) for gram, spelt in one.items()}
    least = _AGREEING_TEXTS if len(own) > _AGREEING_TEXTS else 1
    scores = {
        gram: _score(gram, count / len(own), everywhere[gram] / total, language)
        for gram, count in here.items()
        if count >= least and _is_telling(gram, count / len(own), everywhere[gram] / total, total, language)
    }
    chosen: list[str] = []
    for gram in sorted(scores, key=lambda g: (-scores[g], g)):
        if not any(set(gram.split()) & set(other.split()) for other in chosen):
            chosen.append(gram)
        if len(chosen) == most:
            break
    return tuple(_spelt(spelling[gram]) for gram in chosen)


def _is_telling(gram: str, share_here: float, share_everywhere: float, total: int, language: str) -> bool:
    """Tell whether a gram is said more here than chance would have it, and is no everyday word."""
    is_everyday = _rarity_at_large(gram, language) < _EVERYDAY
    is_said_by_all = total >= _MANY_TEXTS and share_everywhere > _TOO_COMMON
    return share_here > share_everywhere * _EXCESS and not is_everyday and not is_said_by_all


def _score(gram: str, share_here: float, share_everywhere: float, language: str) -> float:
    rarity = math.log(1 + 1 / share_everywhere) * _rarity_at_large(gram, language)
    return share_here * rarity * (_PHRASE_BONUS if " " in gram else 1.0)


def _rarity_at_large(gram: str, language: str) -> float:
    """Return from 0 (in every text of the language) to 1 (in none); of a phrase, that of its commoner word."""
    if language not in COMMON_WORD_LANGUAGES:
        return 1.0
    shares = packaged_heads().common_words[COMMON_WORD_LANGUAGES.index(language)]
    share = max(float(shares[word_bucket(word)]) for word in gram.split())
    return math.log(1 / (share + _RAREST)) / math.log(1 / _RAREST)


def _spelt(gram: str) -> str:
    return gram.lower() if gram.isupper() and len(gram) > _SHORTEST else gram
