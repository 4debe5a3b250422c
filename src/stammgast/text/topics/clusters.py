"""Group directions by the graph of their nearest neighbours; the number of groups is the one of best modularity."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stammgast.text.encoder import Vectors

_NEIGHBOURS = 8
_MOST_GROUPS = 60
_MOST_AT_ONCE = 3000

Labels = NDArray[np.int64]


def group_directions(directions: Vectors, seed: int, groups: int | None = None) -> Labels:
    """Return a group number for each row of `directions` (n, width; of length 1), counted from 0, the largest first.

    Spectral clustering of the graph of 8 nearest neighbours, cut by pivoted QR, for every number of groups up to
    the root of twice n; the cut of greatest modularity wins unless `groups` names the number. More than 3,000 texts
    are grouped by a sample drawn with `seed`, the rest joins the nearest group.
    Sources: Ng, Jordan and Weiss 2002; Damle, Minden and Ying 2019; Newman and Girvan 2004.
    """
    if len(directions) > _MOST_AT_ONCE:
        sample = np.sort(np.random.default_rng(seed).choice(len(directions), _MOST_AT_ONCE, replace=False))
        centres = _centres(directions[sample], group_directions(directions[sample], seed, groups))
        return _largest_first((directions @ centres.T).argmax(axis=1))
    graph = _neighbour_graph(directions)
    most = min(_MOST_GROUPS, max(2, int(np.sqrt(2 * len(directions)))), len(directions) - 1)
    tried: Sequence[int] = range(2, most + 1) if groups is None else [min(groups, len(directions) - 1)]
    vectors = _leading_vectors(graph, max(tried))
    cuts = [_cut(vectors[:, :count]) for count in tried]
    best = max(range(len(cuts)), key=lambda i: _modularity(graph, cuts[i]))
    return _largest_first(cuts[best])


def _neighbour_graph(directions: Vectors) -> NDArray[np.float64]:
    close = (directions @ directions.T).astype(np.float64)
    np.fill_diagonal(close, -1.0)
    count = min(_NEIGHBOURS, len(close) - 1)
    nearest = np.argpartition(-close, count - 1, axis=1)[:, :count]
    graph = np.zeros_like(close)
    rows = np.arange(len(close))[:, None]
    graph[rows, nearest] = np.maximum(close[rows, nearest], 1e-3)
    result: NDArray[np.float64] = np.maximum(graph, graph.T)
    return result


def _leading_vectors(graph: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    from scipy.linalg import eigh

    root = np.sqrt(graph.sum(axis=1))
    size = len(graph)
    _, vectors = eigh(graph / root[:, None] / root[None, :], subset_by_index=[size - count, size - 1])
    result: NDArray[np.float64] = vectors[:, ::-1]
    return result


def _cut(vectors: NDArray[np.float64]) -> Labels:
    from scipy.linalg import qr, svd

    count = vectors.shape[1]
    _, _, pivots = qr(vectors.T, pivoting=True)
    left, _, right = svd(vectors[pivots[:count]].T)
    labels: Labels = np.abs(vectors @ (left @ right)).argmax(axis=1)
    return labels


def _modularity(graph: NDArray[np.float64], labels: Labels) -> float:
    member = np.eye(int(labels.max()) + 1)[labels]
    within = np.einsum("ij,ij->j", member, graph @ member)
    total = graph.sum()
    return float((within / total - (graph.sum(axis=1) @ member / total) ** 2).sum())


def _centres(directions: Vectors, labels: Labels) -> Vectors:
    means = np.stack([directions[labels == group].mean(axis=0) for group in range(int(labels.max()) + 1)])
    result: Vectors = means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)
    return result


def _largest_first(labels: Labels) -> Labels:
    groups, counts = np.unique(labels, return_counts=True)
    order = groups[np.argsort(-counts, kind="stable")]
    place = np.empty(int(groups.max()) + 1, np.int64)
    place[order] = np.arange(len(order))
    result: Labels = place[labels]
    return result
