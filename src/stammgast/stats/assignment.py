"""Who gets which variation: the same answer everywhere, for ever, from the unit's id alone.

The hash is GrowthBook's version 2 (and 1), bucket ranges as in its SDKs, so that any of them reproduces our assignments;
`unleash_bucket` gives Unleash's murmur3 buckets. Layers keep experiments apart, holdouts keep units out of all of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from stammgast.stats.arrays import require

FNV_OFFSET, FNV_PRIME, MASK = 0x811C9DC5, 0x01000193, 0xFFFFFFFF
UNLEASH_VARIANT_SEED = 86028157
"""Unleash hashes variants with this seed, so that they do not depend on the rollout's bucket."""
WEIGHT_TOLERANCE = 0.01


class AssignmentReason(StrEnum):
    """Why a unit has or has not a variation."""

    ASSIGNED = "assigned"
    HOLDOUT = "holdout"
    OUTSIDE_LAYER = "outside_layer"
    NOT_COVERED = "not_covered"


@dataclass(frozen=True, slots=True)
class LayerSlot:
    """The part [low, high) of a layer that an experiment owns; experiments with disjoint slots never share a unit."""

    layer: str
    low: float
    high: float

    def __post_init__(self) -> None:
        """Refuse slots outside 0..1."""
        require("layer", 0 <= self.low < self.high <= 1, "slot must be a part of 0..1")

    def holds(self, unit: str) -> bool:
        """Say whether `unit` falls into the slot; the same as GrowthBook's namespaces."""
        return self.low <= growthbook_bucket(f"__{self.layer}", unit, version=1) < self.high  # type: ignore[operator]


@dataclass(frozen=True, slots=True)
class Holdout:
    """A share (0..1) of all units that no experiment of the programme touches, to measure the programme as a whole."""

    key: str
    share: float

    def holds(self, unit: str) -> bool:
        """Say whether `unit` is held out."""
        return fnv_bucket(self.key, unit) < self.share


@dataclass(frozen=True, slots=True)
class AssignmentPlan:
    """How an experiment divides its units; never change seed or weights while it runs (raise coverage only)."""

    seed: str
    variations: tuple[str, ...]
    weights: tuple[float, ...] | None = None
    """Shares of the covered units, sum 1; equal when None."""
    coverage: float = 1.0
    """Share (0..1) of units that take part; raising it moves nobody who is in."""
    slot: LayerSlot | None = None
    holdouts: tuple[Holdout, ...] = ()


@dataclass(frozen=True, slots=True)
class Assignment:
    """The answer for one unit: `variation` is None unless `reason` is assigned."""

    variation: str | None
    reason: AssignmentReason


def assign(unit: str, plan: AssignmentPlan) -> Assignment:
    """Return the variation of `unit`, the same for the same plan on every machine.

    >>> plan = AssignmentPlan("free-shipping", ("control", "free"))
    >>> assign("customer-1", plan).variation, assign("customer-3", plan).variation
    ('free', 'control')
    """
    if any(holdout.holds(unit) for holdout in plan.holdouts):
        return Assignment(None, AssignmentReason.HOLDOUT)
    if plan.slot is not None and not plan.slot.holds(unit):
        return Assignment(None, AssignmentReason.OUTSIDE_LAYER)
    ranges = bucket_ranges(len(plan.variations), plan.coverage, plan.weights)
    chosen = choose_variation(fnv_bucket(plan.seed, unit), ranges)
    if chosen is None:
        return Assignment(None, AssignmentReason.NOT_COVERED)
    return Assignment(plan.variations[chosen], AssignmentReason.ASSIGNED)


def bucket_ranges(
    variations: int, coverage: float = 1.0, weights: Sequence[float] | None = None
) -> tuple[tuple[float, float], ...]:
    """Return each variation's [low, high) part of 0..1; with coverage below 1 gaps are left where units stay out.

    >>> bucket_ranges(2, 0.5)
    ((0.0, 0.25), (0.5, 0.75))
    """
    require("variations", variations >= 1, "needs at least one")
    require("coverage", 0 <= coverage <= 1, "must lie between 0 and 1")
    shares = [1 / variations] * variations if weights is None else list(weights)
    require("weights", len(shares) == variations and min(shares) >= 0, "need one share from 0 per variation")
    require("weights", math.isclose(sum(shares), 1, abs_tol=WEIGHT_TOLERANCE), f"must sum to 1, sum to {sum(shares):g}")
    ranges, start = [], 0.0
    for share in shares:
        ranges.append((start, start + coverage * share))
        start += share
    return tuple(ranges)


def choose_variation(bucket: float, ranges: Sequence[tuple[float, float]]) -> int | None:
    """Return the place of the range that holds `bucket` (0..1), or None when none does.

    >>> choose_variation(0.6, ((0.0, 0.5), (0.5, 1.0)))
    1
    """
    return next((place for place, (low, high) in enumerate(ranges) if low <= bucket < high), None)


def growthbook_bucket(seed: str, value: str, version: int = 2) -> float | None:
    """Return GrowthBook's hash of `value` in [0, 1), in steps of 1/10,000 (version 2) or 1/1,000 (1); None otherwise.

    Source: GrowthBook's SDK build guide, "hash"; test vectors in its cases.json.

    >>> growthbook_bucket("seed", "a", 2), growthbook_bucket("", "a", 1)
    (0.0505, 0.22)
    """
    if version == 1:
        return fnv1a_32(value + seed) % 1000 / 1000
    return fnv_bucket(seed, value) if version == len("v2") else None


def fnv_bucket(seed: str, value: str) -> float:
    """Return GrowthBook's version 2 hash: FNV-1a of the decimal digits of FNV-1a, which removes its bias."""
    return fnv1a_32(str(fnv1a_32(seed + value))) % 10_000 / 10_000


def fnv1a_32(text: str) -> int:
    """Return the 32-bit FNV-1a hash over UTF-16 code units, as JavaScript's charCodeAt sees a string.

    For ASCII that is the published FNV-1a over bytes. Source: Fowler, Noll and Vo, isthe.com/chongo/tech/comp/fnv.

    >>> hex(fnv1a_32("foobar"))
    '0xbf9cf968'
    """
    encoded = text.encode("utf-16-le", "surrogatepass")
    value = FNV_OFFSET
    for low, high in zip(encoded[::2], encoded[1::2], strict=True):
        value = ((value ^ (low | high << 8)) * FNV_PRIME) & MASK
    return value


def unleash_bucket(unit: str, group: str, buckets: int = 100, seed: int = 0) -> int:
    """Return Unleash's bucket from 1 to `buckets` for a rollout (seed 0) or a variant (`UNLEASH_VARIANT_SEED`).

    >>> unleash_bucket("123", "gr1"), unleash_bucket("999", "groupX")
    (73, 25)
    """
    return murmur3_32(f"{group}:{unit}".encode(), seed) % buckets + 1


def murmur3_32(content: bytes, seed: int = 0) -> int:
    """Return MurmurHash3 x86 32 bit of `content`. Source: Appleby, SMHasher (public domain).

    >>> hex(murmur3_32(b"test", 0x9747B28C))
    '0x704b81dc'
    """
    value, whole = seed & MASK, len(content) & ~3
    for place in range(0, whole, 4):
        value ^= _murmur_block(int.from_bytes(content[place : place + 4], "little"))
        value = (_rotate(value, 13) * 5 + 0xE6546B64) & MASK
    value ^= _murmur_block(int.from_bytes(content[whole:], "little")) ^ len(content)
    value = ((value ^ value >> 16) * 0x85EBCA6B) & MASK
    value = ((value ^ value >> 13) * 0xC2B2AE35) & MASK
    return value ^ value >> 16


def _murmur_block(block: int) -> int:
    return (_rotate((block * 0xCC9E2D51) & MASK, 15) * 0x1B873593) & MASK


def _rotate(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (32 - bits))) & MASK
