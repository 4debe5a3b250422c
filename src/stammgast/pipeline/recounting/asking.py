"""Asking the history beside the worker: it folds one page while the next is on its way."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Answer(Generic[T]):
    """What an asking will have come to. `take` gives it or raises what went wrong; only once `is_there`."""

    def __init__(self, ask: Callable[[], T]) -> None:
        """Nothing has been asked yet."""
        self._ask = ask
        self._found: T
        self._problem: Exception | None = None
        self._done = threading.Event()

    @property
    def is_there(self) -> bool:
        """Say whether it has been answered, well or not."""
        return self._done.is_set()

    def run(self) -> None:
        """Ask; for the thread."""
        try:
            self._found = self._ask()
        except Exception as problem:  # noqa: BLE001 - raised again where it is taken
            self._problem = problem
        self._done.set()

    def take(self) -> T:
        """Return the answer."""
        if self._problem is not None:
            raise self._problem
        return self._found


class Asker:
    """One thread that asks one thing after the other; `wake` is called after each answer. It never holds up an exit."""

    def __init__(self, wake: Callable[[], object]) -> None:
        """Begin to wait for what is to be asked."""
        self._wake = wake
        self._waiting: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def ask(self, ask: Callable[[], T]) -> Answer[T]:
        """Let something be asked."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="recount", daemon=True)
            self._thread.start()
        answer = Answer(ask)
        self._waiting.put(answer.run)
        return answer

    def close(self, patience: float = 5.0) -> None:
        """End after what is being asked."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join(patience)
            self._thread = None

    def _run(self) -> None:
        while (run := self._waiting.get()) is not None:
            run()
            self._wake()
