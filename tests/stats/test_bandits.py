import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stammgast.kernel.errors import Invalid
from stammgast.stats.bandits import (
    LinearArm,
    MeanPrior,
    choose,
    linear_probabilities,
    mean_probabilities,
    share_probabilities,
    with_floor,
)
from stammgast.stats.moments import Moments, Proportion


def test_probabilities_of_shares_are_those_of_thompson_sampling():
    rng = np.random.default_rng(0)
    arms = [Proportion(40, 4), Proportion(100, 12), Proportion(20, 4)]
    draws = np.column_stack([rng.beta(a.successes + 1, a.n - a.successes + 1, 400_000) for a in arms])
    won = np.bincount(draws.argmax(axis=1), minlength=3) / len(draws)
    assert share_probabilities(arms) == pytest.approx(won, abs=4e-3)


def test_probabilities_of_means_are_those_of_thompson_sampling():
    rng = np.random.default_rng(1)
    prior, arms = MeanPrior(20.0, 10.0), [Moments.of(rng.gamma(4, 5, 30)), Moments.of(rng.gamma(4, 5.5, 50))]
    draws = []
    for arm in arms:  # sample variance, then mean: Murphy 2007, section 3
        n = prior.strength + arm.n
        centre = (prior.strength * prior.mean + arm.sum) / n
        own = arm.sum_squares - arm.sum**2 / arm.n
        rate = (
            prior.strength * prior.deviation**2 + own + prior.strength * arm.n / n * (arm.mean - prior.mean) ** 2
        ) / 2
        variance = rate / rng.gamma(n / 2, 1, 400_000)
        draws.append(rng.normal(centre, np.sqrt(variance / n)))
    assert mean_probabilities(arms, prior)[1] == pytest.approx((draws[1] > draws[0]).mean(), abs=4e-3)


def test_probabilities_of_linear_arms_are_those_of_thompson_sampling():
    rng = np.random.default_rng(2)
    contexts = rng.normal(size=(60, 2))
    arms = [
        LinearArm.of(contexts, contexts @ [0.5, 0.2] + rng.normal(0, 1, 60)),
        LinearArm.of(contexts[:9], contexts[:9, 0]),
    ]
    context = np.array([1.0, 0.5])
    draws = []
    for arm in arms:
        precision = arm.products + np.eye(2)
        mean, covariance = np.linalg.solve(precision, arm.responses), np.linalg.inv(precision)
        draws.append(rng.multivariate_normal(mean, covariance, 400_000) @ context)
    expected = (draws[0] > draws[1]).mean()
    assert linear_probabilities(arms, context, noise=1.0)[0] == pytest.approx(expected, abs=4e-3)


@given(st.lists(st.tuples(st.integers(0, 500), st.floats(0, 1)), min_size=1, max_size=6), st.floats(0, 0.1))
def test_probabilities_sum_to_one_and_respect_the_floor(counts, floor):
    arms = [Proportion(n, int(n * share)) for n, share in counts]
    probabilities = share_probabilities(arms, floor=floor)
    assert probabilities.sum() == pytest.approx(1)
    assert (probabilities >= floor - 1e-12).all()


def test_equal_arms_have_equal_chances_and_a_new_arm_is_tried():
    assert share_probabilities([Proportion(0, 0)] * 4) == pytest.approx([0.25] * 4)
    assert share_probabilities([Proportion(1000, 50), Proportion(0, 0)])[1] > 0.5


def test_a_decision_can_be_replayed_from_seed_and_id():
    first = choose([0.3, 0.7], "banner", "decision-42")
    assert choose([0.3, 0.7], "banner", "decision-42") == first
    assert first.propensity == (0.3, 0.7)[first.arm]
    others = {choose([0.5, 0.5], "banner", f"decision-{i}").arm for i in range(20)}
    assert others == {0, 1}


def test_arms_are_chosen_as_often_as_their_probability_says():
    probabilities = np.array([0.05, 0.25, 0.7])
    arms = np.bincount([choose(probabilities, "s", str(i)).arm for i in range(20_000)], minlength=3)
    expected = probabilities * 20_000
    assert ((arms - expected) ** 2 / expected).sum() < 13.8  # chi-square, 2 degrees, p = 0.001


def test_an_arm_without_probability_is_never_chosen():
    assert {choose([0.0, 1.0, 0.0], "s", str(i)).arm for i in range(200)} == {1}


def test_impossible_probabilities_and_floors_are_refused():
    with pytest.raises(Invalid, match="sum to 1"):
        choose([0.5, 0.6], "s", "1")
    with pytest.raises(Invalid, match="floor"):
        with_floor([0.5, 0.5], 0.6)


def test_thompson_sampling_earns_more_than_equal_shares_and_learns_the_best_arm():
    rng = np.random.default_rng(3)
    truth, shown, won = np.array([0.04, 0.05, 0.08]), np.zeros(3, int), np.zeros(3, int)
    for batch in range(60):
        arms = [Proportion(int(n), int(k)) for n, k in zip(shown, won, strict=True)]
        probabilities = share_probabilities(arms, floor=0.02)
        chosen = np.bincount([choose(probabilities, "bandit", f"{batch}-{i}").arm for i in range(100)], minlength=3)
        shown += chosen
        won += rng.binomial(chosen, truth)
    assert shown.argmax() == 2
    assert shown @ truth / shown.sum() > truth.mean() * 1.15


def test_a_contextual_bandit_learns_who_likes_what():
    rng = np.random.default_rng(4)
    likes = np.array([[0.1, 0.5], [0.5, -0.3]])  # weights of (1, is_new_customer) per arm: new ones like arm 0
    arms = [LinearArm.empty(2), LinearArm.empty(2)]
    for step in range(800):
        context = np.array([1.0, float(rng.random() < 0.5)])
        arm = choose(linear_probabilities(arms, context, noise=0.5, floor=0.05), "learn", str(step)).arm
        reward = float(context @ likes[arm] + rng.normal(0, 0.5))
        arms[arm] += LinearArm.of([context], [reward])
    assert linear_probabilities(arms, [1.0, 1.0], noise=0.5)[0] > 0.9
    assert linear_probabilities(arms, [1.0, 0.0], noise=0.5)[1] > 0.9
