"""Bloom filters over 16-byte digests: "certainly not seen" for almost every new message, in a fraction of a microsecond.

Digests are hashes already, so their own bits serve as the hash functions (Kirsch and Mitzenmacher 2006: two are enough
to derive all others).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CAPACITY = 1 << 18
"""Message ids of one filter."""
BITS = CAPACITY * 24
PROBES = 12
"""With 24 bits an id and 12 probes, 1 in 60,000 absent ids looks present when the filter is full."""

Digests = NDArray[np.uint64]
"""Shape (n, 2)."""


def as_numbers(digests: list[bytes]) -> Digests:
    """Return digests as an array of shape (n, 2)."""
    return np.frombuffer(b"".join(digests), dtype=np.uint64).reshape(-1, 2)


class Bloom:
    """One filter. `add` and `maybe` take many digests at once.

    >>> seen = Bloom()
    >>> seen.add(as_numbers([b"0123456789abcdef"]))
    >>> seen.maybe(as_numbers([b"0123456789abcdef", b"fedcba9876543210"])).tolist()
    [True, False]
    """

    def __init__(self, bits: bytes | None = None) -> None:
        """Make an empty filter, or one out of stored `bits`."""
        stored = np.zeros(BITS // 8, dtype=np.uint8) if bits is None else np.frombuffer(bits, dtype=np.uint8)
        self._bits = stored if bits is None else stored.copy()

    def add(self, digests: Digests) -> None:
        """Remember digests."""
        for probe in range(PROBES):
            places = _places(digests, probe)
            np.bitwise_or.at(self._bits, places >> np.uint64(3), _masks(places))

    def maybe(self, digests: Digests) -> NDArray[np.bool_]:
        """Say for each digest whether it may have been added; False is certain."""
        alive = np.arange(len(digests))
        for probe in range(PROBES):
            places = _places(digests[alive], probe)
            alive = alive[(self._bits[places >> np.uint64(3)] & _masks(places)) != 0]
            if not len(alive):
                break
        found = np.zeros(len(digests), dtype=np.bool_)
        found[alive] = True
        return found

    def to_bytes(self) -> bytes:
        """Return the bits for storing."""
        return self._bits.tobytes()


def _places(digests: Digests, probe: int) -> NDArray[np.uint64]:
    # Odd steps never share a factor with the power of two in BITS; numpy's wrap-around is wanted.
    mixed = digests[:, 0] + np.uint64(probe) * (digests[:, 1] | np.uint64(1))
    return mixed % np.uint64(BITS)


def _masks(places: NDArray[np.uint64]) -> NDArray[np.uint8]:
    return np.left_shift(np.uint8(1), (places & np.uint64(7)).astype(np.uint8))
