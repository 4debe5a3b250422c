"""The first look over a file: how many lines, and what occurs in more than one place.

Lines of one order usually stand together, but not always. Knowing beforehand which groups come in pieces, the engine
holds only those open, and every other event leaves as soon as its last line has been read.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from itertools import groupby

import msgspec

from stammgast.imports.assembly import Tests
from stammgast.imports.contracts import ImportMap
from stammgast.imports.tables import Batch, Table


class Survey(msgspec.Struct, frozen=True):
    """`rows`: lines that can be read. `runs`: hash of a group -> in how many places it stands, when in more than one.

    `repeated`: hashes of lines that occur more than once (without groups). Hashes hold within one process only.
    """

    rows: int
    runs: dict[int, int]
    repeated: frozenset[int]


def survey_table(table: Table, plan: ImportMap, on_rows: Callable[[int], None]) -> Survey:
    """Read the file once, telling `on_rows` how many lines it has seen."""
    hashes = array("q")
    rows = 0
    last: str | None = None
    for batch in kept_lines(table, plan, (plan.group,) if plan.group else (), contents=not plan.group):
        rows += len(batch)
        if plan.group:
            starts = [key for key, _ in groupby(batch.columns[plan.group])]
            if starts and starts[0] == last and rows > len(batch):
                del starts[0]
            last = batch.columns[plan.group][-1] if len(batch) else last
            hashes.extend(map(hash, starts))
        else:
            hashes.extend(map(hash, batch.contents))
        on_rows(rows)
    import numpy as np  # takes longer than starting may

    values, counts = np.unique(np.frombuffer(hashes, dtype=np.int64), return_counts=True)
    several = counts > 1
    found = dict(zip(values[several].tolist(), counts[several].tolist(), strict=True))
    return Survey(rows, found if plan.group else {}, frozenset() if plan.group else frozenset(found))


def kept_lines(
    table: Table, plan: ImportMap, wanted: tuple[str, ...], *, contents: bool, refuse: Callable[..., None] | None = None
) -> Iterator[Batch]:
    """Yield the file's lines without those that fit the map's `skip`."""
    tests = [Tests(condition, table.dialect) for condition in plan.skip]
    columns = tuple(dict.fromkeys((*wanted, *(test.column for test in tests))))
    for batch in table.batches(columns, refuse or _ignore, contents=contents):
        if not tests or not len(batch):
            yield batch
            continue
        verdicts = zip(*([test[cell] for cell in batch.columns[test.column]] for test in tests), strict=True)
        yield batch.only([not all(verdict) for verdict in verdicts])


def _ignore(_refusal: object) -> None:
    """Take no notice: the second look tells of lines that can't be read."""
