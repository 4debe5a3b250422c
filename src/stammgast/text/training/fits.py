"""Linear fits on top of the trunk, with scikit-learn; what comes out are plain arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stammgast.text.heads import EMBEDDING_SCALE, TrunkOutput, softmax
from stammgast.text.ngrams import BUCKETS, weighted_sums, word_buckets

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

Array = NDArray[np.float32]
_SENTIMENT_C = 0.3  # best of 0.03, 0.1, 0.3, 1 by five folds over the training tweets
_OWN_SHARE = 0.5
_EMBEDDING = 512
_WORD_C = 3.0
_URGENCY_C = 10.0
_FOLDS = 5
_THRESHOLDS = np.linspace(0.05, 0.7, 66)


class Words(NamedTuple):
    """`rarity` (BUCKETS,) is the inverse document frequency, `table` (BUCKETS, k) the weights."""

    rarity: Array
    table: Array


class Blend(NamedTuple):
    """`weights` (2, 3, 7) and `thresholds` (2, 7); see `heads.Heads`."""

    weights: Array
    thresholds: Array


class SentimentFit(NamedTuple):
    """Weights of inputs, auxiliary outputs and hidden activations for three classes, temperature included."""

    of_x: Array
    of_aux: Array
    of_hidden: Array
    bias: Array


def fit_words(texts: Sequence[str], present: Array) -> Words:
    """Fit one logistic regression a column of `present` (n, k) over hashed words and pairs.

    Rare buckets (one text) get no weight. Source of the weighting: Salton and Buckley 1988.
    """
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    buckets = word_buckets(texts)
    seen = np.bincount(buckets.flat, minlength=BUCKETS)
    rarity = np.where(seen > 1, np.log((1 + len(texts)) / (1 + seen)) + 1, 0).astype(np.float32)
    values = rarity[buckets.flat]
    matrix = csr_matrix((values, buckets.flat, buckets.starts), shape=(len(texts), BUCKETS))
    length = np.sqrt(np.maximum(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel(), 1e-12))
    matrix = csr_matrix(matrix.multiply(1 / length[:, None]))
    table = np.empty((BUCKETS, present.shape[1]), np.float32)
    for k in range(present.shape[1]):
        model = LogisticRegression(C=_WORD_C, solver="liblinear").fit(matrix, present[:, k] > 0)
        table[:, k] = model.coef_[0]
    return Words(rarity, table)


def word_shares(texts: Sequence[str]) -> Array:
    """Return (BUCKETS,): the share of texts that have each word or pair."""
    counts = np.bincount(word_buckets(texts).flat, minlength=BUCKETS)
    return (counts / len(texts)).astype(np.float32)


def word_logits(words: Words, texts: Sequence[str]) -> Array:
    """Return (n, k) of what the words say; the bias is left to the blend."""
    return weighted_sums(word_buckets(texts), words.rarity, words.table)


def fit_blend(of_trunk: Array, of_words: Array, present: Array) -> Blend:
    """Fit calibrated probabilities from both logits (English) and from the trunk's alone (others), and thresholds.

    A threshold is where F1 of its emotion is best on these out-of-fold probabilities. Source: Platt 1999.
    """
    from sklearn.linear_model import LogisticRegression

    emotions = present.shape[1]
    weights = np.zeros((2, 3, emotions), np.float32)
    thresholds = np.zeros((2, emotions), np.float32)
    for k in range(emotions):
        truth = present[:, k] > 0
        for route, columns in ((0, of_trunk[:, k : k + 1]), (1, np.stack([of_trunk[:, k], of_words[:, k]], axis=1))):
            model = LogisticRegression(C=100.0).fit(columns, truth)
            coefficients = np.append(model.coef_[0], 0.0)[:2]
            weights[route, :, k] = [*coefficients, model.intercept_[0]]
            thresholds[route, k] = _best_threshold(model.predict_proba(columns)[:, 1], truth)
    return Blend(weights, thresholds)


def _best_threshold(probability: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    scores = []
    for threshold in _THRESHOLDS:
        chosen = probability >= threshold
        scores.append(2 * (chosen & truth).sum() / max(1, chosen.sum() + truth.sum()))
    return float(_THRESHOLDS[int(np.argmax(scores))])


def fit_sentiment(
    trunk: TrunkOutput, label: NDArray[np.int64], route: NDArray[np.int64], weight: Array
) -> SentimentFit:
    """Fit three classes by logistic regression, calibrated by a temperature found on five folds.

    All languages share one set of weights; German and English (`route` 1 and 2) each add a smaller one of their own.
    Sources: Daume 2007 for the sharing, Guo et al. 2017 for the temperature.
    """
    from sklearn.model_selection import StratifiedKFold

    scale = _block_scale(trunk)
    plain = np.concatenate(trunk, axis=1) * scale
    matrix = np.concatenate([plain, *(plain * (route == own)[:, None] * _OWN_SHARE for own in (1, 2))], axis=1)
    logits = np.zeros((len(label), 3))
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0).split(matrix, label + 10 * route)
    for known, unknown in folds:
        logits[unknown] = _logistic(matrix[known], label[known], weight[known]).decision_function(matrix[unknown])
    is_tweet = weight == 1
    temperature = _temperature(logits[is_tweet], label[is_tweet])
    model = _logistic(matrix, label, weight)
    shared, *own = np.split(model.coef_.T * temperature, 3)
    coefficients = np.concatenate([shared, *(shared + part * _OWN_SHARE for part in own)], axis=1) * scale[:, None]
    ends = np.cumsum([trunk.x.shape[1], trunk.aux.shape[1]])
    of_x, of_aux, of_hidden = np.split(coefficients.astype(np.float32), ends)
    return SentimentFit(of_x, of_aux, of_hidden, np.tile(model.intercept_ * temperature, 3).astype(np.float32))


def _block_scale(trunk: TrunkOutput) -> NDArray[np.float64]:
    """Return how loud each input may speak; the gains of the blocks were chosen by five folds over the tweets."""
    features = trunk.x.shape[1] - _EMBEDDING
    return np.concatenate(
        [
            np.full(_EMBEDDING, 1.5 / EMBEDDING_SCALE),
            np.full(features, 1 / np.sqrt(features)),
            1 / (12 * (trunk.aux.std(axis=0) + 1e-6)),
            1 / (64 * (trunk.hidden.std(axis=0) + 1e-6)),
        ]
    )


def _logistic(matrix: NDArray[np.float64], label: NDArray[np.int64], weight: Array) -> LogisticRegression:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=_SENTIMENT_C, max_iter=1000).fit(matrix, label, sample_weight=weight)


def _temperature(logits: NDArray[np.float64], label: NDArray[np.int64]) -> float:
    tried = np.linspace(0.5, 2.0, 61)
    losses = [-np.log(softmax(logits * t)[np.arange(len(label)), label]).mean() for t in tried]
    return float(tried[int(np.argmin(losses))])


def fit_urgency(embedding: Array, is_urgent: NDArray[np.int64]) -> tuple[Array, Array]:
    """Fit urgency by logistic regression, both classes weighing the same, calibrated on five folds.

    Returns weights (512, 1) and bias (1,).
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict

    model = LogisticRegression(C=_URGENCY_C, class_weight="balanced", max_iter=1000)
    logits = cross_val_predict(model, embedding, is_urgent, cv=_FOLDS, method="decision_function")
    outer = LogisticRegression(C=100.0, class_weight="balanced").fit(logits[:, None], is_urgent)
    model.fit(embedding, is_urgent)
    slope = outer.coef_[0, 0]
    weights = (model.coef_.T * slope).astype(np.float32)
    return weights, (model.intercept_ * slope + outer.intercept_).astype(np.float32)
