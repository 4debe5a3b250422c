"""Learn a company's own labels from corrections: a local head on top of the packaged model.

It learns any set of labels (sentiment as this company sees it, relevance, departments), from what the encoder, the
trunk and the company's own words say. It is an array to keep with the company's data, never part of the package.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from stammgast.text import heads as h
from stammgast.text.contracts import Correction, TooFewCorrections
from stammgast.text.encoder import Encoder
from stammgast.text.local_features import LocalFeatures, dense_width, fit_local_features, local_matrix
from stammgast.text.packaged import default_encoder

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_FEWEST = 5
_FOLDS = 4
_STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0)
_NOTHING = 1e-10
_MOST = 6000


class LocalHead(msgspec.Struct, frozen=True):
    """What was learnt: labels in order, weights (features, labels) with bias (labels,), and how features are made.

    `estimated_macro_f1` is what cross-validation on the corrections gave: expect about this on new texts of the kind.
    """

    labels: tuple[str, ...]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    features: LocalFeatures
    estimated_macro_f1: float

    def predict(
        self, texts: Sequence[str], *, encoder: Encoder | None = None, heads: h.Heads | None = None
    ) -> list[tuple[str, float]]:
        """Return the likeliest label of each text and its probability."""
        probabilities = self.probabilities(texts, encoder=encoder, heads=heads)
        best = probabilities.argmax(axis=1)
        return [(self.labels[i], float(row[i])) for i, row in zip(best, probabilities, strict=True)]

    def probabilities(
        self, texts: Sequence[str], *, encoder: Encoder | None = None, heads: h.Heads | None = None
    ) -> h.Array:
        """Return (n, labels) probabilities in the order of `labels`."""
        matrix = local_matrix(self.features, texts, encoder or default_encoder(), heads or h.packaged_heads())
        return h.softmax(np.asarray(matrix @ self.weights, np.float32) + self.bias)


def learn(
    corrections: Sequence[Correction],
    *,
    is_balanced: bool = True,
    encoder: Encoder | None = None,
    heads: h.Heads | None = None,
) -> LocalHead:
    """Return a head that labels texts as the corrections do. Deterministic.

    `is_balanced` weighs rare labels up, which is right where each label matters as much (macro-F1); leave it off
    where each text does (accuracy). Multinomial logistic regression; its strength is chosen by cross-validation.
    Of more than 6,000 corrections the latest 6,000 are used, so give the oldest first. Raises TooFewCorrections below
    five of each of two labels.
    """
    corrections = corrections[-_MOST:]
    counts = Counter(one.label for one in corrections)
    if len(counts) < 2 or min(counts.values()) < _FEWEST:  # noqa: PLR2004 (one label cannot be told from another)
        raise TooFewCorrections(needed=_FEWEST)
    labels = tuple(sorted(counts))
    truth = np.array([labels.index(one.label) for one in corrections])
    texts = [one.text for one in corrections]
    encoder, heads = encoder or default_encoder(), heads or h.packaged_heads()
    features = fit_local_features(texts)
    space = _space(local_matrix(features, texts, encoder, heads), dense_width(heads))
    strength, estimate = _best_strength(space.rows, truth, is_balanced=is_balanced)
    weights, bias = _fit(space.rows, truth, strength, is_balanced=is_balanced)
    return LocalHead(labels, space.weights(weights), bias, features, estimate)


class _Space(NamedTuple):
    """The corrections in as few numbers as they need: `rows` (n, r), and what leads back to features (n, r).

    Logistic regression with a squared penalty does not change under rotation, so fitting there is exact, and for some
    thousand corrections with a hundred thousand features two hundred times quicker.
    """

    rows: NDArray[np.float64]
    back: NDArray[np.float64]
    matrix: csr_matrix

    def weights(self, of_rows: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return weights of features (features, labels) from those of the rotated ones."""
        weights: NDArray[np.float32] = np.asarray(self.matrix.T @ (self.back @ of_rows), np.float32)
        return weights


def _space(matrix: csr_matrix, dense_width: int) -> _Space:
    from scipy.linalg import eigh

    # The dense columns come first; multiplied densely they are twenty times quicker.
    dense = matrix[:, :dense_width].toarray()
    sparse = matrix[:, dense_width:]
    values, vectors = eigh(dense @ dense.T + (sparse @ sparse.T).toarray())
    kept = values > values[-1] * _NOTHING
    length = np.sqrt(values[kept])
    return _Space(vectors[:, kept] * length, vectors[:, kept] / length, matrix)


def _fit(
    rows: NDArray[np.float64], truth: NDArray[np.int64], strength: float, *, is_balanced: bool
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    from sklearn.linear_model import LogisticRegression

    balance = "balanced" if is_balanced else None
    model = LogisticRegression(C=strength, class_weight=balance, max_iter=1000, tol=1e-3).fit(rows, truth)
    weights, bias = model.coef_.T, model.intercept_.astype(np.float32)
    if weights.shape[1] == 1:
        # Two labels have one logit; as softmax of two it is the same model.
        return np.concatenate([-weights / 2, weights / 2], axis=1), np.concatenate([-bias / 2, bias / 2])
    return weights, bias


def _best_strength(rows: NDArray[np.float64], truth: NDArray[np.int64], *, is_balanced: bool) -> tuple[float, float]:
    """Return the strength of the best cross-validated score, and its macro-F1."""
    from sklearn.metrics import accuracy_score, f1_score
    from sklearn.model_selection import StratifiedKFold

    folds = list(StratifiedKFold(_FOLDS, shuffle=True, random_state=0).split(truth, truth))
    best = (-1.0, -_STRENGTHS[0], 0.0)
    for strength in _STRENGTHS:
        given = np.empty_like(truth)
        for known, unknown in folds:
            weights, bias = _fit(rows[known], truth[known], strength, is_balanced=is_balanced)
            given[unknown] = (rows[unknown] @ weights + bias).argmax(axis=1)
        macro = float(f1_score(truth, given, average="macro"))
        score = macro if is_balanced else float(accuracy_score(truth, given))
        best = max(best, (score, -strength, macro))
    return -best[1], best[2]
