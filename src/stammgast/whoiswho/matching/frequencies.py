"""How frequent values are: two Zwirners agree on more than two Müllers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

STARTING_RECORDS = 200.0
"""How many records' worth of the average frequency is mixed in: among few records a value's own count says little."""


def frequencies(values: Sequence[str | None], average: float) -> dict[str, float]:
    """Return value -> how likely another person has it, for values that are known.

    A value's own record doesn't count (its duplicates can't be told from namesakes), and `average`, the probability that
    two people agree at all, stands in for what so few records can't know.

    >>> {value: round(found, 4) for value, found in frequencies(["lind", "lind", "voss", None], 0.01).items()}
    {'lind': 0.0148, 'voss': 0.0099}
    """
    counts = Counter(value for value in values if value is not None)
    known = counts.total()
    return {
        value: (count - 1 + STARTING_RECORDS * average) / (known + STARTING_RECORDS) for value, count in counts.items()
    }
