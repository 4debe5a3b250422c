"""The encoder's three branches: two convolutions each over neighbouring word pieces, for many texts at once.

Texts lie one after the other with gaps of zero rows, phase by phase (see `convolution`): row p of the sequence is at
[p % TILE, p // TILE].
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from stammgast.text.convolution import REACH, TILE, Convolution, Space
from stammgast.text.encoder import Vectors
from stammgast.text.piece_rows import BLOCKS, BRANCH, ORDERS, Ids, PieceRows, Weights

GAP = 2
"""Zero rows before, between and after texts: the widest window reaches two pieces to either side."""


class _Room(NamedTuple):
    """Arrays to work in, (rows, tiles, BRANCH) each: hidden activations of `REACH` rows, `TILE` rows for what is gathered."""

    hidden: Vectors
    gathered: Vectors
    space: Space


class _Memory:
    """Memory used again for every batch: fresh arrays of this size would cost more in page faults than the sums."""

    def __init__(self, tiles: int) -> None:
        self._tiles = tiles
        self._large = np.empty((3, REACH * tiles * BRANCH), np.float32)
        self._gathered = np.empty(TILE * tiles * BRANCH, np.float32)
        self._zeros = np.zeros(TILE * tiles * BRANCH, np.float32)
        self._features = np.empty(len(ORDERS) * TILE * tiles * BRANCH, np.float32)

    def room(self, tiles: int) -> tuple[_Room, Vectors]:
        """Return room for `tiles` tiles and the array (3, TILE, tiles, BRANCH) of features."""
        if tiles > self._tiles:
            return _Memory(tiles).room(tiles)
        large, small = (REACH, tiles, BRANCH), (TILE, tiles, BRANCH)
        hidden, values, products = (_shaped(one, large) for one in self._large)
        space = Space(values, products, _shaped(self._zeros, small))
        return _Room(hidden, _shaped(self._gathered, small), space), _shaped(self._features, (len(ORDERS), *small))


def _shaped(flat: Vectors, shape: tuple[int, ...]) -> Vectors:
    return flat[: int(np.prod(shape))].reshape(shape)


class Branches:
    """Computes the branches' features. Not safe for use by two threads at once."""

    def __init__(self, weights: Weights, kept: PieceRows, pieces_at_once: int) -> None:
        self._kept = kept
        self._convolutions = [
            Convolution(matrix.reshape(-1, BRANCH, BRANCH), bias)
            for matrix, bias in zip(weights.w2, weights.b2, strict=True)
        ]
        self._memory = _Memory(pieces_at_once // TILE)

    def features(self, slots: Ids, positions: Ids) -> tuple[Vectors, Ids]:
        """Return features (3, rows, BRANCH), valid until the next call, and the row of each piece.

        `slots` are the pieces' rows in `PieceRows`, `positions` their places, with gaps of `GAP` around each text.
        """
        tiles = (int(positions[-1]) + GAP) // TILE + 1
        spread = np.zeros(TILE * tiles + 2 * GAP, np.int64)
        spread[positions + GAP] = slots * BLOCKS
        # The neighbours of each row, from two to the left to two to the right.
        near = [_by_phase(spread[at : at + TILE * tiles]) for at in range(2 * GAP + 1)]
        room, features = self._memory.room(tiles)
        block = 0
        for (order, left), convolution, out in zip(ORDERS, self._convolutions, features, strict=True):
            self._fill_hidden(near[GAP - left : GAP - left + order], near[GAP], block, room)
            rows = room.hidden[GAP - left : GAP - left + convolution.inputs]
            convolution.apply(rows, room.space, out)
            np.add(out, room.hidden[GAP : GAP + TILE], out=out)
            block += 1 + order
        tile, phase = np.divmod(positions - GAP, TILE)
        return features.reshape(len(ORDERS), -1, BRANCH), phase * tiles + tile

    def _fill_hidden(self, window: list[Ids], own: Ids, block: int, room: _Room) -> None:
        """Write the first convolution's activations to `room.hidden`: `TILE` rows, then the same of the next tile."""
        hidden = room.hidden[:TILE]
        self._gather(window[0] + (block + 1), hidden)
        for k, rows in enumerate(window[1:], start=block + 2):
            self._gather(rows + k, room.gathered)
            hidden += room.gathered
        # An array of zeros: numpy's maximum with a single number is four times slower.
        np.maximum(hidden, room.space.zeros, out=hidden)
        self._gather(own + block, room.gathered)
        hidden += room.gathered
        hidden[own == 0] = 0.0
        room.hidden[TILE:, :-1] = hidden[:, 1:]
        room.hidden[TILE:, -1] = 0.0

    def _gather(self, rows: Ids, out: Vectors) -> None:
        np.take(self._kept.blocks, rows, axis=0, out=out, mode="clip")


def _by_phase(rows: Ids) -> Ids:
    return np.ascontiguousarray(rows.reshape(-1, TILE).T)
