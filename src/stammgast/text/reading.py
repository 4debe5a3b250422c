"""Read texts: language, sentiment, emotions, urgency, and the embedding for search and topics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from stammgast.text import heads as h
from stammgast.text.blas import cores
from stammgast.text.contracts import (
    EMOTIONS,
    EmotionReading,
    LanguageReading,
    Reading,
    SentimentClass,
    SentimentReading,
    UrgencyReading,
)
from stammgast.text.encoder import Encoded, Encoder, Vectors
from stammgast.text.language import detect_languages
from stammgast.text.ngrams import word_buckets
from stammgast.text.normalise import clauses, for_encoder, is_readable
from stammgast.text.packaged import default_encoder
from stammgast.text.plain_speech import in_plain_speech

_AT_ONCE = 256
"""Texts encoded together: enough to share the work, few enough for steady memory."""
_MIXED_SIDE = 0.5
"""From this probability on, a clause is surely praise or surely blame."""
_MIXED_ASK = 0.12
"""Clauses are looked at only where the whole text has this much probability on either side."""
_CLASSES = (SentimentClass.NEGATIVE, SentimentClass.NEUTRAL, SentimentClass.POSITIVE)


def analyse(texts: Sequence[str], *, encoder: Encoder | None = None, heads: h.Heads | None = None) -> list[Reading]:
    """Return one reading a text, in order.

    Texts without words (empty, a number, a link) get a reading without sentiment, emotions and urgency, not a neutral
    one. Texts beyond `normalise.MAX_CHARACTERS` are read by beginning and end. Deterministic; texts do not influence
    each other. Methods and their limits: docs/reference/text.md.

    >>> first, second = analyse(["Ganz wunderbarer Service, vielen Dank!", "4711"])
    >>> first.language.code, first.sentiment.label.value, second.sentiment
    ('de', 'positive', None)
    """
    encoder = encoder or default_encoder()
    heads = heads or h.packaged_heads()
    readings: list[Reading] = []
    with cores(1):
        for some in _in_batches(texts):
            readings += _analyse_some(some, encoder, heads)
    return readings


def embed(texts: Sequence[str], *, encoder: Encoder | None = None) -> Vectors:
    """Return (n, 512) embeddings of length 1, one space for all languages: the dot product is the cosine similarity.

    >>> embed(["Wo ist mein Paket?"]).shape
    (1, 512)
    """
    encoder = encoder or default_encoder()
    rows = [encoder.encode([[for_encoder(text)] for text in some]).embedding for some in _in_batches(texts)]
    return np.concatenate(rows) if rows else np.empty((0, encoder.width), np.float32)


def prepare(texts: Sequence[str], languages: Sequence[str | None]) -> list[str]:
    """Return texts as `analyse` gives them to the encoder: normalised, denials said plainly.

    >>> prepare(["NOT BAD AT ALL 👍"], ["en"])
    ['good great']
    """
    return [
        in_plain_speech(for_encoder(text), language).strip() for text, language in zip(texts, languages, strict=True)
    ]


def _in_batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    for at in range(0, len(texts), _AT_ONCE):
        yield texts[at : at + _AT_ONCE]


def _analyse_some(texts: Sequence[str], encoder: Encoder, heads: h.Heads) -> list[Reading]:
    languages = detect_languages(texts)
    prepared = prepare(texts, [language.code for language in languages])
    pieces = [clauses(text) for text in prepared]
    encoded = encoder.encode(pieces)
    trunk = h.run_trunk(heads, encoded.embedding, encoded.features)
    route = h.sentiment_routes([language.code for language in languages])
    is_english = np.array([language.code == "en" for language in languages])
    # Words of other languages are not even hashed.
    english = [text if told else "" for text, told in zip(prepared, is_english.tolist(), strict=True)]
    sentiment = h.sentiment_probabilities(heads, trunk, route)
    emotions = h.emotion_probabilities(heads, trunk, word_buckets(english), is_english)
    mixed = _mixed_confidence([len(piece) for piece in pieces], sentiment, route, encoded, heads)
    urgency = h.urgency_probabilities(heads, encoded.embedding)
    present = emotions >= heads.emotion_threshold[is_english.astype(np.int64)]
    rows = zip(
        languages,
        sentiment.tolist(),
        mixed.tolist(),
        map(_emotions, emotions.tolist(), present.tolist()),
        urgency.tolist(),
        strict=True,
    )
    return [
        _reading(*row) if is_readable(text) else Reading(language=row[0], sentiment=None, emotions=(), urgency=None)
        for text, row in zip(prepared, rows, strict=True)
    ]


def _mixed_confidence(
    counts: list[int], whole: h.Array, route: NDArray[np.int64], encoded: Encoded, heads: h.Heads
) -> NDArray[np.float64]:
    """Return how sure it is that a text both praises and blames: the weaker side's best clause, 0 where not."""
    confidence = np.zeros(len(counts))
    asked = np.flatnonzero((np.array(counts) > 1) & (whole[:, 0] > _MIXED_ASK) & (whole[:, 2] > _MIXED_ASK))
    if not len(asked):
        return confidence
    clause_route = np.repeat(route[asked], np.array(counts)[asked])
    parts = h.sentiment_probabilities(heads, h.run_trunk(heads, *encoded.clauses(asked)), clause_route)
    at = 0
    for text in asked:
        own = parts[at : at + counts[text]]
        at += counts[text]
        weaker = min(own[:, 0].max(), own[:, 2].max())
        confidence[text] = weaker if weaker >= _MIXED_SIDE else 0.0
    return confidence


def _reading(
    language: LanguageReading,
    sentiment: list[float],
    mixed: float,
    emotions: tuple[EmotionReading, ...],
    urgency: float,
) -> Reading:
    best = int(np.argmax(sentiment))
    label, confidence = (SentimentClass.MIXED, mixed) if mixed else (_CLASSES[best], sentiment[best])
    is_urgent = urgency >= 0.5  # noqa: PLR2004 (the middle of a probability)
    return Reading(
        language=language,
        sentiment=SentimentReading(label=label, score=sentiment[2] - sentiment[0], confidence=confidence),
        emotions=emotions,
        urgency=UrgencyReading(is_urgent=is_urgent, confidence=urgency if is_urgent else 1.0 - urgency),
    )


def _emotions(probabilities: list[float], present: list[bool]) -> tuple[EmotionReading, ...]:
    """Return the emotions present, the surest first; the likeliest one where none reaches its threshold."""
    ordered = sorted(range(len(EMOTIONS)), key=lambda i: -probabilities[i])
    chosen = [i for i in ordered if present[i]] or ordered[:1]
    return tuple(EmotionReading(emotion=EMOTIONS[i], confidence=probabilities[i]) for i in chosen)
