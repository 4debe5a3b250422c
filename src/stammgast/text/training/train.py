"""Make the heads: deterministic, a few minutes on one core, from the corpora the model card names.

Every choice (regularisation, blend, thresholds, temperature) is made by cross-validation within the training texts;
no text kept for testing is read here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stammgast.text import heads as h
from stammgast.text.contracts import EMOTIONS
from stammgast.text.encoder import Encoder
from stammgast.text.language import detect_languages
from stammgast.text.packaged import default_encoder
from stammgast.text.reading import prepare
from stammgast.text.training import corpora, fits
from stammgast.text.training.labels import indicators, sides
from stammgast.text.training.network import Targets, Trunk, train_trunks
from stammgast.text.training.plain import plain_sentences

Progress = Callable[[str, int, int], None]
"""Called as (stage, done, total) whenever something has been done."""
Array = NDArray[np.float32]

_AT_ONCE = 512
_FOLDS = 3
_RATING_WEIGHT = 12.0  # 7,900 ratings beside 43,000 comments; chosen by cross-validation on tweets
_SHEET_WEIGHT = 2.0
_PLAIN_WEIGHT = 0.1  # 1,144 sentences beside 3,678 tweets; chosen by cross-validation on tweets
_SEED = 20
_SEEDS = (20, 21)


class Encoding(NamedTuple):
    """Prepared texts with their embeddings (n, width) and features (n, feature_width)."""

    texts: list[str]
    embedding: Array
    features: Array


class Corpus(NamedTuple):
    """Everything training reads, encoded."""

    comments: Encoding
    emotions: Array
    aux: Array
    ratings: Encoding
    valence: Array
    feelings: Encoding
    german: int
    feeling: NDArray[np.int64]
    feeling_route: NDArray[np.int64]
    feeling_weight: Array
    requests: Encoding
    is_urgent: NDArray[np.int64]


class Scales(NamedTuple):
    """Mean and spread of the encoder's features over the comments."""

    mean: Array
    scale: Array

    def inputs(self, encoding: Encoding) -> Array:
        """Return the trunk's inputs for encoded texts."""
        return h.inputs(self.mean, self.scale, encoding.embedding, encoding.features)


def _quiet(_stage: str, _done: int, _total: int) -> None:
    return


def train(folder: Path, *, encoder: Encoder | None = None, on_progress: Progress = _quiet) -> h.Heads:
    """Return heads for `encoder` (the packaged one by default), trained on the corpora in `folder`.

    The same texts, encoder and machine give the same heads. Raises UnreadableTrainingText when a corpus is missing.
    """
    encoder = encoder or default_encoder()
    corpus = _read(folder, encoder, on_progress)
    scales = Scales(corpus.comments.features.mean(axis=0), corpus.comments.features.std(axis=0) + 1e-6)
    x = scales.inputs(corpus.comments)
    targets = _targets(corpus)
    both = np.concatenate([x, scales.inputs(corpus.ratings)])
    trunk = train_trunks(both, targets, _SEEDS, lambda done, total: on_progress("trunk", done, total))
    words = fits.fit_words(corpus.comments.texts, corpus.emotions)
    blend = _blend(corpus, both, targets, on_progress)
    on_progress("sentiment", 0, 1)
    packed = _run(trunk, scales.inputs(corpus.feelings))
    sentiment = fits.fit_sentiment(packed, corpus.feeling, corpus.feeling_route, corpus.feeling_weight)
    on_progress("sentiment", 1, 1)
    urgency_in, urgency_bias = fits.fit_urgency(corpus.requests.embedding, corpus.is_urgent)
    on_progress("urgency", 1, 1)
    return h.Heads(
        encoder_name=encoder.name,
        feature_mean=scales.mean,
        feature_scale=scales.scale,
        trunk_in=trunk.inner,
        trunk_bias=trunk.inner_bias,
        aux_hidden=trunk.outer,
        aux_direct=trunk.direct,
        aux_bias=trunk.outer_bias,
        sentiment_in=sentiment.of_x,
        sentiment_aux=sentiment.of_aux,
        sentiment_hidden=sentiment.of_hidden,
        sentiment_bias=sentiment.bias,
        word_rarity=words.rarity,
        word_table=words.table,
        common_words=np.stack([fits.word_shares(texts) for texts in _common(corpus)]),
        emotion_blend=blend.weights,
        emotion_threshold=blend.thresholds,
        urgency_in=urgency_in,
        urgency_bias=urgency_bias,
    )


def _encode(texts: Sequence[str], encoder: Encoder, stage: str, on_progress: Progress) -> Encoding:
    prepared = prepare(texts, [reading.code for reading in detect_languages(texts)])
    rows = []
    for at in range(0, len(prepared), _AT_ONCE):
        encoded = encoder.encode([[text] for text in prepared[at : at + _AT_ONCE]])
        rows.append((encoded.embedding, encoded.features))
        on_progress(stage, min(at + _AT_ONCE, len(prepared)), len(prepared))
    return Encoding(prepared, np.concatenate([r[0] for r in rows]), np.concatenate([r[1] for r in rows]))


def _read(folder: Path, encoder: Encoder, on_progress: Progress) -> Corpus:
    fine = corpora.read_comments(folder, "original", "train.tsv.gz")
    grouped = corpora.read_comments(folder, "ekman", "train.tsv.gz")
    names = corpora.read_labels(folder, "original")
    ratings = corpora.read_ratings(folder)
    german = corpora.read_tweets(folder, "german", "train")
    tweets = [*german, *corpora.read_tweets(folder, "english", "train")]
    sheet = corpora.read_sheet("polarity")
    plain = plain_sentences()
    own_route = h.sentiment_routes(
        [one.code for one in detect_languages([row.text for row in [*sheet, *plain]])]
    ).tolist()
    requests = corpora.read_sheet("urgency")
    emotions = indicators(grouped, len(EMOTIONS))
    detailed = indicators(fine, len(names))
    feelings = [*tweets, *sheet, *plain]
    return Corpus(
        comments=_encode([row.text for row in fine], encoder, "comments", on_progress),
        emotions=emotions,
        aux=np.concatenate([emotions, detailed, sides(detailed, names)], axis=1),
        ratings=_encode([row.text for row in ratings], encoder, "ratings", on_progress),
        valence=np.array([row.rating / 4 for row in ratings], np.float32),
        feelings=_encode([row.text for row in feelings], encoder, "feelings", on_progress),
        german=len(german),
        feeling=np.array([row.labels[0] for row in feelings]),
        feeling_route=np.array([1] * len(german) + [2] * (len(tweets) - len(german)) + own_route),
        feeling_weight=np.repeat([1.0, _SHEET_WEIGHT, _PLAIN_WEIGHT], [len(tweets), len(sheet), len(plain)]).astype(
            np.float32
        ),
        # Tweets stand for what customers say without hurry.
        requests=_encode([row.text for row in [*requests, *tweets[::8]]], encoder, "requests", on_progress),
        is_urgent=np.array([*(row.labels[0] for row in requests), *(0 for _ in tweets[::8])]),
    )


def _targets(corpus: Corpus) -> Targets:
    comments, aux = corpus.aux.shape
    values = np.zeros((comments + len(corpus.valence), aux + 1), np.float32)
    weights = np.zeros_like(values)
    values[:comments, :aux] = corpus.aux
    weights[:comments, :aux] = 1.0
    values[comments:, aux] = corpus.valence
    weights[comments:, aux] = _RATING_WEIGHT
    return Targets(values, weights)


def _common(corpus: Corpus) -> tuple[list[str], list[str]]:
    """Return German and English texts to count words in: the German tweets come first among the feelings."""
    return corpus.feelings.texts[: corpus.german], corpus.comments.texts


def _blend(corpus: Corpus, both: Array, targets: Targets, on_progress: Progress) -> fits.Blend:
    """Fit how much trunk and words say about each emotion, on comments that neither was trained on."""
    comments = len(corpus.emotions)
    fold = np.random.default_rng(_SEED).integers(0, _FOLDS, comments)
    of_trunk = np.zeros_like(corpus.emotions)
    of_words = np.zeros_like(corpus.emotions)
    for number in range(_FOLDS):
        known = np.flatnonzero(fold != number)
        unknown = np.flatnonzero(fold == number)
        rows = np.concatenate([known, np.arange(comments, len(both))])
        part = Targets(targets.values[rows], targets.weights[rows])
        trunk = train_trunks(both[rows], part, _SEEDS, lambda _done, _total: None)
        of_trunk[unknown] = _run(trunk, both[unknown]).aux[:, h.AUX_EMOTIONS]
        words = fits.fit_words([corpus.comments.texts[i] for i in known], corpus.emotions[known])
        of_words[unknown] = fits.word_logits(words, [corpus.comments.texts[i] for i in unknown])
        on_progress("emotions", number + 1, _FOLDS)
    return fits.fit_blend(of_trunk, of_words, corpus.emotions)


def _run(trunk: Trunk, x: Array) -> h.TrunkOutput:
    hidden = np.maximum(x @ trunk.inner + trunk.inner_bias, 0)
    return h.TrunkOutput(x, hidden @ trunk.outer + x @ trunk.direct + trunk.outer_bias, hidden)
