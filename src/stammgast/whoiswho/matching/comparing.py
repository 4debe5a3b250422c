"""How two records are compared: per field the levels of agreement, closest first, and what each is worth before training.

A level's `m` is how often two records of one person stand on it, `u` how often those of two people do (Fellegi and Sunter
1969); log2(m / u) is its weight in bits. The values here are only where estimation starts from and what fills in where the
data are silent: they say that agreement is frequent within a person and rare between people.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

SPLINK_DIALECT = "duckdb"


class Level(msgspec.Struct, frozen=True):
    """One degree of agreement. `frequency_of` is the column whose rare values weigh more; `m`, `u` before training."""

    name: str
    condition: str
    m: float
    u: float
    frequency_of: str = ""


class Field(msgspec.Struct, frozen=True):
    """What is compared: the columns it reads, when nothing can be said, and its levels; `else` closes them."""

    name: str
    columns: tuple[str, ...]
    unknown: str
    levels: tuple[Level, ...]


def _either_missing(column: str) -> str:
    return f"{column}_l is null or {column}_r is null"


def _alike(column: str, at_least: float) -> str:
    return f"jaro_winkler_similarity({column}_l, {column}_r) >= {at_least}"


def _slips(column: str, at_most: int) -> str:
    return f"damerau_levenshtein({column}_l, {column}_r) <= {at_most}"


def _begins(column: str) -> str:
    return f"starts_with({column}_l, {column}_r) or starts_with({column}_r, {column}_l)"


def _shares_word(column: str) -> str:
    return (
        f"(contains({column}_l, ' ') or contains({column}_r, ' '))"
        f" and list_has_any(string_split({column}_l, ' '), string_split({column}_r, ' '))"
    )


_SWAPPED_DAY = (
    "substr(birth_date_l, 1, 4) = substr(birth_date_r, 1, 4)"
    " and substr(birth_date_l, 6, 2) = substr(birth_date_r, 9, 2)"
    " and substr(birth_date_l, 9, 2) = substr(birth_date_r, 6, 2)"
)
_SAME_YEAR = "substr(birth_date_l, 1, 4) = substr(birth_date_r, 1, 4)"
_ADDRESS_TEXT = "(street_{0} || ' ' || coalesce(house_{0}, ''))"

FIELDS: tuple[Field, ...] = (
    Field(
        "first_name",
        ("first_name",),
        _either_missing("first_name"),
        (
            Level("same", "first_name_l = first_name_r", 0.75, 0.005, "first_name"),
            Level("swapped", "first_name_l = last_name_r or last_name_l = first_name_r", 0.03, 0.001),
            Level("very_alike", _alike("first_name", 0.92), 0.07, 0.002),
            Level("short_form", _begins("first_name"), 0.03, 0.003),
            Level("alike", _alike("first_name", 0.8), 0.04, 0.01),
            Level("shared_word", _shares_word("first_name"), 0.02, 0.002),
            Level("different", "ELSE", 0.06, 0.977),
        ),
    ),
    Field(
        "last_name",
        ("last_name",),
        _either_missing("last_name"),
        (
            Level("same", "last_name_l = last_name_r", 0.75, 0.002, "last_name"),
            Level("swapped", "first_name_l = last_name_r or last_name_l = first_name_r", 0.03, 0.001),
            Level("very_alike", _alike("last_name", 0.92), 0.08, 0.001),
            Level("shared_word", _shares_word("last_name"), 0.03, 0.001),
            Level("alike", _alike("last_name", 0.8), 0.05, 0.01),
            Level("different", "ELSE", 0.06, 0.985),
        ),
    ),
    Field(
        "birth_date",
        ("birth_date",),
        _either_missing("birth_date"),
        (
            Level("same", "birth_date_l = birth_date_r", 0.85, 0.0001, "birth_date"),
            Level("swapped_day", _SWAPPED_DAY, 0.01, 0.0001),
            Level("one_slip", _slips("birth_date", 1), 0.06, 0.002),
            Level("two_slips", _slips("birth_date", 2), 0.03, 0.01),
            Level("same_year", _SAME_YEAR, 0.02, 0.015),
            Level("different", "ELSE", 0.03, 0.9729),
        ),
    ),
    Field(
        "email",
        ("email",),
        _either_missing("email"),
        (
            Level("same", "email_l = email_r", 0.6, 0.0001, "email"),
            Level("same_mailbox", "split_part(email_l, '@', 1) = split_part(email_r, '@', 1)", 0.1, 0.0003),
            Level("one_slip", _slips("email", 2), 0.05, 0.0001),
            Level("very_alike", _alike("email", 0.92), 0.05, 0.001),
            Level("different", "ELSE", 0.2, 0.9985),
        ),
    ),
    Field(
        "phone",
        ("phone",),
        _either_missing("phone"),
        (
            Level("same", "phone_l = phone_r", 0.6, 0.0001, "phone"),
            Level("one_slip", _slips("phone", 1), 0.05, 0.0001),
            Level("different", "ELSE", 0.35, 0.9998),
        ),
    ),
    Field(
        "number",
        ("number",),
        _either_missing("number"),
        (
            Level("same", "number_l = number_r", 0.85, 0.00005, "number"),
            Level("one_slip", _slips("number", 1), 0.06, 0.0001),
            Level("two_slips", _slips("number", 2), 0.02, 0.0005),
            Level("different", "ELSE", 0.07, 0.99935),
        ),
    ),
    Field(
        "street",
        ("street", "house"),
        _either_missing("street"),
        (
            Level(
                "same",
                "street_l = street_r and coalesce(house_l, '') = coalesce(house_r, '')",
                0.5,
                0.0002,
                "street",
            ),
            Level(
                "one_slip",
                f"damerau_levenshtein({_ADDRESS_TEXT.format('l')}, {_ADDRESS_TEXT.format('r')}) <= 2",
                0.12,
                0.0002,
            ),
            Level("other_house", "street_l = street_r", 0.12, 0.001, "street"),
            Level("very_alike", _alike("street", 0.9), 0.11, 0.01),
            Level("different", "ELSE", 0.15, 0.9886),
        ),
    ),
    Field(
        "place",
        ("postcode", "city"),
        "(postcode_l is null or postcode_r is null) and (city_l is null or city_r is null)",
        (
            Level("same_postcode", "postcode_l = postcode_r", 0.7, 0.002, "postcode"),
            Level("same_town", "city_l = city_r", 0.12, 0.01, "city"),
            Level("one_slip", _slips("postcode", 1), 0.07, 0.01),
            Level("alike", _alike("city", 0.9), 0.03, 0.01),
            Level("different", "ELSE", 0.08, 0.968),
        ),
    ),
)
FIELDS_BY_NAME = {field.name: field for field in FIELDS}

Rates = dict[str, dict[str, tuple[float, float]]]
"""Field -> level -> (m, u)."""

STARTING_RATES: Rates = {field.name: {level.name: (level.m, level.u) for level in field.levels} for field in FIELDS}


def splink_settings(fields: Sequence[Field], rates: Rates, prior: float, blocks: Sequence[str]) -> dict[str, Any]:
    """Return the settings that Splink compares by. `blocks` are columns; pairs that share one of them are compared."""
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "profile",
        "probability_two_random_records_match": prior,
        "comparisons": [_comparison(field, rates[field.name]) for field in fields],
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": f"l.{block} = r.{block}", "sql_dialect": SPLINK_DIALECT} for block in blocks
        ],
        "retain_intermediate_calculation_columns": True,
        "retain_matching_columns": True,
    }


def _comparison(field: Field, rates: dict[str, tuple[float, float]]) -> dict[str, Any]:
    unknown = {"sql_condition": field.unknown, "label_for_charts": "unknown", "is_null_level": True}
    return {
        "output_column_name": field.name,
        "comparison_levels": [unknown, *(_level(level, rates[level.name]) for level in field.levels)],
    }


def _level(level: Level, rates: tuple[float, float]) -> dict[str, Any]:
    known = {
        "sql_condition": level.condition,
        "label_for_charts": level.name,
        "m_probability": rates[0],
        "u_probability": rates[1],
    }
    if level.frequency_of:
        # A level may adjust by frequency though it is no plain equality of the column: its own u is then the base.
        known |= {"tf_adjustment_column": level.frequency_of, "disable_tf_exact_match_detection": True}
    return known


def level_at(field: Field, gamma: int) -> Level | None:
    """Return the level that Splink numbers `gamma`: the last is 0, those above count up; None (-1) is unknown.

    >>> level_at(FIELDS_BY_NAME["phone"], 2).name, level_at(FIELDS_BY_NAME["phone"], -1)
    ('same', None)
    """
    return None if gamma < 0 else field.levels[len(field.levels) - 1 - gamma]
