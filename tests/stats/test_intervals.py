import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from stammgast.kernel.errors import Invalid
from stammgast.stats.intervals import (
    Interval,
    adjusted_share_interval,
    exact_share_interval,
    mean_interval,
    nps_bounds,
    nps_interval,
    nps_standard_error,
    quantile_interval,
    ratio_interval,
    wilson_interval,
)
from stammgast.stats.moments import Moments, PairMoments, Proportion


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_interval_matches_newcombes_table(successes, n, low, high):
    # Newcombe 1998 (Statistics in Medicine 17), table I, method 3.
    interval = wilson_interval(successes, n)
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)


def test_exact_interval_matches_newcombes_table():
    # Newcombe 1998, table I, method 5: 81/263 gives 0.2527 to 0.3676, 0/20 gives 0 to 0.1684.
    assert round(exact_share_interval(81, 263).low, 4) == 0.2527
    assert round(exact_share_interval(81, 263).high, 4) == 0.3676
    assert round(exact_share_interval(0, 20).high, 4) == 0.1684


@given(st.integers(1, 300), st.data())
def test_share_intervals_hold_the_share_and_never_collapse(n, data):
    successes = data.draw(st.integers(0, n))
    for make in (wilson_interval, adjusted_share_interval, exact_share_interval):
        interval = make(successes, n)
        assert 0 <= interval.low < interval.high <= 1
        assert interval.low <= successes / n <= interval.high


def test_no_answers_give_no_interval():
    assert wilson_interval(0, 0) is None
    assert adjusted_share_interval(0, 0) is None
    assert exact_share_interval(0, 0) is None
    assert nps_interval(0, 0, 0) is None
    assert nps_standard_error(0, 0, 0) is None
    assert mean_interval(Moments(1, 3.0, 9.0)) is None
    assert quantile_interval([]) is None
    assert ratio_interval(PairMoments.of([1.0, 2.0], [1.0, -1.0])) is None
    assert Proportion(0, 0).estimate() is None


def test_nps_standard_error_follows_its_formula():
    # METRICS: 100 sqrt((p + d - (p - d)^2) / n); 60 promoters, 20 passives, 20 detractors: sqrt((0.8 - 0.16) / 100) = 0.08.
    assert nps_standard_error(60, 20, 20) == pytest.approx(8.0)


@pytest.mark.parametrize(("answers", "score"), [((7, 0, 0), 100), ((0, 0, 7), -100), ((0, 7, 0), 0)])
def test_answers_that_are_all_alike_still_have_an_interval(answers, score):
    interval = nps_interval(*answers)
    assert interval.contains(score)
    assert interval.width > 20
    assert nps_standard_error(*answers) == 0  # the trap that the interval avoids


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_swapping_promoters_and_detractors_mirrors_the_nps_interval(promoters, passives, detractors):
    interval, mirrored = nps_interval(promoters, passives, detractors), nps_interval(detractors, passives, promoters)
    if interval is not None:
        assert interval.low == pytest.approx(-mirrored.high, abs=1e-6)
        assert interval.high == pytest.approx(-mirrored.low, abs=1e-6)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 13, 21, 34, 55, 89])
def test_nps_interval_covers_at_every_mix_of_answers(n):
    # Exact coverage, summed over all outcomes; the table in docs/reference/methods.md.
    shares = np.vstack([np.random.default_rng(1).dirichlet([1, 1, 1], 200), EDGE_SHARES])
    covered, wald = nps_coverage(n, shares)
    assert covered.min() >= 0.94
    assert wald.min() < 0.6  # the plain formula with 1.96 collapses near 0 and 1


EDGE_SHARES = np.array(
    [[1, 0, 0], [0, 0, 1], [0.99, 0.005, 0.005], [0.95, 0.05, 0], [0.9, 0.1, 0], [0.5, 0, 0.5], [0.998, 0.001, 0.001]]
)


def nps_coverage(n, shares):
    p, d = (grid.ravel() for grid in np.meshgrid(np.arange(n + 1), np.arange(n + 1)))
    p, d = p[p + d <= n], d[p + d <= n]
    ways = special.gammaln(n + 1) - special.gammaln(p + 1) - special.gammaln(d + 1) - special.gammaln(n - p - d + 1)
    chance = np.exp(ways + np.log(np.maximum(shares, 1e-300)) @ np.array([p, n - p - d, d]))
    truth = 100 * (shares[:, :1] - shares[:, 2:])
    low, high = nps_bounds(p, d, n)
    half = 196 * np.sqrt(np.maximum((p + d - (p - d) ** 2 / n) / n, 0) / n)
    wald = np.abs(100 * (p - d) / n - truth) <= half - 1e-9
    return (chance * ((low <= truth + 1e-9) & (truth <= high + 1e-9))).sum(1), (chance * wald).sum(1)


def test_mean_interval_is_students():
    # By hand: 4, 5, 6 have mean 5, deviation 1, t(2, 0.975) = 4.30265, so 5 +- 4.30265 / sqrt(3).
    assert mean_interval(Moments.of([4, 5, 6])).high == pytest.approx(5 + 4.302652730 / math.sqrt(3))


@given(st.lists(st.floats(-1e3, 1e3), min_size=1), st.lists(st.floats(-1e3, 1e3), min_size=1))
def test_moments_of_two_groups_add_to_those_of_all(first, second):
    together = Moments.of(first) + Moments.of(second)
    assert together.n == len(first) + len(second)
    assert together.sum == pytest.approx(sum(first) + sum(second), abs=1e-6)
    assert together.variance == pytest.approx(np.var(first + second, ddof=1), rel=1e-6, abs=1e-6)


def test_median_interval_ends_at_the_order_statistics_of_the_binomial_table():
    # Conover 1999, table A3: n = 20, median: ranks 6 and 15 cover 0.9586.
    assert quantile_interval(range(1, 21)) == Interval(6.0, 15.0)


@pytest.mark.parametrize("quantile", [0.5, 0.9])
def test_quantile_interval_covers_for_skewed_waiting_times(quantile):
    rng = np.random.default_rng(5)
    truth = -np.log(1 - quantile)
    covered = [quantile_interval(rng.exponential(size=60), quantile).contains(truth) for _ in range(1500)]
    assert np.mean(covered) >= 0.94


def test_ratio_interval_covers_where_the_units_are_customers_with_many_visits():
    rng = np.random.default_rng(6)
    covered = []
    for _ in range(1000):
        visits = rng.poisson(3, 200) + 1.0
        taste = rng.gamma(4, 0.25, 200)
        covered.append(ratio_interval(PairMoments.of(rng.poisson(visits * taste), visits)).contains(1.0))
    assert 0.93 <= np.mean(covered) <= 0.97


def test_more_successes_than_answers_are_refused():
    with pytest.raises(Invalid, match="successes"):
        wilson_interval(5, 4)
