"""What somebody has written and the worker has not taken in yet: its author sees it at once, on every page."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from stammgast.events.contracts import MessageBook
from stammgast.kernel import clock
from stammgast.kernel.runtime import Runtime
from stammgast.notes import store
from stammgast.notes.contracts import Author, Subject

PATIENCE_SECONDS = 0.5
"""How long a page waits for the worker, which mostly takes some hundredths of a second."""
_LOOK_SECONDS = 0.02

Word = TypeVar("Word")


def remember(runtime: Runtime, kind: str, position: int, subjects: Sequence[Subject], word: object, by: Author) -> None:
    """Wait a moment for the worker; keep what it has not taken in by then, for its author."""
    if is_taken_in(runtime, position, PATIENCE_SECONDS):
        return
    with runtime.control.write() as connection:
        store.add_waiting(
            connection,
            position=position,
            person=_key(by),
            at=clock.now_millis(),
            kind=kind,
            subjects=subjects,
            word=msgspec.json.encode(word).decode(),
        )


def is_taken_in(runtime: Runtime, position: int, patience: float) -> bool:
    """Wait up to `patience` seconds for the worker; say whether it is past a position of the log."""
    deadline = time.monotonic() + patience
    committed = runtime.service(MessageBook).committed_position
    while committed() < position:
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_SECONDS)
    return True


def waiting_for(
    runtime: Runtime,
    by: Author,
    position: int,
    kind: str,
    subject: str,
    numbers: Sequence[int],
    read: Callable[[str], Word],
) -> list[tuple[Word, int]]:
    """Return the words of a kind, and when, that an author wrote beyond `position` about anchors or an account, in order.

    `read` makes a word of its JSON.
    """
    with runtime.control.read() as connection:
        found = store.list_waiting(connection, _key(by), position)
    wanted = set(numbers)
    return [
        (read(text), at)
        for action, subjects, text, at in found
        if action == kind and any(one.kind == subject and one.number in wanted for one in subjects)
    ]


def sweep_waiting(runtime: Runtime) -> None:
    """Forget what the worker has taken in since."""
    with runtime.control.read() as connection:
        if not store.has_waiting(connection):
            return
    position = runtime.service(MessageBook).committed_position()
    with runtime.control.write() as connection:
        store.forget_waiting(connection, position)


def _key(by: Author) -> str:
    return f"{by.kind}:{by.id}"
