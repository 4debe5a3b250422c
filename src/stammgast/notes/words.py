"""What was written, with what still waits for the worker laid over it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from stammgast.kernel.keeping import tag_key
from stammgast.notes.contracts import DeleteNote, EditNote, Note, NoteWord, Tag, Tagging, WriteNote


class TagRow(msgspec.Struct, frozen=True):
    """The last word about a tag and one anchor or account; the greatest `position` of the log counts."""

    tag: str
    label: str
    position: int
    at: int
    is_on: bool
    by: str


def notes_with(notes: Iterable[Note], words: Iterable[tuple[NoteWord, int]]) -> tuple[Note, ...]:
    """Return notes, newest first, with words (and when they were written) that the worker has not taken in."""
    found = {one.note: one for one in notes}
    for word, at in words:
        known = found.get(word.note)
        match word:
            case WriteNote(note, _, text, by) if known is None:
                found[note] = Note(note, text, by, at, is_waiting=True)
            case EditNote(note, text, by) if known is not None and known.deleted_at is None:
                found[note] = msgspec.structs.replace(
                    known, text=text, edited_at=at, edited_by=by.name, is_waiting=True
                )
            case DeleteNote(note, by) if known is not None and known.deleted_at is None:
                found[note] = msgspec.structs.replace(
                    known, text="", deleted_at=at, deleted_by=by.name, is_waiting=True
                )
            case _:
                pass
    return tuple(sorted(found.values(), key=lambda one: (-one.written_at, one.note)))


def tags_of(rows: Iterable[TagRow]) -> tuple[Tag, ...]:
    """Return the tags of a customer out of what was said about each of their anchors: the last word counts.

    >>> on, off = TagRow("vip", "VIP", 5, 0, True, "Anna"), TagRow("vip", "VIP", 9, 0, False, "Bob")
    >>> [one.label for one in tags_of([on])], tags_of([on, off])
    (['VIP'], ())
    """
    last: dict[str, TagRow] = {}
    for row in rows:
        known = last.get(row.tag)
        if known is None or row.position > known.position:
            last[row.tag] = row
    return tuple(Tag(last[key].label, last[key].by, last[key].at) for key in sorted(last) if last[key].is_on)


def tags_with(tags: Sequence[Tag], words: Iterable[tuple[Tagging, int]]) -> tuple[Tag, ...]:
    """Return tags, with words (and when they were written) that the worker has not taken in."""
    found = {tag_key(one.label): one for one in tags}
    for word, at in words:
        key = tag_key(word.label)
        if word.is_on:
            found[key] = Tag(word.label, word.by.name, at, is_waiting=True)
        else:
            found.pop(key, None)
    return tuple(found[key] for key in sorted(found))
