"""What the encoder computes from one word piece alone, kept for the pieces seen so far."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from stammgast.text.encoder import Vectors

WIDTH = 512
BRANCH = 256
ORDERS = ((2, 0), (3, 1), (5, 2))  # n-gram order and its reach to the left, one for each branch
BLOCKS = len(ORDERS) + sum(order for order, _ in ORDERS)
PIECES_MOST = 2048  # of one text; what follows is not read
_CHUNKS = 17  # the library quantises the embedding table in 17 interleaved chunks
_KEPT_PIECES = 10_000  # up to 154 MB of rows, taken as pieces come; a mix of kinds of texts uses about 8,000
_CHANGED_SHARE = 0.3

Ids = NDArray[np.int64]


class Weights(Protocol):
    """The attributes of the library's backend that we read."""

    table: NDArray[np.uint8]
    scale: Vectors
    lo: Vectors
    proj_W: Vectors  # noqa: N815 (the library's name)
    proj_b: Vectors
    ln_g_all: Vectors
    ln_b_all: Vectors
    w1: list[Vectors]
    b1: list[Vectors]
    w2: list[Vectors]
    b2: list[Vectors]
    ln_g: Vectors
    ln_b: Vectors
    cnn_W: Vectors  # noqa: N815
    cnn_b: Vectors
    d0: Vectors
    d1: Vectors
    d2: Vectors
    d3: Vectors
    p1: Vectors
    p3: Vectors
    eps: float


class Moments(NamedTuple):
    """Sums over the numbers of each row, and over their squares."""

    sums: Vectors
    squares: Vectors


class PieceRows:
    """What depends on one word piece only, a row each. Row 0 is zero: the gap between texts.

    `embeddings` (n, WIDTH) with their `moments`; `blocks` (n * BLOCKS, BRANCH): for each branch the projection, then the
    shares in the sums of the first convolution, left to right, its bias added to the piece's own.

    The first pieces seen are kept. Later ones are computed for their batch into spare rows, until they are so many
    that the texts must have changed their kind: then keeping starts anew.
    """

    def __init__(self, weights: Weights, vocabulary: int) -> None:
        self._weights = weights
        self._shares = [
            np.concatenate([matrix[k * BRANCH : (k + 1) * BRANCH] for k in range(order)], axis=1)
            for matrix, (order, _) in zip(weights.w1, ORDERS, strict=True)
        ]
        count = _KEPT_PIECES + 2 * PIECES_MOST
        self.embeddings = np.zeros((count, WIDTH), np.float32)
        self.moments = Moments(np.zeros(count, np.float32), np.zeros(count, np.float32))
        self.blocks = np.zeros((count * BLOCKS, BRANCH), np.float32)
        self._slot_of = np.full(vocabulary + 1, -1, np.int64)
        self._used = 1

    def slots(self, pieces: Ids) -> Ids:
        """Return the row numbers of `pieces`, valid until the next call."""
        slots = self._slot_of[pieces]
        if slots.min(initial=0) >= 0:
            return slots
        absent = slots < 0
        if self._used > _KEPT_PIECES and absent.mean() > _CHANGED_SHARE:
            self._slot_of[:] = -1
            self._used = 1
            absent[:] = True
        missing = np.unique(pieces[absent])
        end = self._used + len(missing)
        self._compute(missing, slice(self._used, end))
        self._slot_of[missing] = np.arange(self._used, end)
        slots = self._slot_of[pieces]
        room = max(0, _KEPT_PIECES + 1 - self._used)
        self._slot_of[missing[room:]] = -1
        self._used += min(room, len(missing))
        return slots

    def _compute(self, pieces: Ids, rows: slice) -> None:
        weights = self._weights
        chunk = pieces % _CHUNKS
        embedding = weights.table[pieces].astype(np.float32) * weights.scale[chunk, None] + weights.lo[chunk, None]
        self.embeddings[rows] = embedding
        self.moments.sums[rows] = embedding.sum(axis=1)
        self.moments.squares[rows] = np.einsum("ij,ij->i", embedding, embedding)
        x = embedding @ weights.proj_W + weights.proj_b
        x -= x.mean(axis=1, keepdims=True)
        x /= np.sqrt(np.einsum("ij,ij->i", x, x) / x.shape[1] + weights.eps)[:, None]
        x = x * weights.ln_g_all + weights.ln_b_all
        blocks = self.blocks.reshape(-1, BLOCKS, BRANCH)[rows]
        at = 0
        for branch, (order, left) in enumerate(ORDERS):
            projection = x[:, branch * BRANCH : (branch + 1) * BRANCH]
            blocks[:, at] = projection
            blocks[:, at + 1 : at + 1 + order] = (projection @ self._shares[branch]).reshape(-1, order, BRANCH)
            blocks[:, at + 1 + left] += weights.b1[branch]
            at += 1 + order
