"""Looking whether every file that somebody holds is there and whole; for `stammgast doctor`."""

from __future__ import annotations

from collections.abc import Iterator

from stammgast.kernel.blobs.contracts import BlobDamaged, BlobNotFound
from stammgast.kernel.blobs.holds import all_held
from stammgast.kernel.blobs.store import Blobs, blobs_of
from stammgast.kernel.runtime import Runtime

READ_BYTES_MAX = 500_000_000
"""How much is read to the end; of what is beyond only beginning and length are looked at."""
MISSING = "it is not there"


def check_blobs(runtime: Runtime, bytes_max: int = READ_BYTES_MAX) -> Iterator[tuple[str, str]]:
    """Yield (file, what is wrong with it or nothing) of every file that is held."""
    blobs = blobs_of(runtime)
    names: set[str] = set()
    for state in (runtime.customers, runtime.control):
        with state.read() as connection:
            names.update(all_held(connection))
    left = bytes_max
    for name in sorted(names):
        size, problem = _look(blobs, name, is_read=left > 0)
        left -= size
        yield name, problem


def _look(blobs: Blobs, name: str, *, is_read: bool) -> tuple[int, str]:
    try:
        found = blobs.find(name)
        if found is None:
            return 0, MISSING
        return (sum(len(piece) for piece in blobs.pieces(name)) if is_read else 0), ""
    except BlobNotFound:
        return 0, MISSING
    except BlobDamaged as problem:
        return 0, str(problem.facts["problem"])
