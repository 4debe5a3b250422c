"""Learn a company's own labels from corrections: a local head on top of the packaged model.

It learns any set of labels (sentiment as this company sees it, relevance, departments), from what the encoder, the
trunk and the company's own words say. It is an array to keep with the company's data, never part of the package.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from stammgast.text import heads as h
from stammgast.text.contracts import Correction, TooFewCorrections
from stammgast.text.encoder import Encoder, default_encoder
from stammgast.text.local_features import LocalFeatures, fit_local_features, local_matrix

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_FEWEST = 5
_FOLDS = 4
_STRENGTHS = (0.3, 1.0, 3.0, 10.0)


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
    Raises TooFewCorrections below five of each of two labels.
    """
    counts = Counter(one.label for one in corrections)
    if len(counts) < 2 or min(counts.values()) < _FEWEST:  # noqa: PLR2004 (one label cannot be told from another)
        raise TooFewCorrections(needed=_FEWEST)
    labels = tuple(sorted(counts))
    truth = np.array([labels.index(one.label) for one in corrections])
    texts = [one.text for one in corrections]
    encoder, heads = encoder or default_encoder(), heads or h.packaged_heads()
    features = fit_local_features(texts)
    matrix = local_matrix(features, texts, encoder, heads)
    strength, estimate = _best_strength(matrix, truth, is_balanced=is_balanced)
    weights, bias = _fit(matrix, truth, strength, is_balanced=is_balanced)
    return LocalHead(labels, weights, bias, features, estimate)


def _fit(
    matrix: csr_matrix, truth: NDArray[np.int64], strength: float, *, is_balanced: bool
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    from sklearn.linear_model import LogisticRegression

    balance = "balanced" if is_balanced else None
    # Most of the buckets are empty in any one company's corrections: fitting only the others is a hundred times quicker.
    used = np.unique(matrix.indices)
    model = LogisticRegression(C=strength, class_weight=balance, max_iter=1000, tol=1e-3).fit(matrix[:, used], truth)
    weights = np.zeros((matrix.shape[1], len(model.coef_)), np.float32)
    weights[used] = model.coef_.T
    bias = model.intercept_.astype(np.float32)
    if weights.shape[1] == 1:
        # Two labels have one logit; as softmax of two it is the same model.
        return np.concatenate([-weights / 2, weights / 2], axis=1), np.concatenate([-bias / 2, bias / 2])
    return weights, bias


def _best_strength(matrix: csr_matrix, truth: NDArray[np.int64], *, is_balanced: bool) -> tuple[float, float]:
    """Return the strength of the best cross-validated score, and its macro-F1."""
    from sklearn.metrics import accuracy_score, f1_score
    from sklearn.model_selection import StratifiedKFold

    folds = list(StratifiedKFold(_FOLDS, shuffle=True, random_state=0).split(truth, truth))
    best = (-1.0, -_STRENGTHS[0], 0.0)
    for strength in _STRENGTHS:
        given = np.empty_like(truth)
        for known, unknown in folds:
            weights, bias = _fit(matrix[known], truth[known], strength, is_balanced=is_balanced)
            given[unknown] = np.asarray(matrix[unknown] @ weights + bias).argmax(axis=1)
        macro = float(f1_score(truth, given, average="macro"))
        score = macro if is_balanced else float(accuracy_score(truth, given))
        best = max(best, (score, -strength, macro))
    return -best[1], best[2]
