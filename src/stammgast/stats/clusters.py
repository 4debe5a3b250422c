"""Groups of customers: how many there are, why that many, and the same label next month. Built on scikit-learn's k-means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment

from stammgast.stats.arrays import FloatArray, IntArray, finite_matrix, require

SILHOUETTE_MIN = 0.25
"""Kaufman and Rousseeuw 1990: below this "no substantial structure has been found"."""
STABILITY_MIN = 0.75
"""Mean adjusted Rand index between fits on resampled rows; below it groups are an accident of the sample."""
SILHOUETTE_ROWS_MAX = 2000
SAME_GROUP_DISTANCE_MAX = 1.0
"""A group keeps its label if its centre moved less than this many standard deviations per column (root mean square)."""


@dataclass(frozen=True, slots=True)
class ClusterCandidate:
    """How well the rows fall into k groups."""

    k: int
    silhouette: float
    """-1..1: how much nearer rows are to their own group than to the next."""
    stability: float
    """Mean adjusted Rand index (1 = identical) between fits on resampled rows."""


@dataclass(frozen=True, slots=True)
class Clustering:
    """Groups with labels that last. `labels[i]` is row i's label, `centres[j]` belongs to `names[j]`, in the unit of the rows."""

    labels: IntArray
    names: tuple[int, ...]
    centres: FloatArray
    scale: FloatArray
    """Standard deviation per column, by which distances are measured."""
    candidates: tuple[ClusterCandidate, ...]

    @property
    def k(self) -> int:
        """Number of groups."""
        return len(self.names)


@dataclass(frozen=True, slots=True)
class NoClusters:
    """The named answer when the rows do not fall into groups; the figures say how far off they are."""

    reason: str
    candidates: tuple[ClusterCandidate, ...]


def find_clusters(
    rows: ArrayLike, *, k_max: int = 8, seed: int = 0, previous: Clustering | None = None, resamples: int = 5
) -> Clustering | NoClusters:
    """Group `rows` (shape (n, columns), any units) into the k of 2..k_max with the best silhouette among the stable ones.

    Columns are standardised. With `previous`, groups that are still there keep their label and new ones get new numbers.

    >>> rng = np.random.default_rng(0)
    >>> rows = np.concatenate([rng.normal(0, 1, (60, 2)), rng.normal(8, 1, (60, 2))])
    >>> find_clusters(rows, k_max=4).k
    2
    """
    table = finite_matrix("rows", rows)
    require("k_max", k_max > 1, "must be at least 2")
    deviation = table.std(axis=0)
    scale = np.where(deviation > 0, deviation, 1.0)
    scaled = table / scale
    distinct = len(np.unique(scaled, axis=0))
    ks = range(2, min(k_max, distinct - 1, len(table) // 5) + 1)
    if not ks:
        return NoClusters(f"{len(table)} rows are too few to tell groups apart.", ())
    candidates = tuple(_candidate(scaled, k, seed, resamples) for k in ks)
    stable = [c for c in candidates if c.stability >= STABILITY_MIN and c.silhouette >= SILHOUETTE_MIN]
    if not stable:
        best = max(candidates, key=lambda candidate: candidate.silhouette)
        return NoClusters(
            f"No number of groups is both distinct and stable: the best silhouette is {best.silhouette:.2f} "
            f"with stability {best.stability:.2f} at {best.k} groups.",
            candidates,
        )
    k = max(stable, key=lambda candidate: candidate.silhouette).k
    labels, centres = _fit(scaled, k, seed)
    names = _names(centres * scale, previous)
    return Clustering(np.asarray(names, dtype=np.int64)[labels], names, centres * scale, scale, candidates)


def assign_clusters(rows: ArrayLike, clustering: Clustering) -> IntArray:
    """Return the label of the nearest centre for each of `rows` (shape (n, columns)); shape (n,)."""
    table = finite_matrix("rows", rows) / clustering.scale
    nearest = _nearest(table, clustering.centres / clustering.scale)
    return np.asarray(clustering.names, dtype=np.int64)[nearest]


def _names(centres: FloatArray, previous: Clustering | None) -> tuple[int, ...]:
    """Number new groups by their first column; let old groups that moved little keep their number (Hungarian matching)."""
    if previous is None:
        places = np.argsort(np.argsort(centres[:, 0], kind="stable"), kind="stable")
        return tuple(int(place) for place in places)
    gaps = (centres[:, np.newaxis] - previous.centres[np.newaxis]) / previous.scale
    distance = np.sqrt((gaps**2).mean(axis=2))
    names: dict[int, int] = {}
    for new, old in zip(*linear_sum_assignment(distance), strict=True):
        if distance[new, old] < SAME_GROUP_DISTANCE_MAX:
            names[int(new)] = previous.names[int(old)]
    unused = max(previous.names) + 1
    for new in range(len(centres)):
        if new not in names:
            names[new] = unused
            unused += 1
    return tuple(names[new] for new in range(len(centres)))


def _fit(rows: FloatArray, k: int, seed: int, starts: int = 10) -> tuple[IntArray, FloatArray]:
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # many small fits: threads would wait for each other longer than they work
        model = KMeans(n_clusters=k, n_init=starts, random_state=seed).fit(rows)
    return np.asarray(model.labels_, dtype=np.int64), np.asarray(model.cluster_centers_, dtype=np.float64)


def _candidate(rows: FloatArray, k: int, seed: int, resamples: int) -> ClusterCandidate:
    from sklearn.metrics import adjusted_rand_score, silhouette_score

    labels, _ = _fit(rows, k, seed)
    size = SILHOUETTE_ROWS_MAX if len(rows) > SILHOUETTE_ROWS_MAX else None
    silhouette = float(silhouette_score(rows, labels, sample_size=size, random_state=seed))
    rng = np.random.default_rng(seed)
    agreements: Sequence[float] = [
        float(
            adjusted_rand_score(
                labels, _nearest(rows, _fit(rows[rng.integers(0, len(rows), len(rows))], k, seed, 3)[1])
            )
        )
        for _ in range(resamples)
    ]
    return ClusterCandidate(k, silhouette, float(np.mean(agreements)))


def _nearest(rows: FloatArray, centres: FloatArray) -> IntArray:
    distance = (centres**2).sum(axis=1) - 2 * rows @ centres.T
    return np.asarray(distance.argmin(axis=1), dtype=np.int64)
