import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate
from scipy.optimize import approx_fprime
from scipy.special import gammaln, hyp2f1

from stammgast.kernel.errors import Invalid
from stammgast.stats.clv import (
    BgNbd,
    Nbd,
    ValueTerms,
    calibrate,
    check_independence,
    choose_purchase_model,
    discounted_lifetime_value,
    fit_bg_nbd,
    fit_gamma_gamma,
    fit_mbg_nbd,
    fit_nbd,
    fit_pareto_nbd,
)
from stammgast.stats.clv.bg_nbd import bg_nbd_log_likelihood
from stammgast.stats.clv.gamma_gamma import gamma_gamma_log_likelihood
from stammgast.stats.clv.histories import group_histories
from stammgast.stats.clv.pareto_nbd import pareto_nbd_log_likelihood
from stammgast.stats.errors import NotConverged, NotIdentified, SpendDependsOnFrequency

# Source of all CDNOW parameters: Fader, Hardie and Lee 2005 (Marketing Science 24), table 2; Gamma-Gamma: Fader and Hardie 2013,
# with more digits in the project's reference numbers.


def test_bg_nbd_reproduces_the_published_cdnow_fit(cdnow_summary):
    model = fit_bg_nbd(*cdnow_summary)
    assert model.parameters == pytest.approx({"r": 0.2426, "alpha": 4.4135, "a": 0.7929, "b": 2.4257}, abs=6e-5)
    assert round(model.log_likelihood, 2) == -9582.43
    assert model.customers == 2357


def test_pareto_nbd_reproduces_the_published_cdnow_fit(cdnow_summary):
    model = fit_pareto_nbd(*cdnow_summary)
    assert round(model.r, 4) == 0.5533
    assert round(model.alpha, 3) == 10.578
    assert round(model.s, 4) == 0.6062
    assert round(model.beta, 3) == 11.668
    assert round(model.log_likelihood, 2) == -9594.97


def test_gamma_gamma_reproduces_the_published_cdnow_fit_of_946_repeat_buyers(cdnow):
    model = fit_gamma_gamma(cdnow.frequency, cdnow.mean_value)
    assert model.customers == 946
    assert (round(model.p, 4), round(model.q, 4), round(model.v, 4)) == (6.2488, 3.7446, 15.4477)
    assert round(model.log_likelihood, 2) == -4055.92


def test_mbg_nbd_reproduces_a_published_cdnow_fit(cdnow_summary):
    # The R package BTYDplus (Platzer), vignette "Customer base analysis with BTYDplus", CDNOW, mbgnbd.
    model = fit_mbg_nbd(*cdnow_summary)
    assert [round(value, 3) for value in model.parameters.values()] == [0.525, 6.183, 0.891, 1.614]


def test_expected_purchases_of_customer_one_match_the_authors_spreadsheet(cdnow_summary):
    # Fader, Hardie and Lee 2005, "Implementing the BG/NBD model in Excel": x = 2, t_x = 30.43, T = 38.86, 39 weeks ahead: 1.226.
    assert round(fit_bg_nbd(*cdnow_summary).expected_purchases(39, [2], [30.43], [38.86])[0], 3) == 1.226


@pytest.mark.parametrize("fit", [fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd, fit_nbd])
@pytest.mark.parametrize("unit", [7.0, 604_800.0, 1 / 52])
def test_days_seconds_or_years_give_the_same_customers(cdnow_summary, fit, unit):
    frequency, recency, age = cdnow_summary
    weeks, other = fit(frequency, recency, age), fit(frequency, recency * unit, age * unit)
    assert other.parameters["r"] == pytest.approx(weeks.parameters["r"], rel=1e-5)
    assert other.parameters["alpha"] == pytest.approx(weeks.parameters["alpha"] * unit, rel=1e-5)
    # A density per day is a seventh of one per week, once for every purchase.
    assert other.log_likelihood == pytest.approx(weeks.log_likelihood - frequency.sum() * np.log(unit))


def test_a_maximum_on_a_long_ridge_is_found():
    # Hardly anyone leaves: a is 0.05 and b far beyond; plain quasi-Newton steps slide past such a maximum.
    truth = {"r": 0.8, "alpha": 10.0, "a": 0.05, "b": 6.0}
    model = fit_bg_nbd(*simulated_shop(truth, 20_000, 5))
    assert model.r == pytest.approx(0.8, rel=0.05)
    assert model.a / (model.a + model.b) == pytest.approx(0.05 / 6.05, abs=0.004)


def test_a_row_counted_n_times_equals_n_equal_rows(cdnow_summary):
    frequency, recency, age = (column[:200] for column in cdnow_summary)
    weights = np.arange(200) % 3
    repeated = [np.repeat(column, weights) for column in (frequency, recency, age)]
    by_weight, by_row = fit_bg_nbd(frequency, recency, age, weights), fit_bg_nbd(*repeated)
    assert by_weight.parameters == pytest.approx(by_row.parameters, rel=1e-5)
    assert by_weight.log_likelihood == pytest.approx(by_row.log_likelihood, rel=1e-10)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(5, 8)), min_size=1, max_size=60), st.booleans()
)
def test_grouping_keeps_every_customer_once(rows, whole):
    table = np.array([(x, t_x if x else 0, t) for x, t_x, t in rows], dtype=float)
    if not whole:
        table[:, 2] += 0.25  # fractions take the sorting path, whole numbers the counting table
    grouped = group_histories(*table.T)
    distinct, count = np.unique(table, axis=0, return_counts=True)
    found = np.column_stack([grouped.frequency, grouped.recency, grouped.age, grouped.weight])
    assert sorted(map(tuple, found)) == sorted(
        (*row, float(n)) for row, n in zip(distinct.tolist(), count, strict=True)
    )


@pytest.mark.parametrize("parameters", [(0.3, 5.0, 0.7, 2.0), (2.0, 40.0, 3.0, 0.4)])
@pytest.mark.parametrize("modified", [False, True])
def test_bg_nbd_gradient_is_that_of_its_likelihood(cdnow_summary, parameters, modified):
    likelihood = bg_nbd_log_likelihood(group_histories(*cdnow_summary), modified=modified)
    check_gradient(likelihood, parameters)


@pytest.mark.parametrize("parameters", [(0.5, 10.0, 0.6, 12.0), (2.0, 3.0, 0.2, 30.0), (0.01, 100.0, 5.0, 2.0)])
def test_pareto_nbd_likelihood_equals_the_hypergeometric_form_and_its_gradient_fits(cdnow_summary, parameters):
    x, t_x, t = cdnow_summary
    likelihood = pareto_nbd_log_likelihood(group_histories(*cdnow_summary))
    assert likelihood(np.array(parameters))[0] == pytest.approx(
        pareto_by_hypergeometric(parameters, x, t_x, t), rel=1e-12
    )
    check_gradient(likelihood, parameters)


def test_gamma_gamma_gradient_is_that_of_its_likelihood(cdnow):
    repeat = cdnow.frequency > 0
    likelihood = gamma_gamma_log_likelihood(cdnow.frequency[repeat], cdnow.mean_value[repeat], np.ones(946))
    check_gradient(likelihood, (5.0, 3.0, 20.0))


def check_gradient(likelihood, parameters):
    place = np.array(parameters)
    numeric = approx_fprime(place, lambda p: likelihood(p)[0], 1e-6 * place)
    assert likelihood(place)[1] == pytest.approx(numeric, rel=2e-4, abs=0.05)


def pareto_by_hypergeometric(parameters, x, t_x, t):
    """The classical form: Fader and Hardie 2005, "A note on deriving the Pareto/NBD model", eq. 27."""
    r, alpha, s, beta = parameters
    larger, second = (alpha, s + 1) if alpha >= beta else (beta, r + x)

    def part(y):
        return hyp2f1(r + s + x, second, r + s + x + 1, abs(alpha - beta) / (larger + y)) / (larger + y) ** (r + s + x)

    alive = (alpha + t) ** -(r + x) * (beta + t) ** -s
    rows = np.log(alive + s / (r + s + x) * (part(t_x) - part(t)))
    return (gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta) + rows).sum()


def test_expected_purchases_equal_the_integral_over_rates_and_drop_out():
    r, alpha, a, b, horizon = 0.5, 6.0, 0.8, 2.5, 20.0
    model = BgNbd(0.0, 1.0, np.eye(4), r, alpha, a, b)
    x, t_x, t = 3.0, 12.0, 15.0

    def inner(p, rate):  # posterior density (up to a constant) and purchases within the horizon when alive now
        density = p ** (a - 1) * (1 - p) ** (b + x - 1) * rate ** (r + x - 1) * np.exp(-rate * (alpha + t))
        return density * (1 - np.exp(-rate * p * horizon)) / p

    def alive(p, rate):
        return p ** (a - 1) * (1 - p) ** (b + x - 1) * rate ** (r + x - 1) * np.exp(-rate * (alpha + t))

    top = integrate.dblquad(inner, 0, 6, 0, 1)[0] / integrate.dblquad(alive, 0, 6, 0, 1)[0]
    expected = top * model.probability_alive([x], [t_x], [t])[0]
    assert model.expected_purchases(horizon, [x], [t_x], [t])[0] == pytest.approx(expected, rel=1e-4)


def test_expected_purchases_are_smooth_where_the_formula_divides_by_a_minus_one():
    around = [
        BgNbd(0.0, 1.0, np.eye(4), 0.5, 6.0, a, 2.5).expected_purchases(20, [3], [12], [15])[0]
        for a in (0.999, 1.0, 1.001)
    ]
    assert around[0] > around[1] > around[2]
    assert around[1] == pytest.approx((around[0] + around[2]) / 2, rel=1e-4)


def test_everyone_who_bought_once_is_alive_in_bg_nbd_but_not_in_mbg_nbd(cdnow_summary):
    plain, modified = fit_bg_nbd(*cdnow_summary), fit_mbg_nbd(*cdnow_summary)
    assert plain.probability_alive([0], [0], [39])[0] == 1
    assert 0 < modified.probability_alive([0], [0], [39])[0] < 1


@pytest.mark.parametrize("fit", [fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd])
def test_a_longer_silence_makes_a_customer_less_alive(cdnow_summary, fit):
    model = fit(*cdnow_summary)
    alive = model.probability_alive([4, 4, 4], [38, 20, 5], [39, 39, 39])
    assert (np.diff(alive) < 0).all()
    assert ((alive > 0) & (alive < 1)).all()


def test_standard_errors_cover_the_truth_in_simulated_shops():
    truth = {"r": 0.6, "alpha": 6.0, "a": 1.0, "b": 3.0}
    inside = []
    for seed in range(12):
        model = fit_bg_nbd(*simulated_shop(truth, 3000, seed))
        off = [(model.parameters[name] - truth[name]) / model.standard_errors[name] for name in truth]
        inside.append(np.abs(off) < 3)
    assert np.mean(inside) > 0.9


def simulated_shop(truth, customers, seed):
    rng = np.random.default_rng(seed)
    age = rng.integers(30, 60, customers).astype(float)
    rate, drop_out = rng.gamma(truth["r"], 1 / truth["alpha"], customers), rng.beta(truth["a"], truth["b"], customers)
    x, t_x, now = (np.zeros(customers) for _ in range(3))
    alive = np.ones(customers, dtype=bool)
    while alive.any():
        now[alive] += rng.exponential(1 / rate[alive])
        alive &= now < age
        x[alive] += 1
        t_x[alive] = now[alive]
        alive &= rng.random(customers) > drop_out
    return x, t_x, age


def test_nobody_bought_twice_is_refused_by_name():
    with pytest.raises(NotIdentified, match="no customer has bought twice"):
        fit_bg_nbd([0, 0], [0, 0], [5, 6])


def test_customers_who_never_drop_out_fail_to_converge_with_the_reason():
    x, t_x, t = loyal_customers()
    with pytest.raises(NotConverged, match="no drop-out is visible"):
        fit_bg_nbd(x, t_x, t)


def test_the_choice_falls_on_nbd_where_nobody_drops_out_and_says_why():
    choice = choose_purchase_model(*loyal_customers())
    assert isinstance(choice.model, Nbd)
    assert "no drop-out" in str(dict(choice.tried)["BG/NBD"])


def test_the_choice_falls_on_a_model_with_drop_out_for_cdnow(cdnow_summary):
    choice = choose_purchase_model(*cdnow_summary)
    aics = {name: aic for name, aic in choice.tried if isinstance(aic, float)}
    assert choice.name == min(aics, key=aics.get)
    assert aics["NBD"] > aics["BG/NBD"] + 10


def loyal_customers():
    rng = np.random.default_rng(0)
    rate = rng.gamma(0.8, 1 / 10, 800)
    t = np.full(800, 50.0)
    x = rng.poisson(rate * t).astype(float)
    # Last purchases come later than chance would have them, so that every bit of drop-out makes the rows less likely.
    return x, np.where(x > 0, t * rng.random(800) ** (1 / (2 * np.maximum(x, 1))), 0), t


def test_nbd_expects_the_observed_total_again(cdnow_summary):
    frequency, recency, age = cdnow_summary
    model = fit_nbd(frequency, recency, age)
    assert model.expected_purchases(38.86, frequency, recency, age).sum() > frequency.sum()
    assert (model.probability_alive(frequency, recency, age) == 1).all()


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (([1.5], [1], [2]), "frequency"),
        (([1], [3], [2]), "recency"),
        (([0], [1], [2]), "recency"),
        (([1], [1], [np.nan]), "age"),
    ],
)
def test_impossible_rows_are_refused_by_the_name_of_the_column(row, field):
    with pytest.raises(Invalid, match=field):
        fit_bg_nbd(*row)


def test_the_model_predicts_held_out_purchases_better_than_the_naive_rate(cdnow):
    model = fit_bg_nbd(cdnow.frequency, cdnow.recency, cdnow.age)
    table = calibrate(model, cdnow.frequency, cdnow.recency, cdnow.age, cdnow.purchases_held_out, horizon=39)
    assert table.beats_naive
    assert sum(row.customers for row in table.rows) == 2357
    assert table.actual_total == 1882  # counted from the raw purchases
    assert abs(table.predicted_total - table.actual_total) < abs(table.naive_total - table.actual_total) / 4
    assert [row.frequency for row in table.rows] == list(range(8))


def test_spend_that_grows_with_frequency_is_refused_unless_allowed():
    rng = np.random.default_rng(2)
    frequency = rng.integers(1, 10, 400)
    value = frequency * rng.gamma(4, 1 / rng.gamma(3, 1, 400))
    with pytest.raises(SpendDependsOnFrequency, match=r"rank correlation 0\.[4-9]"):
        fit_gamma_gamma(frequency, value)
    assert fit_gamma_gamma(frequency, value, allow_dependent=True).independence.holds is False


def test_independent_spend_passes_the_check_with_an_interval_around_zero():
    rng = np.random.default_rng(2)
    check = check_independence(rng.integers(1, 10, 400), rng.gamma(5, 10, 400))
    assert check.holds
    assert check.interval.contains(0)


def test_money_in_cents_or_euros_gives_the_same_model(cdnow):
    euros = fit_gamma_gamma(cdnow.frequency, cdnow.mean_value)
    cents = fit_gamma_gamma(cdnow.frequency, cdnow.mean_value * 100)
    assert cents.p == pytest.approx(euros.p, rel=1e-6)
    assert cents.v == pytest.approx(euros.v * 100, rel=1e-6)
    assert cents.mean_value == pytest.approx(euros.mean_value * 100, rel=1e-6)


def test_expected_spend_moves_from_everybodys_mean_to_ones_own(cdnow):
    model = fit_gamma_gamma(cdnow.frequency, cdnow.mean_value)
    newcomer, twice, often = model.expected_value([0, 2, 50], [0.0, 100.0, 100.0])
    assert newcomer == pytest.approx(model.mean_value)
    assert newcomer < twice < often < 100


def test_lifetime_value_without_discount_is_purchases_times_spend_times_margin(cdnow):
    model = fit_bg_nbd(cdnow.frequency, cdnow.recency, cdnow.age)
    spend = fit_gamma_gamma(cdnow.frequency, cdnow.mean_value)
    rows = (cdnow.frequency[:50], cdnow.recency[:50], cdnow.age[:50])
    plain = discounted_lifetime_value(model, spend, *rows, cdnow.mean_value[:50], ValueTerms(52, margin=0.3))
    by_hand = model.expected_purchases(52, *rows) * spend.expected_value(rows[0], cdnow.mean_value[:50]) * 0.3
    assert plain == pytest.approx(by_hand)
    discounted = discounted_lifetime_value(
        model, spend, *rows, cdnow.mean_value[:50], ValueTerms.yearly(discount_rate=0.15, margin=0.3)
    )
    assert (discounted < plain).all()
    assert (discounted > plain / 1.15).all()


@settings(deadline=None, max_examples=20)
@given(st.floats(0.1, 100), st.integers(0, 30), st.floats(0, 1))
def test_expected_purchases_never_fall_with_the_horizon(horizon, x, share):
    model = BgNbd(0.0, 1.0, np.eye(4), 0.24, 4.41, 0.79, 2.43)
    t_x = 39 * share if x else 0
    shorter, longer = (model.expected_purchases(h, [x], [t_x], [39])[0] for h in (horizon, horizon * 1.5))
    assert 0 <= shorter <= longer
