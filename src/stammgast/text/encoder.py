"""The port between text analytics and whatever turns texts into vectors.

The packaged encoder is `use_encoder.UseEncoder`. A transformer takes its place by fulfilling `Encoder` and training
heads of its own (`training.train(..., encoder=...)`): heads fit one encoder only and say so by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Encoded(NamedTuple):
    """What an encoder makes of n texts.

    `embedding` (n, width) has rows of length 1. `features` (n, feature_width) may hold richer inner activations for
    the heads. `clauses(which)` gives the same two arrays for the clauses of the texts numbered in `which`, texts in
    the order asked for, clauses in their own; asked for only where it matters, since each costs a little.
    """

    embedding: Vectors
    features: Vectors
    clauses: Callable[[NDArray[np.int64]], tuple[Vectors, Vectors]]


class Encoder(Protocol):
    """Turns texts into vectors, all languages into one space."""

    name: str
    width: int
    feature_width: int

    def encode(self, texts: Sequence[Sequence[str]]) -> Encoded:
        """Encode texts given as lists of clauses; a text of no words is `[""]`."""
