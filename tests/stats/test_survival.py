import math

import numpy as np
import pytest

from stammgast.kernel.errors import Invalid
from stammgast.stats.errors import NotIdentified
from stammgast.stats.survival import fit_retention, log_rank_p_value, survival_curve

# Freireich et al. 1963, remission in weeks, in every textbook: 21 treated (12 censored), 21 on placebo.
TREATED = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
TREATED_DONE = [1] * 9 + [0] * 12
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


def test_curve_matches_the_textbook_table():
    # Kleinbaum and Klein 2012, table 2.1: S(6) = 0.8571, S(10) = 0.7529, S(23) = 0.4482; median 23 weeks.
    curve = survival_curve(TREATED, TREATED_DONE)
    at = dict(zip(curve.times.tolist(), curve.survival.tolist(), strict=True))
    assert (round(at[6], 4), round(at[10], 4), round(at[23], 4)) == (0.8571, 0.7529, 0.4482)
    assert curve.quantile(0.5) == 23
    assert (curve.n, curve.events) == (21, 9)


def test_median_interval_matches_rs_survfit():
    # R: survfit(Surv(t, d) ~ 1, conf.type = "log-log"): treated median 23, 95 % limits 13 and NA; placebo 8, 4 and 11.
    treated = survival_curve(TREATED, TREATED_DONE).quantile_interval(0.5)
    placebo = survival_curve(PLACEBO, [1] * 21).quantile_interval(0.5)
    assert (treated.low, treated.high) == (13, math.inf)
    assert (placebo.low, placebo.high) == (4, 11)


def test_log_rank_matches_the_textbook():
    # Kleinbaum and Klein 2012: chi-square 16.793 on 1 degree of freedom.
    from scipy.stats import chi2

    p = log_rank_p_value(TREATED, TREATED_DONE, PLACEBO, [1] * 21)
    assert p == pytest.approx(chi2.sf(16.793, 1), rel=1e-3)


def test_leaving_open_cases_out_would_flatter_the_median():
    rng = np.random.default_rng(0)
    truth, asked = rng.exponential(24, 4000), rng.uniform(0, 48, 4000)
    waited, answered = np.minimum(truth, asked), truth <= asked
    honest = survival_curve(waited, answered).quantile(0.5)
    assert honest == pytest.approx(24 * math.log(2), rel=0.05)
    assert np.median(waited[answered]) < 0.7 * honest


def test_median_interval_covers_with_a_third_of_the_cases_open():
    rng = np.random.default_rng(1)
    truth, covered = math.log(2), []
    for _ in range(800):
        done, asked = rng.exponential(1, 60), rng.uniform(0, 3, 60)
        covered.append(survival_curve(np.minimum(done, asked), done <= asked).quantile_interval(0.5).contains(truth))
    assert np.mean(covered) >= 0.93


def test_a_quantile_nobody_reached_is_none_not_a_number():
    curve = survival_curve([1, 2, 3, 4], [1, 0, 0, 0])
    assert curve.quantile(0.9) is None
    assert survival_curve([5, 6], [0, 0]).quantile_interval(0.5) is None
    assert survival_curve([], []) is None
    assert log_rank_p_value([1], [0], [2], [0]) is None


def test_without_open_cases_the_curve_is_the_share_still_waiting():
    curve = survival_curve([1, 2, 2, 5], [1, 1, 1, 1])
    assert curve.survival.tolist() == [0.75, 0.25, 0.0]
    assert curve.restricted_mean(10) == pytest.approx(2.5)  # the mean of 1, 2, 2, 5
    assert curve.restricted_mean(2) == pytest.approx(1.75)  # of 1, 2, 2, 2


def test_the_band_holds_the_curve():
    curve = survival_curve(TREATED, TREATED_DONE)
    assert (curve.low <= curve.survival).all()
    assert (curve.survival <= curve.high).all()


@pytest.mark.parametrize(
    ("survivors", "alpha", "beta", "log_likelihood"),
    [
        # Fader and Hardie 2007, "How to project customer retention", high-end and regular segments.
        ([1000, 869, 743, 653, 593, 551, 517, 491], 0.668, 3.806, -1611.2),
        ([1000, 631, 468, 382, 326, 289, 262, 241], 0.704, 1.182, -1680.3),
    ],
)
def test_retention_model_reproduces_the_published_fits(survivors, alpha, beta, log_likelihood):
    model = fit_retention(survivors)
    assert (round(model.alpha, 3), round(model.beta, 3)) == (alpha, beta)
    assert round(model.log_likelihood, 1) == log_likelihood


def test_projected_retention_rises_with_tenure_and_multiplies_to_survival():
    model = fit_retention([1000, 869, 743, 653, 593, 551, 517, 491])
    rates = model.retention(np.arange(1, 13))
    assert (np.diff(rates) > 0).all()
    assert np.cumprod(rates) == pytest.approx(model.survival(np.arange(1, 13)))


def test_a_cohort_that_cannot_say_anything_is_refused():
    with pytest.raises(NotIdentified):
        fit_retention([100, 90])
    with pytest.raises(Invalid, match="must fall"):
        fit_retention([100, 90, 95])
