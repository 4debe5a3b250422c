import os
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def shared_data():
    default = Path(__file__).resolve().parents[3] / "shared" / "data"
    folder = Path(os.environ.get("STAMMGAST_SHARED_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"real data are not there: {folder} (set STAMMGAST_SHARED_DATA)")
    return folder


@dataclass
class Cdnow:
    """CDNOW's 1/10 sample: 39 weeks to 30 September 1997, then 39 weeks held out; one purchase a day at most."""

    frequency: np.ndarray
    recency: np.ndarray
    age: np.ndarray
    mean_value: np.ndarray
    purchases_held_out: np.ndarray


CALIBRATION_END = date(1997, 9, 30)


@pytest.fixture(scope="session")
def cdnow(shared_data):
    spent: dict[str, dict[date, Decimal]] = {}
    for line in (shared_data / "cdnow" / "CDNOW_sample.txt").read_text().splitlines():
        _, customer, day, _, dollars = line.split()
        days = spent.setdefault(customer, {})
        when = date(int(day[:4]), int(day[4:6]), int(day[6:]))
        days[when] = days.get(when, Decimal(0)) + Decimal(dollars)
    rows = []
    for days in spent.values():
        first = min(days)
        seen = sorted(day for day in days if day <= CALIBRATION_END)
        repeat = [days[day] for day in seen[1:]]
        # The published parameters belong to means in whole cents, rounded half up, as in the data set's spreadsheet.
        mean = (sum(repeat) / len(repeat)).quantize(Decimal("0.01"), ROUND_HALF_UP) if repeat else Decimal(0)
        recency, age = (seen[-1] - first).days / 7, (CALIBRATION_END - first).days / 7
        rows.append((len(repeat), recency, age, float(mean), len(days) - len(seen)))
    return Cdnow(*np.array(rows, dtype=float).T)


@pytest.fixture(scope="session")
def cdnow_summary(shared_data):
    """The published summary of the same customers: frequency, recency, age in weeks, rounded to two digits."""
    table = np.loadtxt(shared_data / "cdnow" / "cdnow_customers_summary.csv", delimiter=",", skiprows=1)
    return table[:, 1], table[:, 2], table[:, 3]
