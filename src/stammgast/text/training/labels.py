"""GoEmotions' labels as targets of the trunk: Ekman's groups, the 28 fine ones, and three sides of sentiment.

Source: Demszky et al. 2020, the groupings published with the data set.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stammgast.text.training.corpora import Labelled

POSITIVE = frozenset(
    {"admiration", "amusement", "approval", "caring", "desire", "excitement", "gratitude", "joy", "love", "optimism",
     "pride", "relief"}
)  # fmt: skip
NEGATIVE = frozenset(
    {"anger", "annoyance", "disappointment", "disapproval", "disgust", "embarrassment", "fear", "grief", "nervousness",
     "remorse", "sadness"}
)  # fmt: skip


def indicators(rows: list[Labelled], count: int) -> NDArray[np.float32]:
    """Return (n, count) of 0 and 1: which labels each row has."""
    out = np.zeros((len(rows), count), np.float32)
    for i, row in enumerate(rows):
        out[i, list(row.labels)] = 1.0
    return out


def sides(fine: NDArray[np.float32], names: list[str]) -> NDArray[np.float32]:
    """Return (n, 3): whether a comment has any negative, the neutral, any positive fine label."""
    columns = [[i for i, name in enumerate(names) if name in group] for group in (NEGATIVE, {"neutral"}, POSITIVE)]
    return np.stack([fine[:, column].max(axis=1) for column in columns], axis=1)
