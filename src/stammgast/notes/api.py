"""What other modules and pages may ask of notes and tags, and how people write them.

Whatever is written goes into the log as an order, and the worker keeps it. Everything read shows the reader's own words
at once, whether the worker has taken them in or not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from stammgast.events.api import append_order
from stammgast.kernel.ids import Anchor, BrandId, new_uuid
from stammgast.kernel.keeping import tag_key
from stammgast.kernel.position import committed_position
from stammgast.kernel.runtime import Runtime
from stammgast.notes import store
from stammgast.notes.contracts import (
    SUBJECTS_MAX,
    TAGS_MAX,
    Author,
    DeleteNote,
    EditNote,
    NoSuchNote,
    Note,
    NoteWord,
    NotYourNote,
    Subject,
    SubjectKind,
    Tag,
    Tagging,
    TooManyTags,
    WriteNote,
    is_shown_to,
    read_label,
    read_text,
)
from stammgast.notes.orders import ID_LENGTH_MAX, NOTE, TAG
from stammgast.notes.waiting import is_taken_in, remember, waiting_for
from stammgast.notes.words import notes_with, tags_of, tags_with
from stammgast.profiles.api import get_profile
from stammgast.profiles.api.pages import Account, steady_anchor
from stammgast.profiles.contracts import Profile
from stammgast.web.contracts import Person
from stammgast.workspace.api import record
from stammgast.workspace.contracts import Actor

__all__ = [
    "About",
    "about_account",
    "about_customer",
    "author_of",
    "delete_note",
    "edit_note",
    "get_note",
    "is_taken_in",
    "known_tags",
    "may_delete",
    "notes_about",
    "remember",
    "steady_anchor_of",
    "tag",
    "tag_many",
    "tags_about",
    "untag",
    "waiting_for",
    "write_note",
]

KNOWN_TAGS_MAX = 500
_read_note: Callable[[str], NoteWord] = msgspec.json.Decoder(NoteWord).decode
_read_tagging = msgspec.json.Decoder(Tagging).decode


@dataclass(frozen=True)
class About:
    """A customer or an account as notes and tags know it: `numbers` are its anchors, or its own number."""

    kind: SubjectKind
    name: str
    numbers: Sequence[int]
    number: int
    """Of the profile or the account."""

    @property
    def reference(self) -> str:
        """What the audit log calls it."""
        return f"{'profile' if self.kind == 'customer' else 'account'} {self.number}"


def about_customer(profile: Profile) -> About:
    """Return how to ask about a customer."""
    return About("customer", profile.name, profile.anchors, profile.profile)


def about_account(account: Account) -> About:
    """Return how to ask about an account."""
    return About("account", account.name, (account.account,), account.account)


def author_of(person: Person) -> Author:
    """Return a person or program as the author of what they write."""
    return Author(person.kind, person.id, person.name, tuple(person.brands))


def notes_about(runtime: Runtime, about: About, reader: Person) -> tuple[Note, ...]:
    """Return the notes that `reader` may read, newest first, deleted ones without their words."""
    with runtime.customers.read() as connection:
        position = committed_position(connection)
        found = store.list_notes(connection, about.kind, about.numbers)
    waiting: list[tuple[NoteWord, int]] = waiting_for(
        runtime, author_of(reader), position, NOTE, about.kind, about.numbers, _read_note
    )
    return tuple(one for one in notes_with(found, waiting) if _is_shown(one, reader))


def tags_about(runtime: Runtime, about: About, reader: Person | None = None) -> tuple[Tag, ...]:
    """Return the tags of a customer or an account, with those that `reader` has just given."""
    with runtime.customers.read() as connection:
        position = committed_position(connection)
        rows = store.list_tags(connection, about.kind, about.numbers)
    found = tags_of(row for many in rows.values() for row in many)
    if reader is None:
        return found
    waiting = waiting_for(runtime, author_of(reader), position, TAG, about.kind, about.numbers, _read_tagging)
    return tags_with(found, waiting)


def known_tags(runtime: Runtime, kind: SubjectKind) -> list[str]:
    """Return the tags in use, to choose from."""
    with runtime.customers.read() as connection:
        return store.known_tags(connection, kind, KNOWN_TAGS_MAX)


def write_note(runtime: Runtime, by: Person, about: About, text: str, note: str = "") -> str:
    """Write a note; return its id. `note` is that of a form, so that sending it twice writes once. Raises Invalid."""
    word = WriteNote(
        note[:ID_LENGTH_MAX].replace("\0", "") or new_uuid(), _subject(runtime, about), read_text(text), author_of(by)
    )
    _send_note(runtime, by, about, word, "note.write")
    return word.note


def edit_note(runtime: Runtime, by: Person, about: About, note: str, text: str) -> None:
    """Put other words in place of one's own note. Raises NoSuchNote, NotYourNote, Invalid."""
    known = get_note(runtime, about, note, by)
    if not known.author.is_same(author_of(by)):
        raise NotYourNote(author=known.author.name)
    _send_note(runtime, by, about, EditNote(note, read_text(text), author_of(by)), "note.edit")


def delete_note(runtime: Runtime, by: Person, about: About, note: str) -> None:
    """Take the words of one's own note away for good; an administrator may take anybody's. Raises NoSuchNote, NotYourNote."""
    known = get_note(runtime, about, note, by)
    if not may_delete(known, by):
        raise NotYourNote(author=known.author.name)
    _send_note(runtime, by, about, DeleteNote(note, author_of(by)), "note.delete")


def get_note(runtime: Runtime, about: About, note: str, reader: Person) -> Note:
    """Return a note that is not deleted. Raises NoSuchNote."""
    found = next((one for one in notes_about(runtime, about, reader) if one.note == note), None)
    if found is None or found.deleted_at is not None:
        raise NoSuchNote(note=note)
    return found


def may_delete(note: Note, person: Person) -> bool:
    """Say whether somebody may delete a note."""
    return note.author.is_same(author_of(person)) or person.may("administrator")


def tag(runtime: Runtime, by: Person, about: About, label: str) -> None:
    """Give a tag. Raises WrongTag, TooManyTags."""
    label = read_label(label)
    known = tags_about(runtime, about, by)
    if tag_key(label) in (tag_key(one.label) for one in known):
        return
    if len(known) >= TAGS_MAX:
        raise TooManyTags(name=about.name, most=TAGS_MAX)
    _send_tagging(runtime, by, [_subject(runtime, about)], about.reference, label, is_on=True)


def untag(runtime: Runtime, by: Person, about: About, label: str) -> None:
    """Take a tag away; taking away what is not there does nothing. Raises WrongTag."""
    label = read_label(label)
    if tag_key(label) in (tag_key(one.label) for one in tags_about(runtime, about, by)):
        _send_tagging(runtime, by, [_subject(runtime, about)], about.reference, label, is_on=False)


def tag_many(
    runtime: Runtime, by: Person, kind: SubjectKind, subjects: Sequence[int], label: str, *, is_on: bool = True
) -> int:
    """Give many customers (by anchors) or accounts a tag, or take it away; return how many. Raises WrongTag."""
    label = read_label(label)
    every = [Subject(kind, one) for one in dict.fromkeys(subjects)]
    for start in range(0, len(every), SUBJECTS_MAX):
        part = every[start : start + SUBJECTS_MAX]
        _send_tagging(runtime, by, part, f"{len(part)} {kind}s", label, is_on=is_on)
    return len(every)


def steady_anchor_of(runtime: Runtime, number: int, brands: Sequence[BrandId] = ()) -> Anchor:
    """Return by which anchor to speak of the customer of a number. Raises NoSuchProfile."""
    return steady_anchor(runtime, get_profile(runtime, f"profile:{number}", brands))


def _subject(runtime: Runtime, about: About) -> Subject:
    if about.kind == "account":
        return Subject("account", about.number)
    return Subject("customer", steady_anchor_of(runtime, about.number))


def _is_shown(note: Note, reader: Person) -> bool:
    return is_shown_to(note, reader.brands) or note.author.is_same(author_of(reader))


def _send_note(runtime: Runtime, by: Person, about: About, word: NoteWord, action: str) -> None:
    record(runtime, Actor.of(by), action, about.reference)
    subject = word.subject if isinstance(word, WriteNote) else Subject(about.kind, about.numbers[0])
    remember(runtime, NOTE, append_order(runtime, NOTE, word), [subject], word, author_of(by))


def _send_tagging(
    runtime: Runtime, by: Person, subjects: Sequence[Subject], reference: str, label: str, *, is_on: bool
) -> None:
    record(runtime, Actor.of(by), "tag.add" if is_on else "tag.remove", reference, tag=label)
    word = Tagging(label, tuple(subjects), is_on, author_of(by))
    remember(runtime, TAG, append_order(runtime, TAG, word), subjects, word, author_of(by))
