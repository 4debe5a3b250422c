"""Bursts and level shifts in counts and shares: told as they happen, with a budget of false alarms.

Every score uses only what was known before its point, so a replay over history raises exactly the alarms that a live run would
have raised. Counts are put on a scale where their noise is 1 (Anscombe 1948: 2 sqrt(y + 3/8); shares: Freeman and Tukey's arcsine),
expected values come from the season's medians and a running median of the level, spread from median absolute deviations.
The alarm threshold is the far tail of the past scores, extrapolated to the budget (Siffer et al. 2017, KDD: "SPOT", here with
an exponential tail).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from stammgast.stats.arrays import BoolArray, FloatArray, finite_vector, require, same_length

MAD_TO_DEVIATION = 1.4826
TAIL_SHARE = 0.02
"""The highest 2 % of past scores describe the tail."""
THRESHOLD_MIN = 4.0
"""No alarm under four standard deviations, however quiet the past was."""


LEVEL_POINTS_MIN, LEVEL_POINTS_MAX = 14, 288
"""The level is the running median of one season, but of no fewer and no more points; a burst of half as many cannot move it."""
TAIL_POINTS_MIN = 2000
"""The tail is learnt from at least so many points, if they are there, however short the season."""
PATTERN_SEASONS_MIN = 2
SMOOTHING_DIVISOR = 48
"""A season's pattern is averaged over neighbours up to 1/48 season away: half an hour in a day of five minutes."""
CUSUM_DRIFT = 0.5
MEDIAN_ERROR = 1.2533
"""Standard error of a median of n normal values, times sqrt(n)."""
OUTLIER_CUT = 2.5


class Direction(StrEnum):
    """Which departures count."""

    UP = "up"
    DOWN = "down"
    BOTH = "both"


_SIDES = {1.0: Direction.UP, -1.0: Direction.DOWN}


@dataclass(frozen=True, slots=True)
class AlarmTerms:
    """What is watched and how many false alarms are bearable.

    `season` is the number of points after which the pattern repeats (24 for hours, 288 for five minutes, 7 for days; 1 for none).
    """

    season: int
    false_alarms_per_1000: float = 0.5
    """Expected false alarms in 1,000 quiet points; 0.5 of five minutes is one a week."""
    direction: Direction = Direction.UP
    memory_seasons: int = 14
    """Seasons from which pattern, spread and threshold are learnt."""
    warm_up_seasons: int = 2
    """Seasons before the first alarm may be raised."""

    def __post_init__(self) -> None:
        """Refuse terms without meaning."""
        require("season", self.season >= 1, "must be at least 1")
        require("false_alarms_per_1000", 0 < self.false_alarms_per_1000 <= 100, "must be above 0 and up to 100")  # noqa: PLR2004
        require("warm_up_seasons", 1 <= self.warm_up_seasons <= self.memory_seasons, "must lie in 1..memory_seasons")


@dataclass(frozen=True, slots=True)
class Scores:
    """Point by point: how unusual, and what would have been usual; vectors of shape (points,), NaN while warming up."""

    score: FloatArray
    """Robust standard deviations above (or, by direction, below) the expected value."""
    threshold: FloatArray
    """Score at which an alarm is raised."""
    expected: FloatArray
    """In the unit of the series: count or share."""


@dataclass(frozen=True, slots=True)
class Burst:
    """A run of unusual points, told at its first."""

    start: int
    end: int
    """Last unusual point, inclusive."""
    peak: int
    peak_value: float
    expected_at_peak: float
    score: float
    """Highest score of the run."""


@dataclass(frozen=True, slots=True)
class LevelShift:
    """From `detected` on it is sure that the level moved at about `start`; levels in the unit of the series."""

    start: int
    detected: int
    level_before: float
    level_after: float


@dataclass(frozen=True, slots=True)
class TooShort:
    """The named answer for a series shorter than its warm-up."""

    points: int
    points_needed: int


def detect_bursts(counts: ArrayLike, terms: AlarmTerms) -> tuple[Burst, ...] | TooShort:
    """Return the bursts of a series of `counts` (>= 0, one per point, gaps filled with 0), in order.

    >>> rng = np.random.default_rng(1)
    >>> counts = rng.poisson(30, 24 * 30); counts[500:503] = 120
    >>> [(burst.start, burst.end) for burst in detect_bursts(counts, AlarmTerms(season=24))]
    [(500, 502)]
    """
    series = _count_series(counts)
    return _bursts(series, terms)


def detect_share_bursts(successes: ArrayLike, trials: ArrayLike, terms: AlarmTerms) -> tuple[Burst, ...] | TooShort:
    """Return the bursts of a share, e.g. of complaints among messages; points without trials say nothing."""
    return _bursts(_share_series(successes, trials), terms)


def score_counts(counts: ArrayLike, terms: AlarmTerms) -> Scores:
    """Return the scores behind `detect_bursts`, for charts of the expected band."""
    return _scores(_count_series(counts), terms)


def score_shares(successes: ArrayLike, trials: ArrayLike, terms: AlarmTerms) -> Scores:
    """Return the scores behind `detect_share_bursts`."""
    return _scores(_share_series(successes, trials), terms)


@dataclass(frozen=True, slots=True)
class _Series:
    """A series on its stable scale, where sampling noise has the standard deviation `noise`."""

    raw: FloatArray
    stable: FloatArray
    noise: FloatArray
    is_share: bool

    def natural(self, stable: FloatArray) -> FloatArray:
        """Back from the stable scale to counts or shares."""
        if self.is_share:
            return np.asarray(np.sin(np.clip(stable, 0, np.pi / 2)) ** 2)
        return np.asarray(np.maximum((np.maximum(stable, 0) / 2) ** 2 - 0.375, 0.0))


def _count_series(counts: ArrayLike) -> _Series:
    raw = finite_vector("counts", counts)
    require("counts", bool((raw >= 0).all()), "cannot be negative")
    return _Series(raw, 2 * np.sqrt(raw + 0.375), np.ones_like(raw), is_share=False)


def _share_series(successes: ArrayLike, trials: ArrayLike) -> _Series:
    s, n = finite_vector("successes", successes), finite_vector("trials", trials)
    same_length(successes=s, trials=n)
    require("successes", bool(((s >= 0) & (s <= n)).all()), "must lie between 0 and trials")
    angle = np.arcsin(np.sqrt((s + 0.375) / (n + 0.75)))
    raw = np.divide(s, n, out=np.zeros_like(s), where=n > 0)
    return _Series(raw, angle, 0.5 / np.sqrt(n + 0.5), is_share=True)


def _bursts(series: _Series, terms: AlarmTerms) -> tuple[Burst, ...] | TooShort:
    needed = max(terms.season, LEVEL_POINTS_MIN) * terms.warm_up_seasons + 1
    if len(series.raw) < needed:
        return TooShort(len(series.raw), needed)
    found = _scores(series, terms)
    unusual = np.nan_to_num(found.score, nan=-np.inf) > np.nan_to_num(found.threshold, nan=np.inf)
    return tuple(_burst(series, found, start, end) for start, end in _runs(unusual, max(1, terms.season // 24)))


def _burst(series: _Series, found: Scores, start: int, end: int) -> Burst:
    peak = start + int(found.score[start : end + 1].argmax())
    return Burst(start, end, peak, float(series.raw[peak]), float(found.expected[peak]), float(found.score[peak]))


def _runs(unusual: BoolArray, gap: int) -> list[tuple[int, int]]:
    """Join unusual points at most `gap` points apart: one burst is one alarm."""
    places = np.flatnonzero(unusual)
    if not len(places):
        return []
    breaks = np.flatnonzero(np.diff(places) > gap)
    starts, ends = np.append(places[0], places[breaks + 1]), np.append(places[breaks], places[-1])
    return [(int(start), int(end)) for start, end in zip(starts, ends, strict=True)]


def _scores(series: _Series, terms: AlarmTerms) -> Scores:
    flat, pattern = _without_season(series.stable, terms)
    level = _running_median(flat, min(max(terms.season, LEVEL_POINTS_MIN), LEVEL_POINTS_MAX))
    residual = flat - level
    score, threshold = np.full(len(flat), np.nan), np.full(len(flat), np.nan)
    for start, past, here in _seasons(len(flat), terms):
        known = residual[past][np.isfinite(residual[past])]
        if start == 0 or not len(known):
            continue
        typical_noise = float(np.median(series.noise[past]))
        inflation = max(1.0, MAD_TO_DEVIATION * float(np.median(np.abs(known))) / typical_noise)
        score[here] = _directed(residual[here] / (series.noise[here] * inflation), terms.direction)
        if start >= terms.warm_up_seasons * terms.season:
            threshold[here] = _threshold(score[min(past.start, max(0, start - TAIL_POINTS_MIN)) : start], terms)
    score[np.isnan(threshold)] = np.nan
    return Scores(score, threshold, series.natural(level + pattern))


def _seasons(points: int, terms: AlarmTerms) -> Iterator[tuple[int, slice, slice]]:
    """Yield (start, past, here) block by block: what lies in `here` is judged by `past` alone."""
    block = max(terms.season, LEVEL_POINTS_MIN)
    for start in range(0, points, block):
        yield (
            start,
            slice(max(0, start - block * terms.memory_seasons), start),
            slice(start, min(start + block, points)),
        )


def _without_season(stable: FloatArray, terms: AlarmTerms) -> tuple[FloatArray, FloatArray]:
    """Return the series without its season and the season's pattern, both (points,), each season's pattern from those before.

    The pattern is the median over past seasons of the points minus their season's median, smoothed over neighbours.
    """
    m, n = terms.season, len(stable)
    pattern = np.zeros(n)
    if m == 1:
        return stable, pattern
    whole = n // m
    centred = stable[: whole * m].reshape(whole, m)
    centred = centred - np.median(centred, axis=1, keepdims=True)
    reach = m // SMOOTHING_DIVISOR
    for season in range(PATTERN_SEASONS_MIN, -(-n // m)):
        shape = np.median(centred[max(0, season - terms.memory_seasons) : season], axis=0)
        around = np.concatenate([shape[m - reach :], shape, shape[:reach]])
        smooth = np.convolve(around, np.full(2 * reach + 1, 1 / (2 * reach + 1)), mode="valid")
        here = slice(season * m, min((season + 1) * m, n))
        pattern[here] = smooth[: here.stop - here.start]
    return stable - pattern, pattern


def _running_median(values: FloatArray, points: int) -> FloatArray:
    """Median of the `points` values before each one; NaN where there are not that many."""
    level = np.full(len(values), np.nan)
    if len(values) > points:
        windows = np.lib.stride_tricks.sliding_window_view(values, points)
        level[points:] = np.median(windows[:-1], axis=1)
    return level


def _directed(z: FloatArray, direction: Direction) -> FloatArray:
    if direction is Direction.BOTH:
        return np.abs(z)
    return z if direction is Direction.UP else -z


def _threshold(past: FloatArray, terms: AlarmTerms) -> float:
    """Extrapolate the exponential tail of the past scores to the budget; its scale from the median, so past bursts count little."""
    known = past[np.isfinite(past)]
    if not len(known):
        return float("inf")
    start = float(np.quantile(known, 1 - TAIL_SHARE))
    beyond = known[known > start] - start
    scale = float(np.median(beyond)) / np.log(2) if len(beyond) else 0.0
    rate = terms.false_alarms_per_1000 / 1000
    return max(THRESHOLD_MIN, start + scale * float(np.log(max(TAIL_SHARE / rate, 1.0))))


def detect_level_shifts(counts: ArrayLike, terms: AlarmTerms) -> tuple[LevelShift, ...] | TooShort:
    """Return the lasting moves of the level of a series of `counts`, by a two-sided CUSUM on the series without its season.

    Drift of half a deviation, limit from Siegmund's formula for the budget, deviations widened by the autocorrelation and cut
    at 2.5 so that one burst is no shift. Source: Page 1954 (Biometrika 41); Siegmund 1985, eq. 2.56.

    >>> rng = np.random.default_rng(1)
    >>> counts = np.concatenate([rng.poisson(40, 60), rng.poisson(60, 30)])
    >>> [abs(shift.start - 60) <= 3 for shift in detect_level_shifts(counts, AlarmTerms(season=7))]
    [True]
    """
    series = _count_series(counts)
    needed = max(terms.season, LEVEL_POINTS_MIN) * terms.warm_up_seasons + 1
    if len(series.raw) < needed:
        return TooShort(len(series.raw), needed)
    flat, _ = _without_season(series.stable, terms)
    found: list[LevelShift] = []
    start = 0
    while True:
        shift = _next_shift(flat, start, terms)
        if shift is None:
            return tuple(found)
        moved, detected = shift
        before = float(np.median(flat[start:moved]))
        after = float(np.median(flat[moved : detected + 1]))
        levels = series.natural(np.array([before, after]))
        found.append(LevelShift(moved, detected, float(levels[0]), float(levels[1])))
        start = moved


def _next_shift(flat: FloatArray, start: int, terms: AlarmTerms) -> tuple[int, int] | None:
    """Return (start, detection) of the first shift after the segment that begins at `start`."""
    limit = _cusum_limit(terms)
    block = max(terms.season, LEVEL_POINTS_MIN)
    learnt = start + block * terms.warm_up_seasons
    watched = [side for side in (1.0, -1.0) if terms.direction in (Direction.BOTH, _SIDES[side])]
    sums = dict.fromkeys(watched, 0.0)
    z = np.zeros(len(flat))
    for block_start in range(learnt, len(flat), block):
        past = flat[start:block_start]
        here = slice(block_start, min(block_start + block, len(flat)))
        z[here] = _standardised(past, flat[here])
        drift = CUSUM_DRIFT + MEDIAN_ERROR / np.sqrt(len(past))  # the level is only known so well
        for place in range(here.start, here.stop):
            for side in watched:
                sums[side] = max(0.0, sums[side] + side * z[place] - drift)
                if sums[side] > limit:
                    return _shift_start(side * z[learnt : place + 1]) + learnt, place
    return None


def _shift_start(z: FloatArray) -> int:
    """Most likely first point of a shift that is certain at the last: where the sum of (z - half the shift) begins to pay."""
    half_shift = max(float(z[-LEVEL_POINTS_MIN:].mean()), CUSUM_DRIFT) / 2
    return int(np.cumsum((z - half_shift)[::-1])[::-1].argmax())


def _standardised(past: FloatArray, here: FloatArray) -> FloatArray:
    centre = float(np.median(past))
    deviation = max(MAD_TO_DEVIATION * float(np.median(np.abs(past - centre))), 1.0)
    calm = np.clip((past - centre) / deviation, -OUTLIER_CUT, OUTLIER_CUT)
    memory = float(calm[1:] @ calm[:-1]) / max(float(calm @ calm), 1e-12)
    widened = deviation * np.sqrt((1 + np.clip(memory, 0.0, 0.95)) / (1 - np.clip(memory, 0.0, 0.95)))
    return np.asarray(np.clip((here - centre) / widened, -OUTLIER_CUT, OUTLIER_CUT))


def _cusum_limit(terms: AlarmTerms) -> float:
    """Solve Siegmund's mean run length (e^b - b - 1) / (2 drift^2) = budget for b = 2 drift (limit + 1.166)."""
    sides = 2 if terms.direction is Direction.BOTH else 1
    run = sides * 1000 / terms.false_alarms_per_1000 * 2 * CUSUM_DRIFT**2
    b = np.log(run + 1)
    for _ in range(20):
        b = np.log(run + 1 + b)
    return float(b / (2 * CUSUM_DRIFT) - 1.166)
