import csv
import gzip

import numpy as np
import pytest

from stammgast.kernel.errors import Invalid
from stammgast.stats.off_policy import (
    Estimator,
    EvaluationTerms,
    LoggedDecisions,
    PolicyValue,
    Refusal,
    effective_sample_size,
    evaluate_policy,
)

EPSILON, ARMS, DECISIONS = 0.1, 10, 2000
CLICKS = np.linspace(0.015, 0.03, ARMS)
PROPENSITY = np.where(np.arange(ARMS) == 0, 1 - EPSILON, 0) + EPSILON / ARMS


def logged(rng, target=ARMS - 1, *, predicted=False):
    """Epsilon-greedy on the first arm; the other policy always shows `target`."""
    arm = rng.choice(ARMS, size=DECISIONS, p=PROPENSITY)
    reward = (rng.random(DECISIONS) < CLICKS[arm]).astype(float)
    guess = np.full(DECISIONS, 0.02) if predicted else None
    return LoggedDecisions.of(reward, PROPENSITY[arm], arm == target, guess, guess)


@pytest.mark.parametrize("estimator", list(Estimator))
def test_our_intervals_cover_where_normal_ones_do_not(estimator):
    # METRICS: normal 95 % intervals cover only 0.44 at epsilon 0.1 and n = 2,000; ours at least 0.95 (threshold switched off).
    rng = np.random.default_rng(3)
    terms = EvaluationTerms(estimator, effective_sample_min=1)
    ours, normal = [], []
    for _ in range(300):
        log = logged(rng, predicted=estimator is Estimator.DOUBLY_ROBUST)
        weighted = log.weight * log.reward
        normal.append(abs(weighted.mean() - CLICKS[-1]) <= 1.96 * weighted.std(ddof=1) / np.sqrt(DECISIONS))
        value = evaluate_policy(log, propensity_min=EPSILON / ARMS, terms=terms)
        assert value.interval.contains(value.value)
        ours.append(value.interval.contains(CLICKS[-1]))
    assert np.mean(normal) == pytest.approx(0.44, abs=0.06)
    assert np.mean(ours) >= 0.95


def test_twenty_effective_decisions_are_refused_with_the_reason():
    refusal = evaluate_policy(logged(np.random.default_rng(0)), propensity_min=EPSILON / ARMS)
    assert isinstance(refusal, Refusal)
    assert refusal.effective_sample_size < 50
    assert "decisions of the other policy" in refusal.reason


def test_the_policy_that_ran_is_valued_at_its_own_mean():
    rng = np.random.default_rng(1)
    arm = rng.choice(ARMS, size=DECISIONS, p=PROPENSITY)
    reward = (rng.random(DECISIONS) < 0.3).astype(float)
    log = LoggedDecisions.of(reward, PROPENSITY[arm], PROPENSITY[arm])
    value = evaluate_policy(log, propensity_min=EPSILON / ARMS)
    assert value.value == pytest.approx(reward.mean())
    assert value.effective_sample_size == pytest.approx(DECISIONS)


def test_self_normalised_values_do_not_change_when_rewards_are_shifted_in_meaning():
    rng = np.random.default_rng(2)
    arm = rng.integers(0, 2, 3000)
    reward = (rng.random(3000) < np.array([0.2, 0.6])[arm]).astype(float)
    target = np.array([0.1, 0.9])[arm]
    won = evaluate_policy(LoggedDecisions.of(reward, np.full(3000, 0.5), target), propensity_min=0.5)
    lost = evaluate_policy(LoggedDecisions.of(1 - reward, np.full(3000, 0.5), target), propensity_min=0.5)
    assert won.value == pytest.approx(1 - lost.value)
    assert won.interval.low == pytest.approx(1 - lost.interval.high, abs=0.02)
    assert won.interval.contains(0.9 * 0.6 + 0.1 * 0.2)


def test_a_good_reward_model_makes_doubly_robust_the_most_precise_and_a_bad_one_leaves_it_right():
    rng = np.random.default_rng(4)
    truth = np.array([0.1, 0.9])
    errors = {"inverse": [], "good": [], "bad": []}
    for _ in range(200):
        arm = rng.choice(2, size=500, p=[0.8, 0.2])
        reward = (rng.random(500) < truth[arm]).astype(float)
        propensity, target = np.array([0.8, 0.2])[arm], (arm == 1).astype(float)
        for name, model in (("good", truth), ("bad", truth[::-1])):
            log = LoggedDecisions.of(reward, propensity, target, model[arm], np.full(500, model[1]))
            value = evaluate_policy(log, propensity_min=0.2, terms=EvaluationTerms(Estimator.DOUBLY_ROBUST))
            errors[name].append(value.value - 0.9)
        value = evaluate_policy(log, propensity_min=0.2, terms=EvaluationTerms(Estimator.INVERSE_PROPENSITY))
        errors["inverse"].append(value.value - 0.9)
    assert np.std(errors["good"]) < 0.6 * np.std(errors["inverse"])
    assert abs(np.mean(errors["bad"])) < 3 * np.std(errors["bad"]) / np.sqrt(200)


def test_doubly_robust_without_predictions_is_refused():
    log = LoggedDecisions.of([1.0, 0.0] * 100, [0.5] * 200, [0.5] * 200)
    refusal = evaluate_policy(log, propensity_min=0.5, terms=EvaluationTerms(Estimator.DOUBLY_ROBUST))
    assert "reward model" in refusal.reason


def test_wrong_propensities_are_noticed():
    log = LoggedDecisions.of([1.0, 0.0] * 500, [0.5] * 1000, [0.25, 0.2] * 500)
    refusal = evaluate_policy(log, propensity_min=0.5)
    assert "propensities cannot be right" in refusal.reason


def test_a_floor_above_a_logged_propensity_is_refused():
    with pytest.raises(Invalid, match="propensity_min"):
        evaluate_policy(LoggedDecisions.of([1.0], [0.1], [1.0]), propensity_min=0.2)


@pytest.mark.parametrize(("reward", "propensity"), [([2.0], [0.5]), ([1.0], [0.0]), ([1.0], [1.5])])
def test_impossible_logs_are_refused(reward, propensity):
    with pytest.raises(Invalid):
        LoggedDecisions.of(reward, propensity, [1.0])


def test_no_weight_is_no_effective_decision():
    assert effective_sample_size([0.0, 0.0]) == 0


def test_real_random_recommendations_foretell_what_the_real_bandit_earned(shared_data):
    # Open Bandit, men's campaign: from 10,000 random recommendations, value the other campaign's mix of items by position and
    # compare with the clicks it really got.
    random, bandit = (read_log(shared_data / "open_bandit" / name / "men.csv.gz") for name in ("random", "bts"))
    shown = {}
    for position, item, *_ in bandit:
        shown[position, item] = shown.get((position, item), 0) + 1
    by_position = {p: sum(n for (q, _), n in shown.items() if q == p) for p in {row[0] for row in bandit}}
    target = [shown.get((position, item), 0) / by_position[position] for position, item, *_ in random]
    log = LoggedDecisions.of([row[2] for row in random], [row[3] for row in random], target)
    value = evaluate_policy(log, propensity_min=min(row[3] for row in random))
    assert isinstance(value, PolicyValue)
    earned = np.mean([row[2] for row in bandit])
    assert value.interval.contains(earned)
    assert value.interval.width < 0.03


def read_log(path):
    with gzip.open(path, "rt") as lines:
        return [
            (row["position"], row["item_id"], float(row["click"]), float(row["propensity_score"]))
            for row in csv.DictReader(lines)
        ]
