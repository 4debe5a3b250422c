"""How much of the worker's time resolving identity takes: the same events with it, and with every set its own profile."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import thread_time
from typing import TYPE_CHECKING, ClassVar
from unittest.mock import patch

from stammgast.app import migrate_state, open_runtime
from stammgast.kernel.settings import Settings
from stammgast.pipeline import batch
from stammgast.pipeline.memory import KnownAnchor
from stammgast.pipeline.resolving import Resolver
from stammgast.pipeline.runner import Worker

if TYPE_CHECKING:
    from stammgast.identity.resolution import RawSet
from stammgast.events.contracts import Taken

Seconds = tuple[float, float]
"""CPU seconds of the worker's own thread: (while it made the sets' first acquaintance, when it knew most of them)."""


class WithoutResolving(Resolver):
    """Numbers each set of raw identifiers and loads its state, as any worker must; joins nothing, keeps no evidence."""

    numbers: ClassVar[dict[RawSet, int]] = {}

    def resolve(self, fresh: Sequence[Taken]) -> list[KnownAnchor | None]:
        """Return the anchor of each event, which is its profile."""
        found: list[KnownAnchor | None] = []
        for taken in fresh:
            raw = taken.event.identifiers
            one = self._memory.get(raw) if raw else None
            if raw and one is None:
                one = self._number(raw)
            found.append(one)
        self._load_states({one.anchor: one for one in found if one is not None and one.state is None})
        return found

    def _number(self, raw: RawSet) -> KnownAnchor:
        number = self.numbers.get(raw)
        one = KnownAnchor(number or len(self.numbers) + 1, number or len(self.numbers) + 1)
        if number is None:
            self.numbers[raw] = one.anchor
            one.state = {}
        self._memory.put(raw, one)
        return one


def worker_seconds(folder: Path, log: Path, events: int, *, resolves: bool) -> Seconds:
    """Return what a new worker takes for the `events` of a log, over the first half of it and over the second.

    History is not running: what is sent there is the same either way, and another thread's. The list of customers, which
    can't be written without profiles, is left out of both.
    """
    settings = Settings(data=folder, outbox_limit=10 * events)
    shutil.copytree(log, settings.log_dir)
    migrate_state(settings)
    runtime = open_runtime(settings, "worker")
    with _worker(resolves=resolves), patch("stammgast.pipeline.projection.Projection.is_due", _never):
        worker = Worker(runtime)
        try:
            return _until(worker, events // 2), _until(worker, events)
        finally:
            worker.close()
            runtime.close()


@contextmanager
def _worker(*, resolves: bool) -> Iterator[None]:
    WithoutResolving.numbers = {}
    # As the worker process does: what stands stays.
    gc.collect()
    gc.freeze()
    try:
        with patch.object(batch, "Resolver", Resolver if resolves else WithoutResolving):
            yield
    finally:
        gc.unfreeze()


def _never(*_: object, **__: object) -> bool:
    return False


def _until(worker: Worker, position: int) -> float:
    began = thread_time()
    while worker.position < position:
        assert worker.turn(), "the log ended too soon"
    return thread_time() - began
