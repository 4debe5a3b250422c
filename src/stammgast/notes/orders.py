"""What the worker does with notes and tags: it checks what an order says, and keeps it in the batch's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from stammgast.kernel.keeping import ListWords, OrderKind, Touched
from stammgast.notes import store
from stammgast.notes.contracts import (
    NOTE_LENGTH_MAX,
    NUMBER_MAX,
    SUBJECTS_MAX,
    DeleteNote,
    KeptNote,
    KeptTagging,
    NoteWord,
    Subject,
    Tagging,
    WriteNote,
    read_label,
)

NOTE = "note"
TAG = "tag"
ID_LENGTH_MAX = 100


def read_note(facts: Mapping[str, Any], _position: int, received_at: int) -> KeptNote:
    """Return the word in an order. Raises ValueError for one that no page makes."""
    word: NoteWord = msgspec.convert(facts, NoteWord)
    text = "" if isinstance(word, DeleteNote) else word.text
    if len(text) > NOTE_LENGTH_MAX or not 0 < len(word.note) <= ID_LENGTH_MAX:
        raise ValueError("a note that is too long")
    if "\0" in text or "\0" in word.note or "\0" in word.by.name:
        raise ValueError("a note with a NUL character")
    if isinstance(word, WriteNote):
        _check(word.subject)
    return KeptNote(word, received_at)


def read_tagging(facts: Mapping[str, Any], position: int, received_at: int) -> KeptTagging:
    """Return the tagging in an order. Raises ValueError for one that no page makes."""
    word = msgspec.convert(facts, Tagging)
    if read_label(word.label) != word.label or "\0" in word.by.name or len(word.subjects) > SUBJECTS_MAX:
        raise ValueError("a tag that is not tidy, or of too many")
    for one in word.subjects:
        _check(one)
    return KeptTagging(word, position, received_at)


def _check(subject: Subject) -> None:
    if not 0 < subject.number <= NUMBER_MAX:
        raise ValueError(f"no number of a {subject.kind}: {subject.number}")


def _touched(found: KeptTagging) -> Touched:
    touched = Touched()
    for one in found.word.subjects:
        (touched.anchors if one.kind == "customer" else touched.accounts).add(one.number)
    return touched


ORDERS = (
    OrderKind(NOTE, read_note, store.keep_notes, lambda _found: Touched()),
    OrderKind(TAG, read_tagging, store.keep_taggings, _touched),
)
LIST_WORDS = ListWords(store.words_of_customers, store.words_of_accounts, store.tagged_since)
