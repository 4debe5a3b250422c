"""Notes, tags, and the words by which people write them. Times are ms UTC, all structs frozen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from stammgast.kernel.errors import Invalid, NotAllowed, NotFound, StammgastError
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.ids import BrandId

NOTE_LENGTH_MAX = 10_000
TAG_LENGTH_MAX = 60
TAGS_MAX = 50
"""Most tags of one customer or account."""
SUBJECTS_MAX = 1_000
"""Most customers or accounts of one order, so that the worker's transaction stays short."""
NUMBER_MAX = 2**32 - 1

SubjectKind = Literal["customer", "account"]


class NoSuchNote(NotFound):
    """There is no note {note} here; it may have been deleted."""

    code = "no_such_note"


class NotYourNote(NotAllowed):
    """Only {author} may do this with a note of theirs; an administrator may delete it."""

    code = "not_your_note"


class TooManyTags(StammgastError):
    """{name} has {most} tags already. Take one away first."""

    status = 422


class WrongTag(Invalid):
    """{field}: {problem}."""


class Subject(msgspec.Struct, frozen=True, array_like=True):
    """What is written about: an anchor of a customer, or an account, by its number."""

    kind: SubjectKind
    number: int


class Author(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Who wrote. `brands`: those they were bound to, none: to none."""

    kind: Literal["user", "token", "command", "system"]
    id: int
    name: str
    brands: tuple[BrandId, ...] = ()

    def is_same(self, other: Author) -> bool:
        """Say whether both are one person or program; a name may have changed."""
        return (self.kind, self.id) == (other.kind, other.id)


class WriteNote(msgspec.Struct, frozen=True, tag_field="do", tag="write"):
    """Write a note. `note` is its id, so that one that is sent twice is written once."""

    note: str
    subject: Subject
    text: str
    by: Author


class EditNote(msgspec.Struct, frozen=True, tag_field="do", tag="edit"):
    """Put other words in place of a note's."""

    note: str
    text: str
    by: Author


class DeleteNote(msgspec.Struct, frozen=True, tag_field="do", tag="delete"):
    """Take a note's words away for good; who did it stays."""

    note: str
    by: Author


class Tagging(msgspec.Struct, frozen=True):
    """Give a tag to customers or accounts, or take it away."""

    label: str
    subjects: tuple[Subject, ...]
    is_on: bool
    by: Author


NoteWord = WriteNote | EditNote | DeleteNote


class KeptNote(msgspec.Struct, frozen=True):
    """A word about a note, and when the log took it in."""

    word: NoteWord
    at: int


class KeptTagging(msgspec.Struct, frozen=True):
    """A tagging with its place in the log, by which the last word is known."""

    word: Tagging
    position: int
    at: int


class Note(msgspec.Struct, frozen=True):
    """A note as it stands. Of a deleted one the words are gone."""

    note: str
    text: str
    author: Author
    written_at: int
    edited_at: int | None = None
    edited_by: str = ""
    deleted_at: int | None = None
    deleted_by: str = ""
    is_waiting: bool = False
    """Written, and the worker has not taken it in yet."""


class Tag(msgspec.Struct, frozen=True):
    """A tag that somebody has: `label` as it was typed, who gave it and when."""

    label: str
    by: str
    at: int
    is_waiting: bool = False


def read_label(text: str, field: str = "tag") -> str:
    """Return a tag as it was typed, tidied. Raises WrongTag.

    >>> read_label(" #VIP   Gast ")
    'VIP Gast'
    """
    label = " ".join(text.replace("\0", "").split()).removeprefix("#").strip()
    if not label:
        raise WrongTag(field=field, problem=_("write a word or two"))
    if len(label) > TAG_LENGTH_MAX:
        raise WrongTag(field=field, problem=_("a tag has at most 60 characters; write a note for more"))
    return label


def read_text(text: str, field: str = "text") -> str:
    """Return the words of a note, tidied. Raises Invalid."""
    tidied = "\n".join(line.rstrip() for line in text.replace("\0", "").replace("\r\n", "\n").split("\n")).strip("\n")
    if not tidied.strip():
        raise Invalid(field=field, problem=_("write something"))
    if len(tidied) > NOTE_LENGTH_MAX:
        raise Invalid(field=field, problem=_("a note has at most 10,000 characters; split it"))
    return tidied


def is_shown_to(note: Note, brands: Sequence[BrandId]) -> bool:
    """Say whether somebody bound to `brands` (none: to none) may read a note: those see what colleagues of theirs wrote.

    >>> by = Author("user", 1, "Anna", (BrandId(2),))
    >>> note = Note("n", "Calls on Mondays", by, 0)
    >>> is_shown_to(note, ()), is_shown_to(note, (BrandId(2), BrandId(3))), is_shown_to(note, (BrandId(3),))
    (True, True, False)
    """
    return not brands or bool(set(brands) & set(note.author.brands))
