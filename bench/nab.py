"""NAB's standard profile, written from its paper (Lavin and Ahmad 2015), and its windowed-Gaussian detector as the reference.

Score per series: 1 per window found, more the earlier (scaled sigmoid), -1 per window missed, -0.11 per false alarm, less right
after a window; the first 15 % (at most 750 points) are not scored. The sum is scaled so that silence scores 0, perfection 100.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FALSE_ALARM_WEIGHT = 0.11
PROBATION_SHARE, PROBATION_MAX = 0.15, 750
FAR_BEHIND = 3.0

Alarms = NDArray[np.intp]


def shared_data() -> Path:
    """Folder of the real data sets; see STAMMGAST_SHARED_DATA."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(os.environ.get("STAMMGAST_SHARED_DATA", default))


@dataclass(frozen=True, slots=True)
class LabelledSeries:
    """Values and the windows [first, last] of points in which an anomaly was labelled."""

    name: str
    values: NDArray[np.float64]
    windows: tuple[tuple[int, int], ...]


def load_series(folder: Path) -> list[LabelledSeries]:
    """Read the series with their windows from `folder`."""
    series = []
    for name, windows in json.loads((folder / "windows.json").read_text()).items():
        with gzip.open(folder / f"{name}.gz", "rt") as lines:
            rows = [line.strip().split(",") for line in lines][1:]
        times = np.array([row[0] for row in rows], dtype="datetime64[s]")
        places = tuple(
            (int(np.searchsorted(times, np.datetime64(a[:19]))), int(np.searchsorted(times, np.datetime64(b[:19]))))
            for a, b in windows
        )
        series.append(LabelledSeries(name, np.array([float(row[1]) for row in rows]), places))
    return series


def nab_score(series: Sequence[LabelledSeries], alarms: Sequence[Alarms]) -> float:
    """Return the normalised score (silence 0, perfection 100) of one detector's alarms (places) over all series."""
    windows = sum(len(one.windows) for one in series)
    total = sum(_raw_score(one, raised) for one, raised in zip(series, alarms, strict=True))
    return float(100 * (total + windows) / (2 * windows))


def _raw_score(series: LabelledSeries, alarms: Alarms) -> float:
    probation = min(int(PROBATION_SHARE * len(series.values)), PROBATION_MAX)
    scored = alarms[alarms >= probation]
    false = np.ones(len(scored), dtype=bool)
    total = 0.0
    for first, last in series.windows:
        inside = (scored >= first) & (scored <= last)
        false &= ~inside
        if inside.any():
            width = last - first + 1
            total += _sigmoid(-(last - int(scored[inside][0]) + 1) / width) / _sigmoid(-1.0)
        else:
            total -= 1.0
    return total + FALSE_ALARM_WEIGHT * sum(_false_alarm(int(place), series) for place in scored[false])


def _false_alarm(place: int, series: LabelledSeries) -> float:
    before = [(first, last) for first, last in series.windows if last < place]
    if not before:
        return -1.0
    first, last = before[-1]
    behind = (place - last) / (last - first)
    return -1.0 if behind >= FAR_BEHIND else _sigmoid(behind)


def _sigmoid(position: float) -> float:
    return float(2 / (1 + np.exp(5 * position)) - 1)


def windowed_gaussian(values: NDArray[np.float64], window: int = 1000) -> NDArray[np.float64]:
    """Return |z| of each value under the mean and deviation of the `window` values before it (NAB's reference detector)."""
    sums, squares = (np.concatenate([[0.0], np.cumsum(power)]) for power in (values, values**2))
    here = np.arange(1, len(values))
    start = np.maximum(0, here - window)
    n = here - start
    mean = (sums[here] - sums[start]) / n
    variance = np.maximum((squares[here] - squares[start]) / n - mean**2, 0.0)
    deviation = np.maximum(np.sqrt(variance), 1e-6)
    return np.concatenate([[0.0], np.abs(values[1:] - mean) / deviation])


def best_threshold(
    series: Sequence[LabelledSeries], scores: Sequence[NDArray[np.float64]], score: Callable[..., float] = nab_score
) -> tuple[float, float]:
    """Return the highest score and its threshold, chosen on the very series it is judged on: the reference's advantage."""
    tried = [(score(series, [np.flatnonzero(s >= level) for s in scores]), level) for level in np.arange(1, 40, 0.25)]
    return max(tried)
