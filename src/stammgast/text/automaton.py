"""Walk py3langid's automaton over many texts at once: the library walks one byte of one text at a time.

Same model, same scores (tested), about six times quicker.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class LanguageModel(NamedTuple):
    """The automaton and the naive Bayes model behind it, for k languages.

    `moves[rows[state] + byte]` is the next state, `feature[state]` the n-gram that ends there or -1; `weights`
    (features, k) and `prior` (k,) are log-probabilities of `codes`.
    """

    moves: NDArray[np.uint32]
    rows: NDArray[np.int64]
    feature: NDArray[np.int64]
    weights: NDArray[np.float32]
    prior: NDArray[np.float32]
    codes: tuple[str, ...]


def load_language_model(languages: Sequence[str]) -> LanguageModel:
    """Return the packaged model restricted to `languages` (about 0.5 s, 60 MB)."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]

    library = LanguageIdentifier.from_model_file(MODEL_FILE)
    library.set_languages(languages)
    return LanguageModel(
        moves=np.asarray(library.tk_nextmove, np.uint32),
        rows=np.asarray(library.tk_row, np.int64) * 256,
        feature=np.asarray(library.tk_output, np.int64),
        weights=np.asarray(library.nb_ptc, np.float32),
        prior=np.asarray(library.nb_pc, np.float32),
        codes=tuple(library.nb_classes),
    )


def language_probabilities(model: LanguageModel, texts: Sequence[bytes]) -> NDArray[np.float32]:
    """Return (n, k) probabilities; a text without any known n-gram has the same for every language.

    The softmax is taken of the scores over the root of the length in bytes, as py3langid does, since n-grams overlap
    and would otherwise count their evidence many times.
    """
    found = _features(model, texts)
    text, feature = np.nonzero(found >= 0)
    keys, counts = np.unique(text * len(model.weights) + found[text, feature], return_counts=True)
    owner, gram = np.divmod(keys, len(model.weights))
    scores = np.zeros((len(texts), len(model.prior)), np.float32)
    if len(keys):
        evidence = model.weights[gram] * np.log1p(counts).astype(np.float32)[:, None]
        owners, first = np.unique(owner, return_index=True)
        scores[owners] = np.add.reduceat(evidence, first, axis=0) + model.prior
    length = np.array([len(one) or 1 for one in texts], np.float32)
    scores /= np.sqrt(length)[:, None]
    raised = np.exp(scores - scores.max(axis=1, keepdims=True, initial=-np.inf))
    result: NDArray[np.float32] = raised / raised.sum(axis=1, keepdims=True)
    return result


def _features(model: LanguageModel, texts: Sequence[bytes]) -> NDArray[np.int64]:
    """Return (n, bytes) of the n-gram that ends at each byte, -1 where none does or the text is over."""
    longest = max(map(len, texts), default=0)
    padded = np.zeros((len(texts), longest), np.int64)
    for row, one in enumerate(texts):
        padded[row, : len(one)] = np.frombuffer(one, np.uint8)
    found = np.full((len(texts), longest), -1, np.int64)
    state = np.zeros(len(texts), np.int64)
    for at in range(longest):
        state = model.moves[model.rows[state] + padded[:, at]].astype(np.int64)
        found[:, at] = model.feature[state]
    length = np.array([len(one) for one in texts])
    found[np.arange(longest)[None, :] >= length[:, None]] = -1
    return found
