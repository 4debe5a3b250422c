"""Comparing all pairs that share a key by a model, and how probable each is one person's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from stammgast.whoiswho.matching.blocking import blocking_keys
from stammgast.whoiswho.matching.comparing import Field, level_at, splink_settings
from stammgast.whoiswho.matching.engine import make_linker, open_engine, register, register_frequencies
from stammgast.whoiswho.matching.frequencies import frequencies
from stammgast.whoiswho.matching.records import PersonRecord
from stammgast.whoiswho.matching.training import Model, fields_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KEPT_BITS_MIN = -6.0
"""Pairs below this weight under the generous starting prior are forgotten at once."""
PRIOR_ROUNDS = 50
THREADS = 2


class Part(msgspec.Struct, frozen=True):
    """What one field said of a pair: the level of agreement and its weight in bits, the values' rarity included."""

    field: str
    level: str
    bits: float


class ScoredPair(msgspec.Struct, frozen=True):
    """Two profiles (the smaller number first), the weight of all fields in bits without the prior, and its parts."""

    one: int
    other: int
    bits: float
    parts: tuple[Part, ...]


class Scored(msgspec.Struct, frozen=True):
    """The pairs worth keeping, how many were found by each key, and the prior that fits them."""

    pairs: tuple[ScoredPair, ...]
    keys: tuple[str, ...]
    prior: float


def score(records: Sequence[PersonRecord], model: Model, *, threads: int = THREADS) -> Scored:
    """Return all pairs that could be one person's, best first, with the prior re-estimated from them."""
    fields = fields_of(model)
    keys = blocking_keys(records)
    if not keys or not fields:
        return Scored((), (), model.prior)
    import numpy as np

    with open_engine(threads=threads) as engine:
        settings = splink_settings(fields, model.rates, model.prior, tuple(keys))
        linker = make_linker(register(engine, records, keys), settings)
        for column, found in _frequencies(records, model, fields).items():
            register_frequencies(engine, linker, column, found)
        scored = linker.inference.predict(threshold_match_weight=KEPT_BITS_MIN, warning_mode="never")
        columns = scored.as_pyarrow_table().to_pydict()
    pairs = _pairs(columns, fields, prior_bits(model.prior))
    prior = fitting_prior(np.array([one.bits for one in pairs]), len(records), model.prior)
    return Scored(pairs, tuple(keys), prior)


def _frequencies(records: Sequence[PersonRecord], model: Model, fields: Sequence[Field]) -> dict[str, dict[str, float]]:
    """Return column -> value -> frequency, for the columns whose rare values weigh more."""
    averages = {
        level.frequency_of: model.rates[field.name][level.name][1]
        for field in fields
        for level in reversed(field.levels)
        if level.frequency_of
    }
    return {
        column: frequencies([getattr(one, column) for one in records], average) for column, average in averages.items()
    }


def _pairs(columns: dict[str, list[Any]], fields: Sequence[Field], start_bits: float) -> tuple[ScoredPair, ...]:
    found = []
    for index, (left, right, weight) in enumerate(
        zip(columns["profile_l"], columns["profile_r"], columns["match_weight"], strict=True)
    ):
        parts = tuple(_part(field, columns, index) for field in fields)
        one, other = min(left, right), max(left, right)
        found.append(ScoredPair(one, other, weight - start_bits, tuple(part for part in parts if part is not None)))
    return tuple(sorted(found, key=lambda pair: (-round(pair.bits, 9), pair.one, pair.other)))


def _part(field: Field, columns: dict[str, list[Any]], index: int) -> Part | None:
    level = level_at(field, columns[f"gamma_{field.name}"][index])
    if level is None:
        return None
    rarity = columns.get(f"mw_tf_adj_{field.name}")
    bits = columns[f"mw_{field.name}"][index] + (rarity[index] if rarity else 0.0)
    return Part(field.name, level.name, bits)


def prior_bits(prior: float) -> float:
    """Return a probability as bits, log2 of the odds.

    >>> prior_bits(0.5), round(prior_bits(0.001), 2)
    (0.0, -9.96)
    """
    return math.log2(prior / (1 - prior))


def probability(bits: float) -> float:
    """Return how probable a match of this total weight (prior included) is.

    >>> probability(0), round(probability(10), 4), round(probability(-2_000), 9)
    (0.5, 0.999, 0.0)
    """
    return 1 / (1 + math.exp2(min(1_000.0, -bits)))


def fitting_prior(bits: NDArray[np.float64], records: int, start: float) -> float:
    """Return the prior that expects as many matches among these pairs as it then finds: EM with all else held fixed.

    Never less than one match, so that a company without duplicates isn't divided by zero.

    >>> import numpy as np
    >>> weights = np.array([30.0] * 10 + [-30.0] * 1_000)
    >>> round(fitting_prior(weights, 100, 0.02) * 100 * 99 / 2, 3)
    10.0
    """
    import numpy as np

    pairs = max(1.0, records * (records - 1) / 2)
    prior = start
    for _ in range(PRIOR_ROUNDS):
        expected = float(np.sum(1 / (1 + np.exp2(np.minimum(1_000.0, -(bits + prior_bits(prior)))))))
        prior = min(0.5, max(1.0, expected) / pairs)
        if prior >= 0.5:  # noqa: PLR2004 - more than half of all pairs can't be told from a guess
            break
    return float(f"{prior:.6g}")
