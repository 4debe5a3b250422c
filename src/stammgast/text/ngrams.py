"""Words and pairs of words as numbers, by hashing: no vocabulary to ship, none to leak."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BUCKETS = 1 << 15
_TOKEN = re.compile(r"\w+(?:['\u2019]\w+)*|[!?]+")


class Buckets(NamedTuple):
    """The buckets of n texts in one array: those of text i lie from `starts[i]` to `starts[i + 1]`.

    Every text has at least one bucket (an empty text has bucket 0), none twice.
    """

    flat: NDArray[np.int64]
    starts: NDArray[np.int64]


def word_buckets(texts: Sequence[str]) -> Buckets:
    """Return the buckets of each text's words and neighbouring pairs of words, lower-cased, each once.

    >>> word_buckets(["Not bad", "not bad at all"]).starts.tolist()
    [0, 3, 10]
    """
    flat: list[int] = []
    starts = [0]
    for text in texts:
        flat += _buckets(text)
        starts.append(len(flat))
    return Buckets(np.array(flat, np.int64), np.array(starts, np.int64))


def word_bucket(word: str) -> int:
    """Return the bucket of one lower-cased word, or of a pair with one space between."""
    return zlib.crc32(word.encode()) & (BUCKETS - 1)


@lru_cache(maxsize=50_000)
def _hashed(word: str) -> tuple[int, bytes]:
    """Return the CRC-32 of a word, and the bytes by which it continues the CRC-32 of the word before."""
    raw = word.encode()
    return zlib.crc32(raw), b" " + raw


def _buckets(text: str) -> list[int]:
    hashed = [_hashed(word) for word in _TOKEN.findall(text.lower())]
    grams = {one for one, _ in hashed}
    # The CRC-32 of "not bad" is that of "not", continued by " bad".
    grams.update(zlib.crc32(after, before) for (before, _), (_, after) in pairwise(hashed))
    # Sorted, so that sums of floats come out the same in every process.
    return sorted({gram & (BUCKETS - 1) for gram in grams}) or [0]


def weighted_sums(buckets: Buckets, rarity: NDArray[np.float32], table: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return each text's TF-IDF row (presence times `rarity`, length 1) times `table` (BUCKETS, k), as (n, k)."""
    weight = rarity[buckets.flat]
    length = np.sqrt(np.maximum(np.add.reduceat(weight * weight, buckets.starts[:-1]), 1e-12))
    sums = np.add.reduceat(table[buckets.flat] * weight[:, None], buckets.starts[:-1], axis=0)
    result: NDArray[np.float32] = (sums / length[:, None]).astype(np.float32)
    return result
