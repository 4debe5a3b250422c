"""Many tests at once: adjusted p-values to compare with the one level you chose."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from stammgast.stats.arrays import FloatArray, finite_vector, require


def holm(p_values: ArrayLike) -> FloatArray:
    """Return p-values adjusted so that the chance of any false positive stays at the level; shape (tests,).

    Holds under any dependence. Source: Holm 1979 (Scandinavian Journal of Statistics 6).

    >>> holm([0.01, 0.04, 0.03]).round(4)
    array([0.03, 0.06, 0.06])
    """
    p, order = _ordered(p_values)
    m = len(p)
    adjusted = np.maximum.accumulate(p[order] * np.arange(m, 0, -1))
    return _restored(np.minimum(adjusted, 1.0), order)


def benjamini_hochberg(p_values: ArrayLike) -> FloatArray:
    """Return p-values adjusted so that the expected share of false positives among findings stays at the level.

    Holds for independent or positively dependent tests. Source: Benjamini and Hochberg 1995 (JRSS B 57).

    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(4)
    array([0.03, 0.04, 0.04])
    """
    p, order = _ordered(p_values)
    m = len(p)
    stepped = p[order] * m / np.arange(1, m + 1)
    return _restored(np.minimum(np.minimum.accumulate(stepped[::-1])[::-1], 1.0), order)


def _ordered(p_values: ArrayLike) -> tuple[FloatArray, np.ndarray[tuple[int, ...], np.dtype[np.intp]]]:
    p = finite_vector("p_values", p_values)
    require("p_values", bool(((p >= 0) & (p <= 1)).all()), "must lie between 0 and 1")
    return p, np.argsort(p, kind="stable")


def _restored(adjusted: FloatArray, order: np.ndarray[tuple[int, ...], np.dtype[np.intp]]) -> FloatArray:
    restored = np.empty_like(adjusted)
    restored[order] = adjusted
    return restored
