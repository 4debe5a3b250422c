"""Search by meaning: texts near a query, across languages."""

from __future__ import annotations

import numpy as np

from stammgast.text.contracts import Match
from stammgast.text.encoder import Encoder, Vectors
from stammgast.text.reading import embed


def similar(
    query: str | Vectors, embeddings: Vectors, *, most: int = 10, least: float = 0.0, encoder: Encoder | None = None
) -> list[Match]:
    """Return up to `most` rows of `embeddings` (n, width; of length 1) near the query, the nearest first.

    `query` is a text or an embedding (width,). Rows below the cosine similarity `least` are left out; equal ones come
    in the order of `embeddings`. A full scan: 100,000 rows take about 20 ms.

    >>> rows = embed(["Das Paket ist nicht da.", "The soup was cold.", "My parcel has not arrived."])
    >>> [match.index for match in similar("Wo bleibt mein Paket?", rows, most=2)] != [1]
    True
    """
    direction = embed([query], encoder=encoder)[0] if isinstance(query, str) else query
    if not len(embeddings) or most < 1:
        return []
    close = embeddings @ direction
    count = min(most, len(close))
    # The smallest similarity that may be among the answers; ties are cut after sorting stably.
    bound = np.partition(close, len(close) - count)[len(close) - count]
    near = np.flatnonzero((close >= bound) & (close >= least))
    ordered = near[np.argsort(-close[near], kind="stable")][:count]
    return [Match(index=int(i), similarity=float(close[i])) for i in ordered]
