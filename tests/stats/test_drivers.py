from itertools import permutations

import numpy as np
import pytest

from stammgast.kernel.errors import Invalid
from stammgast.stats.drivers import TooFewAnswers, find_drivers, relative_weights, shapley_r_squared

# Correlations of R's data set `swiss` (47 districts, 1888): agriculture, examination, education, catholic, infant mortality, fertility.
SWISS = np.eye(6)
SWISS[np.triu_indices(6, 1)] = [
    -0.68654221, -0.63952252, 0.40109505, -0.06085861, 0.35307918,
    0.69841530, -0.57274180, -0.11402160, -0.64588270,
    -0.15385892, -0.09932185, -0.66378886,
    0.17549591, 0.46368470,
    0.41655603,
]  # fmt: skip
SWISS = SWISS + SWISS.T - np.eye(6)


def test_shapley_matches_relaimpos_published_swiss_example():
    # Groemping 2006 and the manual of R's relaimpo, calc.relimp(swiss): lmg of the five regressors, R2 = 0.7067.
    shares = shapley_r_squared(SWISS)
    assert shares == pytest.approx([0.05709122, 0.17117303, 0.26013468, 0.10557015, 0.11276592], abs=2e-6)
    assert shares.sum() == pytest.approx(0.706735, abs=1e-5)


def test_both_methods_divide_the_same_r_squared_and_rank_alike():
    weights, shares = relative_weights(SWISS), shapley_r_squared(SWISS)
    assert weights.sum() == pytest.approx(shares.sum())
    assert (np.argsort(weights) == np.argsort(shares)).all()
    assert weights == pytest.approx(shares, abs=0.02)  # Johnson 2000: "nearly identical"


def test_shapley_equals_the_mean_gain_over_all_orders():
    r = SWISS[np.ix_([0, 1, 2, 5], [0, 1, 2, 5])]

    def explained(members):
        if not members:
            return 0.0
        inner, outer = r[np.ix_(members, members)], r[list(members), -1]
        return float(outer @ np.linalg.solve(inner, outer))

    gains = np.zeros(3)
    for order in permutations(range(3)):
        for place, driver in enumerate(order):
            gains[driver] += explained(list(order[: place + 1])) - explained(list(order[:place]))
    assert shapley_r_squared(r) == pytest.approx(gains / 6)


def test_relative_weights_of_two_equally_placed_drivers_are_equal():
    # By symmetry: both correlate 0.5 with the outcome and 0.6 with each other; R2 = 2 * 0.25 / 1.6.
    r = [[1, 0.6, 0.5], [0.6, 1, 0.5], [0.5, 0.5, 1]]
    assert relative_weights(r) == pytest.approx([0.15625, 0.15625])


@pytest.fixture
def visits():
    """300 visits: satisfaction hangs on friendliness twice as much as on speed; price goes along with speed only."""
    rng = np.random.default_rng(7)
    common = rng.normal(size=300)
    friendly, speed = common + rng.normal(size=300), common + rng.normal(size=300)
    price = 0.8 * speed + rng.normal(size=300)
    return np.column_stack([price, friendly, speed]), friendly + 0.5 * speed + rng.normal(size=300)


@pytest.mark.parametrize("method", ["relative_weights", "shapley"])
def test_drivers_come_most_important_first_with_intervals_and_direction(visits, method):
    found = find_drivers(*visits, ["price", "friendly", "speed"], method=method)
    assert found.drivers[0].name == "friendly"
    assert sum(driver.importance for driver in found.drivers) == pytest.approx(found.r_squared)
    assert sum(driver.share for driver in found.drivers) == pytest.approx(1)
    for driver in found.drivers:
        assert driver.interval.contains(driver.importance)
        assert driver.correlation > 0


def test_the_same_seed_gives_the_same_intervals(visits):
    first, second = (find_drivers(*visits, ["p", "f", "s"], seed=5, samples=100) for _ in range(2))
    assert first == second


def test_bootstrap_intervals_cover_the_large_sample_importance():
    rng = np.random.default_rng(8)
    big = rng.normal(size=(200_000, 2))
    truth = find_drivers(big, big @ [1.0, 0.5] + rng.normal(size=200_000), ["a", "b"], samples=2).drivers[0].importance
    covered = []
    for seed in range(120):
        x = rng.normal(size=(150, 2))
        found = find_drivers(x, x @ [1.0, 0.5] + rng.normal(size=150), ["a", "b"], samples=200, seed=seed)
        covered.append(next(d for d in found.drivers if d.name == "a").interval.contains(truth))
    assert np.mean(covered) >= 0.88


def test_two_identical_ratings_share_their_importance():
    rng = np.random.default_rng(9)
    x = rng.normal(size=200)
    found = find_drivers(np.column_stack([x, x]), x + rng.normal(size=200), ["a", "b"], samples=50)
    assert found.drivers[0].importance == pytest.approx(found.drivers[1].importance)


def test_too_few_or_unvarying_answers_are_a_named_answer():
    rng = np.random.default_rng(0)
    assert "30 are needed" in find_drivers(rng.normal(size=(10, 2)), rng.normal(size=10), ["a", "b"]).reason
    same = find_drivers(np.ones((50, 1)), rng.normal(size=50), ["a"])
    assert isinstance(same, TooFewAnswers)


def test_thirteen_drivers_are_too_many_for_shapley():
    with pytest.raises(Invalid, match="relative_weights"):
        find_drivers(np.ones((99, 13)), np.ones(99), [str(i) for i in range(13)], method="shapley")
