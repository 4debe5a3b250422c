"""The features of a local head: encoder and trunk, beside the company's own words and parts of words."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from stammgast.text import heads as h
from stammgast.text.encoder import Encoder
from stammgast.text.normalise import for_encoder, shorten, unescape

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_BUCKETS = 1 << 17
_AT_ONCE = 256
# How loud the blocks may speak beside an embedding of length 1; chosen by four folds over one set of corrections.
_FEATURE_GAIN = 1 / 114
_AUX_GAIN = 1 / 60
_WORD_GAIN = 2**0.5
_WORD = re.compile(r"\w\w+")
_PART_LENGTHS = (3, 4, 5)


class LocalFeatures(msgspec.Struct, frozen=True):
    """How rare each bucket is in the corrections: of words and pairs, and of parts of words. 0 where seen once or never."""

    word_rarity: NDArray[np.float32]
    part_rarity: NDArray[np.float32]


def fit_local_features(texts: Sequence[str]) -> LocalFeatures:
    """Return rarities (inverse document frequencies) of the texts' own words and parts."""
    lowered = [_own_words(text) for text in texts]
    return LocalFeatures(_rarity([set(_words(t)) for t in lowered]), _rarity([set(_parts(t)) for t in lowered]))


def local_matrix(features: LocalFeatures, texts: Sequence[str], encoder: Encoder, heads: h.Heads) -> csr_matrix:
    """Return (n, features) sparse: dense blocks of encoder and trunk first, then words, then parts of words."""
    from scipy.sparse import csr_matrix, hstack

    prepared = [for_encoder(text) for text in texts]
    lowered = [_own_words(text) for text in texts]
    words = _weighted([list(_words(t)) for t in lowered], features.word_rarity)
    parts = _weighted([list(_parts(t)) for t in lowered], features.part_rarity)
    return hstack([csr_matrix(_dense(prepared, encoder, heads)), words, parts], format="csr")


def dense_width(heads: h.Heads) -> int:
    """Return how many of the first columns of `local_matrix` come from encoder and trunk."""
    return len(heads.trunk_in) + len(heads.aux_bias)


def _dense(prepared: Sequence[str], encoder: Encoder, heads: h.Heads) -> NDArray[np.float32]:
    rows = []
    for at in range(0, len(prepared), _AT_ONCE):
        encoded = encoder.encode([[text] for text in prepared[at : at + _AT_ONCE]])
        trunk = h.run_trunk(heads, encoded.embedding, encoded.features)
        features = trunk.x[:, encoded.embedding.shape[1] :]
        rows.append(np.concatenate([encoded.embedding, features * _FEATURE_GAIN, trunk.aux * _AUX_GAIN], axis=1))
    if not rows:
        return np.zeros((0, dense_width(heads)), np.float32)
    return np.concatenate(rows)


def _own_words(text: str) -> str:
    """Return what words are taken from: mentions, tags and links stay, since they often tell whom a text is about."""
    return unescape(shorten(text)).lower()


def _words(lowered: str) -> Iterator[int]:
    words = _WORD.findall(lowered)
    yield from map(_bucket, words)
    yield from (_bucket(f"{a} {b}") for a, b in pairwise(words))


def _parts(lowered: str) -> Iterator[int]:
    for word in lowered.split():
        padded = f" {word} "
        for length in _PART_LENGTHS:
            for at in range(max(1, len(padded) - length + 1)):
                yield _bucket(padded[at : at + length])


def _bucket(gram: str) -> int:
    return zlib.crc32(gram.encode()) & (_BUCKETS - 1)


def _rarity(seen: list[set[int]]) -> NDArray[np.float32]:
    counts = np.bincount([bucket for one in seen for bucket in one], minlength=_BUCKETS)
    rarity = np.where(counts > 1, np.log((1 + len(seen)) / (1 + counts)) + 1, 0)
    return rarity.astype(np.float32)


def _weighted(buckets: list[list[int]], rarity: NDArray[np.float32]) -> csr_matrix:
    """Return TF-IDF rows of length `_WORD_GAIN`, with the log of counts (Salton and Buckley 1988)."""
    from scipy.sparse import csr_matrix

    starts = np.cumsum([0, *map(len, buckets)])
    flat = np.array([bucket for one in buckets for bucket in one], np.int64)
    matrix = csr_matrix((np.ones(len(flat)), flat, starts), shape=(len(buckets), _BUCKETS))
    matrix.sum_duplicates()
    matrix.data = ((1 + np.log(matrix.data)) * rarity[matrix.indices]).astype(np.float64)
    matrix.eliminate_zeros()
    length = np.sqrt(np.maximum(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel(), 1e-12))
    return csr_matrix(matrix.multiply(_WORD_GAIN / length[:, None]))
