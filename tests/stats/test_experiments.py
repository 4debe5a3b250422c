import csv
import gzip
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from stammgast.kernel.errors import Invalid
from stammgast.stats.experiments import (
    Comparison,
    Design,
    NotEnoughData,
    Verdict,
    benjamini_hochberg,
    check_non_inferiority,
    check_sample_ratio,
    check_sample_ratio_sequentially,
    compare,
    compare_always_valid,
    compare_bayesian,
    compare_shares_bayesian,
    cuped,
    duration_days,
    holm,
    minimum_detectable_effect,
    post_stratify,
    power,
    sample_size_per_arm,
    verdicts,
    winsorise,
)
from stammgast.stats.experiments.bayesian import EffectPrior
from stammgast.stats.experiments.compare import ArmArrays, effects, welch
from stammgast.stats.experiments.sequential import sequence
from stammgast.stats.moments import Estimate, Moments, PairMoments, Proportion

A = Moments(3407, 1396.87, 52377.9767)
B = Moments(3461, 2422.7, 134698.29)
# Source of the numbers on A and B: the tests of GrowthBook's gbstats (frequentist), recomputed here by our formulas.


def rounded(comparison, digits=5):
    return tuple(round(x, digits) for x in (comparison.effect, comparison.interval.low, comparison.interval.high))


def test_welch_relative_matches_the_reference():
    lift = compare(A.estimate(), B.estimate(), relative=True)
    assert rounded(lift) == (0.70732, -0.03526, 1.44989)
    assert round(lift.p_value, 5) == 0.06191
    assert round(lift.standard_error, 5) == 0.37879
    assert not lift.significant


def test_welch_absolute_matches_the_reference():
    difference = compare(A.estimate(), B.estimate())
    assert rounded(difference) == (0.29, 0.04538, 0.53462)
    assert round(difference.p_value, 5) == 0.02016


def test_welch_of_two_shares_matches_the_reference():
    # gbstats, test_two_sided_ttest_binom: 14 of 28 against 16 of 30.
    lift = compare(Proportion(28, 14).estimate(), Proportion(30, 16).estimate(), relative=True)
    assert rounded(lift) == (0.06667, -0.47767, 0.61101)
    assert round(lift.p_value, 5) == 0.80707


def test_welch_from_sums_equals_scipys_welch_on_rows():
    rng = np.random.default_rng(0)
    a, b = rng.gamma(2, 3, 80), rng.gamma(2, 3.5, 120)
    ours = compare(Moments.of(a).estimate(), Moments.of(b).estimate())
    theirs = stats.ttest_ind(b, a, equal_var=False)
    assert ours.p_value == pytest.approx(theirs.pvalue)
    assert ours.interval.low == pytest.approx(theirs.confidence_interval().low)


def test_always_valid_relative_matches_the_reference():
    # gbstats, test_sequential_test_runs; formulas: arXiv 2103.06476, eq. 9, 155 and 161.
    control = Moments(3000, 1396.87, 52377.9767)
    lift = compare_always_valid(control.estimate(), B.estimate(), relative=True, tuning=1000)
    assert rounded(lift) == (0.50336, -0.55844, 1.56516)
    assert lift.p_value == 1
    assert lift.always_valid


def test_always_valid_of_two_shares_matches_the_reference():
    # gbstats, test_sequential_test_runs_prop, tuning 5000.
    lift = compare_always_valid(Proportion(3000, 1396).estimate(), Proportion(3461, 2422).estimate(), relative=True)
    assert rounded(lift) == (0.50386, 0.40098, 0.60675)
    assert lift.p_value < 1e-6


def test_the_sequence_is_tightest_near_its_tuning():
    # gbstats, test_sequential_test_tuning_as_expected.
    control = Moments(3000, 1396.87, 52377.9767).estimate()
    widths = [
        compare_always_valid(control, B.estimate(), relative=True, tuning=t).interval.width for t in (10, 6461, 10_000)
    ]
    assert widths[1] < widths[2] < widths[0]


@given(st.floats(-0.3, 0.3), st.floats(0.5, 0.99))
def test_always_valid_p_agrees_with_its_interval(effect, confidence):
    control, treatment = Estimate(5000, 1.0, 4.0), Estimate(5000, 1.0 + effect, 4.0)
    found = compare_always_valid(control, treatment, confidence=confidence)
    gap = min(abs(found.interval.low), abs(found.interval.high))
    if confidence == 0.95 and gap > 1e-9:
        assert (found.p_value <= 0.05) == found.significant
    assert 0 <= found.p_value <= 1


def test_always_valid_p_is_five_percent_where_the_interval_touches_zero():
    half = compare_always_valid(Estimate(5000, 1.0, 4.0), Estimate(5000, 1.0, 4.0)).interval.high
    touching = compare_always_valid(Estimate(5000, 1.0, 4.0), Estimate(5000, 1.0 + half, 4.0))
    assert touching.p_value == pytest.approx(0.05)


@pytest.fixture(scope="module")
def peeked():
    """4,000 A/A tests with conversion 0.1, 100 users an arm between looks, 100 looks."""
    rng = np.random.default_rng(0)
    n = np.arange(1, 101) * 100.0
    shares = [np.cumsum(rng.binomial(100, 0.1, (4000, 100)), axis=1) / n for _ in range(2)]
    return effects(
        *(ArmArrays(n[None, :], share, np.maximum(share * (1 - share), 1e-9)) for share in shares), relative=False
    )


@pytest.mark.parametrize(("looks", "expected"), [(1, 0.05), (5, 0.14), (20, 0.25), (100, 0.37)])
def test_looking_again_and_again_breaks_the_fixed_horizon_test(peeked, looks, expected):
    # METRICS: 5 % at one look becomes 14 % at 5, 25 % at 20 and 37 % at 100; the looks are spread evenly.
    places = np.linspace(0, 100, looks + 1).astype(int)[1:] - 1
    wrong = np.abs(peeked.effect) > welch(peeked, 0.95)[0]
    assert wrong[:, places].any(axis=1).mean() == pytest.approx(expected, abs=0.015)


def test_the_always_valid_reading_stays_under_five_percent_at_100_looks(peeked):
    wrong = np.abs(peeked.effect) > sequence(peeked, 0.95, 5000)[0]
    assert wrong.any(axis=1).mean() <= 0.05


def test_the_sequence_covers_the_true_effect_at_all_looks_at_once_and_finds_it():
    rng = np.random.default_rng(1)
    n = np.arange(1, 101) * 100.0
    shares = [np.cumsum(rng.binomial(100, p, (2000, 100)), axis=1) / n for p in (0.10, 0.12)]
    found = effects(
        *(ArmArrays(n[None, :], share, np.maximum(share * (1 - share), 1e-9)) for share in shares), relative=False
    )
    half = sequence(found, 0.95, 5000)[0]
    assert (np.abs(found.effect - 0.02) <= half).all(axis=1).mean() >= 0.95
    powers = (found.effect > half).any(axis=1).mean(), (found.effect > welch(found, 0.95)[0])[:, -1].mean()
    assert powers[0] > 0.9  # reported in docs/reference/methods.md beside the fixed-horizon power
    assert powers[1] > powers[0]


def test_welch_covers_for_skewed_revenue():
    rng = np.random.default_rng(2)
    a, b = (rng.gamma(0.5, 10, (4000, 400)) for _ in range(2))
    arms = [ArmArrays(np.full(4000, 400.0), x.mean(axis=1), x.var(axis=1, ddof=1)) for x in (a, b)]
    found = effects(*arms, relative=False)
    assert (np.abs(found.effect) <= welch(found, 0.95)[0]).mean() == pytest.approx(0.95, abs=0.01)


def test_bayesian_chance_to_win_matches_the_reference():
    # METRICS: 49 of 100 against 51 of 100.
    assert (
        round(compare_bayesian(Proportion(100, 49).estimate(), Proportion(100, 51).estimate()).chance_to_win, 5)
        == 0.60918
    )


def test_exact_chance_to_win_and_losses_agree_with_a_large_simulation():
    rng = np.random.default_rng(3)
    a, b = rng.beta(3, 19, 1_000_000), rng.beta(6, 26, 1_000_000)
    exact = compare_shares_bayesian(Proportion(20, 2), Proportion(30, 5))
    assert exact.chance_to_win == pytest.approx((b > a).mean(), abs=2e-3)
    assert exact.expected_loss_treatment == pytest.approx(np.maximum(a - b, 0).mean(), abs=2e-4)
    assert exact.expected_loss_control == pytest.approx(np.maximum(b - a, 0).mean(), abs=2e-4)


def test_losses_differ_by_the_effect_and_a_sceptical_prior_shrinks_it():
    control, treatment = Estimate(1000, 0.10, 0.09), Estimate(1000, 0.13, 0.1131)
    flat = compare_bayesian(control, treatment, relative=False)
    assert flat.expected_loss_control - flat.expected_loss_treatment == pytest.approx(0.03)
    sceptical = compare_bayesian(control, treatment, relative=False, prior=EffectPrior(0.0, 0.01))
    assert 0 < sceptical.effect < 0.03
    assert sceptical.chance_to_win < flat.chance_to_win


def test_cuped_narrows_the_interval_by_the_correlation():
    rng = np.random.default_rng(4)
    before = rng.gamma(2, 10, (2, 4000))
    now = 0.8 * before + rng.normal(0, 8, (2, 4000)) + np.array([[0.0], [1.0]])
    arms = [PairMoments.of(y, x) for y, x in zip(now, before, strict=True)]
    plain, adjusted = [arm.y.estimate() for arm in arms], cuped(arms)
    correlation = np.corrcoef(now.ravel(), before.ravel())[0, 1]
    assert adjusted[0].variance == pytest.approx(plain[0].variance * (1 - correlation**2), rel=0.05)
    assert compare(*adjusted).interval.contains(1.0)
    assert compare(*adjusted).interval.width < 0.7 * compare(*plain).interval.width


def test_cuped_keeps_its_level_in_a_a_tests():
    rng = np.random.default_rng(5)
    wrong = []
    for _ in range(800):
        before = rng.normal(10, 3, (2, 150))
        now = before + rng.normal(0, 2, (2, 150))
        wrong.append(compare(*cuped([PairMoments.of(y, x) for y, x in zip(now, before, strict=True)])).significant)
    assert np.mean(wrong) <= 0.07


def test_cuped_without_anything_known_before_changes_nothing():
    arm = PairMoments.of([1.0, 2.0, 4.0], [0.0, 0.0, 0.0])
    assert cuped([arm])[0] == arm.y.estimate()


def test_post_stratification_removes_the_difference_between_strata_and_keeps_the_level():
    rng = np.random.default_rng(6)
    narrower, wrong = [], []
    for _ in range(300):
        strata = rng.integers(0, 2, (2, 300))
        values = 20.0 * strata + rng.normal(0, 2, (2, 300))
        arms = [[Moments.of(v[s == k]) for k in (0, 1)] for v, s in zip(values, strata, strict=True)]
        adjusted, plain = compare(*post_stratify(arms)), compare(*(Moments.of(v).estimate() for v in values))
        narrower.append(adjusted.interval.width < 0.25 * plain.interval.width)
        wrong.append(adjusted.significant)
    assert all(narrower)
    assert np.mean(wrong) <= 0.08


def test_an_empty_stratum_is_named_not_guessed():
    assert isinstance(post_stratify([[Moments(0, 0, 0)], [Moments(5, 1, 1)]]), NotEnoughData)


def test_cookie_cats_has_a_sample_ratio_mismatch_and_loses_retention(shared_data):
    # METRICS: 90,189 users, p = 0.0086; day-7 retention -0.82 points, p = 0.0016.
    with gzip.open(shared_data / "cookie_cats" / "cookie_cats.csv.gz", "rt") as lines:
        rows = list(csv.DictReader(lines, delimiter=";"))
    arms = [[row["retention_7"] == "TRUE" for row in rows if row["version"] == gate] for gate in ("gate_30", "gate_40")]
    assert sum(map(len, arms)) == 90_189
    assert round(check_sample_ratio([len(arm) for arm in arms], [1, 1]).p_value, 4) == 0.0086
    retention = compare(*(Proportion(len(arm), sum(arm)).estimate() for arm in arms))
    assert round(100 * retention.effect, 2) == -0.82
    assert round(retention.p_value, 4) == 0.0016


def test_hillstroms_mailing_reproduces_the_known_lifts():
    # Hillstrom 2008, 64,000 customers: visits 3,894 of 21,307 (men's mail), 3,238 of 21,387 (women's), 2,262 of 21,306 (none).
    nobody, men, women = Proportion(21_306, 2262), Proportion(21_307, 3894), Proportion(21_387, 3238)
    assert round(compare(nobody.estimate(), men.estimate()).effect, 4) == 0.0766
    assert round(compare(nobody.estimate(), women.estimate()).effect, 4) == 0.0452
    assert round(check_sample_ratio([21_306, 21_307, 21_387], [1, 1, 1]).p_value, 2) == 0.90


def test_the_sequential_sample_ratio_check_keeps_its_level_at_every_look_and_finds_a_real_mismatch():
    rng = np.random.default_rng(7)
    looks = np.arange(1, 51)
    alarms, found = [], []
    for _ in range(300):
        fair, skewed = (np.cumsum(rng.binomial(200, p, 50)) for p in (0.5, 0.47))
        alarms.append(
            any(
                check_sample_ratio_sequentially([k, 200 * i - k], [1, 1]).p_value <= 0.05
                for i, k in zip(looks, fair, strict=True)
            )
        )
        found.append(check_sample_ratio_sequentially([skewed[-1], 200 * 50 - skewed[-1]], [1, 1]).p_value <= 0.05)
    assert np.mean(alarms) <= 0.05
    assert np.mean(found) > 0.9


def test_sample_ratio_says_nothing_without_units():
    assert check_sample_ratio([0, 0], [1, 1]) is None
    assert check_sample_ratio_sequentially([0, 0], [1, 1]) is None


def test_adjusted_p_values_match_rs_p_adjust():
    # R: p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm") and "BH".
    p = [0.01, 0.02, 0.03, 0.04, 0.05]
    assert holm(p) == pytest.approx([0.05, 0.08, 0.09, 0.09, 0.09])
    assert benjamini_hochberg(p) == pytest.approx([0.05] * 5)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_adjusting_keeps_the_order_and_never_helps(p):
    for adjust in (holm, benjamini_hochberg):
        adjusted = adjust(p)
        assert (adjusted >= np.array(p) - 1e-12).all()
        assert (adjusted <= 1).all()
        ordered = adjusted[np.argsort(p, kind="stable")]
        assert all(a <= b + 1e-12 for a, b in pairwise(ordered))
    assert (benjamini_hochberg(p) <= holm(p) + 1e-12).all()


def test_non_inferiority_holds_only_within_the_margin():
    control, treatment = Estimate(20_000, 0.50, 0.25), Estimate(20_000, 0.495, 0.25)
    assert check_non_inferiority(control, treatment, margin=0.02).holds
    assert not check_non_inferiority(control, treatment, margin=0.006).holds
    slower = check_non_inferiority(control, treatment, margin=0.006, higher_is_better=False)
    assert slower.holds
    assert slower.p_value < 0.05


def test_non_inferiority_errs_in_five_percent_at_the_margin():
    rng = np.random.default_rng(8)
    held = [
        check_non_inferiority(
            Proportion(2000, int(rng.binomial(2000, 0.50))).estimate(),
            Proportion(2000, int(rng.binomial(2000, 0.46))).estimate(),
            margin=0.04,
        ).holds
        for _ in range(1500)
    ]
    assert np.mean(held) == pytest.approx(0.05, abs=0.02)


def test_winsorising_uses_one_cap_for_all_arms_and_tells_it():
    capped = winsorise([[1.0] * 99, [1.0] * 100 + [1000.0]], upper=0.99)
    assert capped.high == 1.0
    assert capped.changed == (0, 1)
    assert capped.arms[1].max() == 1.0


def test_sample_size_power_and_detectable_effect_agree():
    # By hand: (1.959964 + 0.841621)^2 * (0.1 * 0.9 + 0.12 * 0.88) / 0.02^2 = 3838.1, rounded up.
    design = Design.for_shares(0.10, 0.12)
    assert sample_size_per_arm(design, 0.02) == (3839, 3839)
    assert power(design, 0.02, 3839) == pytest.approx(0.8, abs=1e-3)
    assert minimum_detectable_effect(design, 3839) == pytest.approx(0.02, abs=1e-5)
    assert power(design, 0.0, 3839) == pytest.approx(0.05)


def test_planned_power_is_reached_in_simulation():
    rng = np.random.default_rng(9)
    n, _ = sample_size_per_arm(Design.for_shares(0.10, 0.13), 0.03)
    a, b = (rng.binomial(n, p, 4000) / n for p in (0.10, 0.13))
    found = effects(*(ArmArrays(np.full(4000, float(n)), x, x * (1 - x)) for x in (a, b)), relative=False)
    assert (np.abs(found.effect) > welch(found, 0.95)[0]).mean() == pytest.approx(0.8, abs=0.02)


def test_durations_are_whole_weeks_and_unknown_without_visitors():
    assert duration_days(1000, 100) == 14
    assert duration_days(1000, 100, whole_weeks=False) == 10
    assert duration_days(1000, 0) is None


@pytest.mark.parametrize(
    ("control", "treatment", "reason"),
    [
        (None, Estimate(5, 1.0, 1.0), "control group has fewer than two"),
        (Estimate(5, 1.0, 1.0), Estimate(1, 1.0, 1.0), "treatment group has fewer than two"),
        (Estimate(5, 1.0, 0.0), Estimate(5, 1.0, 0.0), "does not vary"),
    ],
)
def test_too_little_data_is_a_named_answer_everywhere(control, treatment, reason):
    for ask in (compare, compare_always_valid, compare_bayesian):
        answer = ask(control, treatment)
        assert isinstance(answer, NotEnoughData)
        assert reason in answer.reason
    assert isinstance(check_non_inferiority(control, treatment, margin=0.1), NotEnoughData)


def test_a_relative_effect_needs_a_positive_control():
    answer = compare(Estimate(5, 0.0, 1.0), Estimate(5, 1.0, 1.0), relative=True)
    assert isinstance(answer, NotEnoughData)
    assert isinstance(compare(Estimate(5, 0.0, 1.0), Estimate(5, 1.0, 1.0)), Comparison)


def test_bulk_verdicts_equal_the_single_functions():
    controls = [A.estimate(), None, Estimate(50, 0.0, 1.0), Proportion(100, 49).estimate()]
    treatments = [B.estimate(), B.estimate(), Estimate(60, 0.5, 2.0), Proportion(100, 51).estimate()]
    first, missing, zero_control, share = verdicts(controls, treatments)
    assert isinstance(missing, NotEnoughData)
    assert isinstance(first, Verdict)
    assert first.absolute == compare(controls[0], treatments[0])
    assert first.relative == compare(controls[0], treatments[0], relative=True)
    assert first.sequential == compare_always_valid(controls[0], treatments[0])
    assert zero_control.relative is None
    bayes = compare_bayesian(controls[3], treatments[3], relative=False)
    assert share.chance_to_win == pytest.approx(bayes.chance_to_win)
    assert share.expected_loss_control == pytest.approx(bayes.expected_loss_control)
    assert verdicts([None], [None]) == [NotEnoughData("The control group has fewer than two units.")]


def test_unequal_lists_of_metrics_are_refused():
    with pytest.raises(Invalid, match="treatment"):
        verdicts([None], [])
