import secrets
from collections import Counter

import numpy as np
import pytest
from sklearn.utils import murmurhash3_32

from stammgast.kernel.errors import Invalid
from stammgast.stats.assignment import (
    UNLEASH_VARIANT_SEED,
    AssignmentPlan,
    AssignmentReason,
    Holdout,
    LayerSlot,
    assign,
    bucket_ranges,
    choose_variation,
    fnv1a_32,
    growthbook_bucket,
    murmur3_32,
    unleash_bucket,
)


@pytest.mark.parametrize(
    ("seed", "value", "version", "bucket"),
    [
        # GrowthBook SDKs, cases.json (spec 0.7.1), "hash".
        ("", "a", 1, 0.22),
        ("", "b", 1, 0.077),
        ("b", "a", 1, 0.946),
        ("ef", "d", 1, 0.652),
        ("asdf", "8952klfjas09ujk", 1, 0.549),
        ("", "123", 1, 0.011),
        ("", '___)((*":&', 1, 0.563),
        ("seed", "a", 2, 0.0505),
        ("seed", "b", 2, 0.2696),
        ("foo", "ab", 2, 0.2575),
        ("foo", "def", 2, 0.2019),
        ("89123klj", "8952klfjas09ujkasdf", 2, 0.124),
        ("90850943850283058242805", "123", 2, 0.7516),
        ("()**(%$##$%#$#", '___)((*":&', 2, 0.0128),
        ("abc", "def", 99, None),
    ],
)
def test_buckets_match_growthbooks_published_vectors(seed, value, version, bucket):
    assert growthbook_bucket(seed, value, version) == bucket


@pytest.mark.parametrize(
    ("arguments", "ranges"),
    [
        # GrowthBook SDKs, cases.json, "getBucketRange".
        ((2, 1.0, None), [(0, 0.5), (0.5, 1)]),
        ((2, 0.5, None), [(0, 0.25), (0.5, 0.75)]),
        ((2, 0.0, None), [(0, 0), (0.5, 0.5)]),
        ((3, 1.0, [0.2, 0.3, 0.5]), [(0, 0.2), (0.2, 0.5), (0.5, 1)]),
        ((3, 0.2, [0.2, 0.3, 0.5]), [(0, 0.04), (0.2, 0.26), (0.5, 0.6)]),
        ((2, 1.0, [0.4, 0.5999]), [(0, 0.4), (0.4, 0.9999)]),
    ],
)
def test_ranges_match_growthbooks_published_vectors(arguments, ranges):
    for found, expected in zip(bucket_ranges(*arguments), ranges, strict=True):
        assert found == pytest.approx(expected)


@pytest.mark.parametrize(
    ("arguments", "field"), [((2, 1.5), "coverage"), ((2, 1, [0.7, 0.6]), "weights"), ((4, 1, [0.5, 0.5]), "weights")]
)
def test_plans_that_growthbook_would_quietly_mend_are_refused(arguments, field):
    with pytest.raises(Invalid, match=field):
        bucket_ranges(*arguments)


def test_fnv_matches_its_authors_vectors():
    # isthe.com/chongo/tech/comp/fnv: test vectors of FNV-1a 32 bit.
    assert fnv1a_32("") == 0x811C9DC5
    assert fnv1a_32("a") == 0xE40C292C
    assert fnv1a_32("foobar") == 0xBF9CF968


@pytest.mark.parametrize(
    ("content", "seed", "value"),
    [
        (b"", 0, 0),
        (b"", 1, 0x514E28B7),
        (b"", 0xFFFFFFFF, 0x81F16F39),
        (b"test", 0x9747B28C, 0x704B81DC),
        (b"Hello, world!", 0x9747B28C, 0x24884CBA),
        (b"The quick brown fox jumps over the lazy dog", 0x9747B28C, 0x2FA826CD),
    ],
)
def test_murmur3_matches_published_vectors(content, seed, value):
    # Collected from SMHasher's verification and Wikipedia's table.
    assert murmur3_32(content, seed) == value


def test_murmur3_agrees_with_scikit_learns_on_any_bytes():
    for length in range(40):
        content = secrets.token_bytes(length)
        assert murmur3_32(content, length) == murmurhash3_32(content, length, positive=True)


def test_unleash_buckets_match_its_clients_vectors():
    # "normalized values are the same across node, java, and go clients"; variants: the same with the variants' seed.
    assert unleash_bucket("123", "gr1") == 73
    assert unleash_bucket("999", "groupX") == 25
    assert unleash_bucket("123", "gr1", seed=UNLEASH_VARIANT_SEED) == 96
    assert unleash_bucket("999", "groupX", seed=UNLEASH_VARIANT_SEED) == 60


def test_variations_are_chosen_by_half_open_ranges():
    ranges = bucket_ranges(2, 0.5)
    assert [choose_variation(bucket, ranges) for bucket in (0.0, 0.2499, 0.25, 0.5, 0.75)] == [0, 0, None, 1, None]


UNITS = [f"customer-{i}" for i in range(20_000)]


def test_weights_are_met():
    plan = AssignmentPlan("pricing", ("a", "b", "c"), (0.5, 0.3, 0.2))
    counts = Counter(assign(unit, plan).variation for unit in UNITS)
    expected = np.array([0.5, 0.3, 0.2]) * len(UNITS)
    observed = np.array([counts[name] for name in "abc"])
    assert ((observed - expected) ** 2 / expected).sum() < 13.8  # chi-square, 2 degrees, p = 0.001


def test_two_experiments_are_independent():
    first, second = (AssignmentPlan(seed, ("a", "b")) for seed in ("colour", "headline"))
    table = Counter((assign(unit, first).variation, assign(unit, second).variation) for unit in UNITS)
    cells = np.array(list(table.values()))
    assert len(cells) == 4
    assert ((cells - 5000) ** 2 / 5000).sum() < 16.3  # chi-square, 3 degrees, p = 0.001


def test_raising_the_coverage_moves_nobody():
    small, large = (AssignmentPlan("colour", ("a", "b"), coverage=c) for c in (0.2, 0.6))
    for unit in UNITS[:3000]:
        before = assign(unit, small)
        if before.variation is not None:
            assert assign(unit, large) == before


def test_disjoint_slots_of_a_layer_never_share_a_unit():
    slots = [
        AssignmentPlan(s, ("a", "b"), slot=LayerSlot("checkout", *part))
        for s, part in (("x", (0, 0.4)), ("y", (0.4, 1)))
    ]
    for unit in UNITS[:3000]:
        reasons = [assign(unit, plan).reason for plan in slots]
        assert sorted(reasons) == [AssignmentReason.ASSIGNED, AssignmentReason.OUTSIDE_LAYER]


def test_held_out_units_are_in_no_experiment_and_say_so():
    holdout = Holdout("programme-2026", 0.1)
    plan = AssignmentPlan("colour", ("a", "b"), holdouts=(holdout,))
    held = [unit for unit in UNITS if assign(unit, plan).reason is AssignmentReason.HOLDOUT]
    assert 0.09 < len(held) / len(UNITS) < 0.11
    assert all(assign(unit, plan).variation is None for unit in held)


def test_a_unit_outside_the_coverage_says_so():
    plan = AssignmentPlan("colour", ("a", "b"), coverage=0.0)
    assert assign("customer-1", plan).reason is AssignmentReason.NOT_COVERED
