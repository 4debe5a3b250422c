"""What somebody has written and the worker has not taken in yet: its author sees it at once, on every page."""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec

from stammgast.events.contracts import MessageBook
from stammgast.kernel import clock
from stammgast.kernel.runtime import Runtime
from stammgast.notes import store
from stammgast.notes.contracts import Author, NoteWord, Subject, Tagging
from stammgast.notes.orders import NOTE, TAG

PATIENCE_SECONDS = 0.5
"""How long a page waits for the worker, which mostly takes some hundredths of a second."""
_LOOK_SECONDS = 0.02

Words = list[tuple[NoteWord, int]]
Taggings = list[tuple[Tagging, int]]


def remember(
    runtime: Runtime, kind: str, position: int, subjects: Sequence[Subject], word: NoteWord | Tagging, by: Author
) -> None:
    """Wait a moment for the worker; keep what it has not taken in by then, for its author."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    committed = runtime.service(MessageBook).committed_position
    while committed() < position:
        if time.monotonic() > deadline:
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
            return
        time.sleep(_LOOK_SECONDS)


def waiting_for(
    runtime: Runtime, by: Author, position: int, kind: str, numbers: Sequence[int]
) -> tuple[Words, Taggings]:
    """Return what an author wrote beyond `position` about anchors or an account, in order."""
    with runtime.control.read() as connection:
        found = store.list_waiting(connection, _key(by), position)
    notes: Words = []
    tags: Taggings = []
    wanted = set(numbers)
    for action, subjects, word, at in found:
        if not any(one.kind == kind and one.number in wanted for one in subjects):
            continue
        if action == NOTE:
            notes.append((msgspec.json.decode(word, type=NoteWord), at))
        elif action == TAG:
            tags.append((msgspec.json.decode(word, type=Tagging), at))
    return notes, tags


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
