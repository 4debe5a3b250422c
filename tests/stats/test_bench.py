import io

import numpy as np
import pytest
from rich.console import Console

from bench.nab import LabelledSeries, nab_score, windowed_gaussian
from bench.table import Row, print_table

SERIES = [LabelledSeries("brand", np.zeros(4000), ((1000, 1099), (3000, 3099)))]


def score(*alarms):
    return nab_score(SERIES, [np.array(alarms, dtype=np.intp)])


def test_silence_scores_zero_and_instant_detection_a_hundred():
    assert score() == 0
    assert score(1000, 3000) == pytest.approx(100)


def test_early_detection_scores_more_and_only_the_first_counts():
    assert score(1000, 3000) > score(1050, 3000) > score(1090, 3000)
    assert score(1000, 1050, 3000) == score(1000, 3000)


def test_a_false_alarm_far_from_any_window_costs_its_weight():
    # 0.11 of 2 windows' span of 4 points, scaled to 100.
    assert score(1000, 3000, 2000) == pytest.approx(100 - 100 * 0.11 / 4, abs=0.01)
    assert score(1000, 3000, 1101) > score(1000, 3000, 2000)


def test_alarms_on_probation_neither_cost_nor_earn():
    assert score(10, 1000, 3000) == pytest.approx(100)


def test_the_reference_detector_scores_by_deviations_from_its_window():
    values = np.array([1.0, 3.0, 1.0, 3.0, 10.0])
    assert windowed_gaussian(values)[4] == pytest.approx(8.0)  # mean 2, deviation 1


def test_the_table_shows_what_was_promised_and_whether_it_holds():
    console = Console(width=160, record=True, file=io.StringIO())
    print_table(
        [Row("fit", 0.25, "s", "under 1 s", "scipy: 20 s", 80.0, holds=True), Row("other", 2.0, "s", holds=False)],
        console,
    )
    text = console.export_text()
    assert "under 1 s" in text
    assert "80x" in text
    assert "NO" in text
