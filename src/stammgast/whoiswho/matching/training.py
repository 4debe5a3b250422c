"""Learning from the records themselves what agreement is worth: u by chance pairs, m by expectation maximisation.

Nothing is labelled: u comes from pairs of a sample (nearly all of them are two people), m from pairs that share a telling
value, whose unknown truth EM estimates along. All samples are chosen by hashes of the records' numbers and all sums are made
on one thread, so the same records give the same model.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from stammgast.whoiswho.matching.blocking import count_pairs
from stammgast.whoiswho.matching.comparing import FIELDS, FIELDS_BY_NAME, STARTING_RATES, Field, Rates, splink_settings
from stammgast.whoiswho.matching.engine import make_linker, open_engine, register
from stammgast.whoiswho.matching.records import PersonRecord

VERSION = 1
"""Of the fields, levels and estimation; stored with every run."""
CHANCE_RECORDS = 1_500
"""Records of which all pairs are taken for u: a million."""
EM_RECORDS = 30_000
EM_PAIRS_MIN = 50
EM_PAIRS_MAX = 1_000_000
STARTING_CHANCE_PAIRS = 1_000.0
"""How many chance pairs the starting u counts for."""
STARTING_SHARE = 0.02
"""How much of m stays with the starting value, so that a level nobody stood on is not impossible."""
RATE_MIN = 1e-9
DIGITS = 6
SESSIONS: tuple[tuple[str, ...], ...] = (
    ("birth_date",),
    ("email",),
    ("phone",),
    ("number",),
    ("first_name", "last_name"),
    ("last_name", "postcode"),
)
"""What a pair must share to be looked at in one round of EM; the fields that read these columns are not estimated in it."""


class Model(msgspec.Struct, frozen=True):
    """What a run compares by. `prior` is the share of all pairs that are one person's."""

    version: int
    fields: tuple[str, ...]
    rates: Rates
    prior: float
    sessions: tuple[str, ...] = ()
    """The rounds of EM that had enough pairs."""


def train(records: Sequence[PersonRecord]) -> Model:
    """Return a model of these records; where they are too few or too silent, the starting values stand."""
    fields = telling_fields(records)
    prior = starting_prior(len(records))
    if len(records) < 2 or not fields:  # noqa: PLR2004 - a pair needs two
        return Model(VERSION, tuple(one.name for one in fields), STARTING_RATES, prior)
    with open_engine(threads=1) as engine:
        chance = _chance_rates(engine, sample(records, CHANCE_RECORDS), fields, prior)
        learned, sessions = _matching_rates(engine, sample(records, EM_RECORDS), fields, chance, prior)
    return Model(VERSION, tuple(one.name for one in fields), learned, prior, sessions)


def telling_fields(records: Sequence[PersonRecord]) -> tuple[Field, ...]:
    """Return the fields about which at least two records say something."""
    known = {
        column: sum(getattr(one, column) is not None for one in records) for field in FIELDS for column in field.columns
    }
    return tuple(field for field in FIELDS if any(known[column] > 1 for column in field.columns))


def starting_prior(count: int) -> float:
    """Return a generous guess of the share of pairs that match: as many matching pairs as there are records.

    >>> round(starting_prior(1_001), 6)
    0.002
    """
    return min(0.5, 2 / max(2, count - 1))


def sample(records: Sequence[PersonRecord], most: int) -> Sequence[PersonRecord]:
    """Return at most `most` records, always the same ones, in the order of their numbers.

    >>> people = [PersonRecord(number) for number in range(100)]
    >>> sample(people, 3) == sample(people[::-1], 3), len(sample(people, 3))
    (True, 3)
    """
    if len(records) > most:
        records = sorted(records, key=lambda one: blake2b(str(one.profile).encode(), digest_size=8).digest())[:most]
    return sorted(records, key=lambda one: one.profile)


def _chance_rates(engine: Any, records: Sequence[PersonRecord], fields: Sequence[Field], prior: float) -> Rates:
    """Return the starting m with u as counted over all pairs of the sample."""
    linker = make_linker(register(engine, records, {}), splink_settings(fields, STARTING_RATES, prior, ["profile"]))
    everything = 10.0 * CHANCE_RECORDS**2
    linker.training.estimate_u_using_random_sampling(
        max_pairs=everything, seed=1, min_count_per_level=None, num_chunks=1
    )
    counted = _rates_of(linker)
    pairs = {field.name: _known_pairs(records, field) for field in fields}
    return {
        **STARTING_RATES,
        **{
            field.name: {
                level.name: (level.m, smoothed(counted[field.name][level.name][1], pairs[field.name], level.u))
                for level in field.levels
            }
            for field in fields
        },
    }


def _known_pairs(records: Sequence[PersonRecord], field: Field) -> float:
    known = sum(any(getattr(one, column) is not None for column in field.columns) for one in records)
    return known * (known - 1) / 2


def smoothed(rate: float | None, pairs: float, start: float) -> float:
    """Return a rate counted over `pairs` with the starting value mixed in as STARTING_CHANCE_PAIRS pairs (Laplace).

    >>> smoothed(0.0, 0, 0.25), round(smoothed(0.5, 1_000_000, 0.25), 4)
    (0.25, 0.4998)
    """
    mixed = ((rate or 0.0) * pairs + start * STARTING_CHANCE_PAIRS) / (pairs + STARTING_CHANCE_PAIRS)
    return max(RATE_MIN, _rounded(mixed))


def _matching_rates(
    engine: Any, records: Sequence[PersonRecord], fields: Sequence[Field], chance: Rates, prior: float
) -> tuple[Rates, tuple[str, ...]]:
    """Return the rates with m as EM finds it, averaged over the rounds in which a field took part, and those rounds."""
    rounds = [one for one in SESSIONS if count_pairs(_shared(records, one)) >= EM_PAIRS_MIN]
    table = register(engine, records, {}) if rounds else None
    found: dict[str, list[dict[str, float]]] = {}
    done = []
    for columns in rounds:
        part = [one for one in fields if not set(one.columns).intersection(columns) and not _reads(one, columns)]
        linker = make_linker(table, splink_settings(fields, chance, prior, ["profile"]))
        if part and _estimate(linker, columns):
            done.append("+".join(columns))
            rates = _rates_of(linker)
            for field in part:
                found.setdefault(field.name, []).append({name: m for name, (m, _) in rates[field.name].items() if m})
    return {**chance, **{name: _mixed(chance[name], rounds) for name, rounds in found.items()}}, tuple(done)


def _shared(records: Sequence[PersonRecord], columns: Sequence[str]) -> list[tuple[str, ...] | None]:
    values = [tuple(getattr(one, column) for column in columns) for one in records]
    return [None if None in value else value for value in values]


def _reads(field: Field, columns: Sequence[str]) -> bool:
    """Say whether a field's levels look at one of these columns: sharing it would decide them."""
    return any(f"{column}_l" in level.condition for level in field.levels for column in columns)


def _estimate(linker: Any, columns: Sequence[str]) -> bool:
    """Run one round of EM; False when the data gave it nothing to hold on to."""
    from splink.internals.exceptions import EMTrainingException, SplinkException

    rule = " and ".join(f"l.{column} = r.{column}" for column in columns)
    try:
        linker.training.estimate_parameters_using_expectation_maximisation(
            rule, estimate_without_term_frequencies=True, max_pairs=EM_PAIRS_MAX, record_sample_proportion=1.0
        )
    except (EMTrainingException, SplinkException):
        return False
    return True


def _rates_of(linker: Any) -> dict[str, dict[str, tuple[float | None, float | None]]]:
    """Return what Splink estimated; None where it saw nothing."""
    settings = linker.misc.save_model_to_json()
    return {
        comparison["output_column_name"]: {
            level["label_for_charts"]: (_number(level.get("m_probability")), _number(level.get("u_probability")))
            for level in comparison["comparison_levels"]
            if not level.get("is_null_level")
        }
        for comparison in settings["comparisons"]
    }


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _mixed(
    start: Mapping[str, tuple[float, float]], rounds: Sequence[Mapping[str, float]]
) -> dict[str, tuple[float, float]]:
    """Return m averaged over the rounds, with a share of the starting value; they add up to one again."""
    mean = {name: [one[name] for one in rounds if name in one] for name in start}
    raw = {
        name: (1 - STARTING_SHARE) * (sum(mean[name]) / len(mean[name]) if mean[name] else 0.0) + STARTING_SHARE * m
        for name, (m, _) in start.items()
    }
    total = sum(raw.values())
    return {name: (max(RATE_MIN, _rounded(raw[name] / total)), u) for name, (_, u) in start.items()}


def _rounded(value: float) -> float:
    """Return a number to six digits: what lies beyond is noise of the sums."""
    return 0.0 if value == 0 else round(value, DIGITS - 1 - math.floor(math.log10(abs(value))))


def fields_of(model: Model) -> tuple[Field, ...]:
    """Return the fields that a model compares."""
    return tuple(FIELDS_BY_NAME[name] for name in model.fields)
