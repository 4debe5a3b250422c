import numpy as np
import pytest

from stammgast.kernel.errors import Invalid
from stammgast.stats.anomalies import (
    AlarmTerms,
    Direction,
    TooShort,
    detect_bursts,
    detect_level_shifts,
    detect_share_bursts,
    score_counts,
    score_shares,
)

DAY = np.arange(24)
HOURLY = AlarmTerms(season=24)


def hourly_counts(rng, days, level=20.0):
    """Mentions an hour: busy evenings, twice the noise of Poisson."""
    mean = level * (1 + 0.8 * np.sin(2 * np.pi * (DAY - 12) / 24))
    return rng.negative_binomial(10, 10 / (10 + np.tile(mean, days)))


def test_a_burst_is_told_at_its_first_hour_as_one_alarm():
    counts = hourly_counts(np.random.default_rng(0), 30)
    counts[500:506] += 250
    bursts = detect_bursts(counts, HOURLY)
    assert [(burst.start, burst.end) for burst in bursts] == [(500, 505)]
    assert bursts[0].peak_value == counts[bursts[0].peak]
    assert bursts[0].expected_at_peak < 60


def test_the_daily_rush_is_no_burst_but_the_same_count_at_night_is():
    rng = np.random.default_rng(1)
    counts = rng.poisson(np.tile(np.where(DAY == 18, 400, 10), 40))
    assert detect_bursts(counts, HOURLY) == ()
    counts[24 * 35 + 3] = 400
    assert [burst.start for burst in detect_bursts(counts, HOURLY)] == [24 * 35 + 3]


def test_what_comes_later_never_changes_an_alarm():
    rng = np.random.default_rng(2)
    counts = hourly_counts(rng, 40)
    counts[500:503] += 200
    later = counts.copy()
    later[600:] = rng.integers(0, 1000, len(later) - 600)
    early, whole = score_counts(counts[:600], HOURLY), score_counts(later, HOURLY)
    assert np.array_equal(early.score, whole.score[:600], equal_nan=True)
    assert np.array_equal(early.threshold, whole.threshold[:600], equal_nan=True)


@pytest.mark.parametrize("budget", [0.2, 0.5, 2.0])
@pytest.mark.parametrize("detect", [detect_bursts, detect_level_shifts])
def test_false_alarms_stay_within_the_budget(detect, budget):
    rng = np.random.default_rng(3)
    terms = AlarmTerms(season=24, false_alarms_per_1000=budget, direction=Direction.BOTH)
    alarms = sum(len(detect(hourly_counts(rng, 60), terms)) for _ in range(25))
    expected = budget * 25 * 60 * 24 / 1000
    assert alarms <= expected + 2 * np.sqrt(expected)


def test_a_drop_is_told_only_when_drops_are_watched():
    counts = np.random.default_rng(4).poisson(100, 24 * 30)
    counts[400:404] = 5
    assert detect_bursts(counts, HOURLY) == ()
    falls = detect_bursts(counts, AlarmTerms(season=24, direction=Direction.DOWN))
    assert [burst.start for burst in falls] == [400]


def test_a_share_bursts_although_the_count_does_not():
    rng = np.random.default_rng(5)
    messages = rng.poisson(60, 24 * 30)
    complaints = rng.binomial(messages, 0.1)
    complaints[450:454] = rng.binomial(messages[450:454], 0.6)
    bursts = detect_share_bursts(complaints, messages, HOURLY)
    assert [burst.start for burst in bursts] == [450]
    assert bursts[0].expected_at_peak == pytest.approx(0.1, abs=0.05)


def test_an_hour_with_one_message_proves_nothing():
    messages = np.full(24 * 20, 50)
    complaints = np.random.default_rng(6).binomial(messages, 0.1)
    messages[300], complaints[300] = 1, 1
    messages[350], complaints[350] = 0, 0
    assert detect_share_bursts(complaints, messages, HOURLY) == ()
    assert score_shares(complaints, messages, HOURLY).score[300] < 4


def test_a_lasting_rise_is_a_level_shift_with_its_start_and_levels():
    errors, delays = [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        counts = np.concatenate([rng.poisson(40, 80), rng.poisson(60, 40)])
        shift = detect_level_shifts(counts, AlarmTerms(season=7))[0]
        errors.append(abs(shift.start - 80))
        delays.append(shift.detected - 80)
        assert shift.level_before == pytest.approx(40, rel=0.15)
    assert np.median(errors) <= 2
    assert np.median(delays) <= 6


def test_one_burst_is_no_level_shift():
    counts = np.random.default_rng(7).poisson(40, 200)
    counts[150:152] = 400
    assert detect_level_shifts(counts, AlarmTerms(season=7)) == ()


def test_a_rise_and_the_return_are_two_shifts():
    rng = np.random.default_rng(8)
    counts = np.concatenate([rng.poisson(40, 100), rng.poisson(80, 100), rng.poisson(40, 100)])
    shifts = detect_level_shifts(counts, AlarmTerms(season=7, direction=Direction.BOTH))
    assert len(shifts) == 2
    assert abs(shifts[0].start - 100) <= 5
    assert abs(shifts[1].start - 200) <= 5


def test_too_short_a_series_says_how_much_is_needed():
    for detect in (detect_bursts, detect_level_shifts):
        assert detect([1] * 20, HOURLY) == TooShort(20, 49)


def test_a_quiet_series_of_zeros_raises_nothing():
    assert detect_bursts([0] * 500, HOURLY) == ()
    assert detect_level_shifts([0] * 500, HOURLY) == ()


def test_negative_counts_and_budgets_are_refused():
    with pytest.raises(Invalid, match="counts"):
        detect_bursts([-1] * 100, HOURLY)
    with pytest.raises(Invalid, match="false_alarms"):
        AlarmTerms(season=24, false_alarms_per_1000=0)
