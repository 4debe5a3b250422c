"""Management API of notes and tags, of customers and of accounts."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import delete, get, post, put
from litestar.params import FromPath, JSONBody, PathParameter

from stammgast.notes import api
from stammgast.notes.contracts import NOTE_LENGTH_MAX, TAG_LENGTH_MAX, Note, Tag
from stammgast.profiles.api import get_profile
from stammgast.profiles.api.pages import Reference, get_account
from stammgast.web.contracts import Role
from stammgast.web.guards import brands_of, person_of, requires
from stammgast.web.http import ApiController, iso_time, name_in_path
from stammgast.web.pages import runtime_of
from stammgast.web.shell import AnyRequest

AGENT = [requires(Role.AGENT)]
AGENT_OWN = [requires(Role.AGENT, bound="own")]

AccountReference = Annotated[
    str, PathParameter(max_length=600, description="`group_id:ID` (a slash as `%2F`), or `account:NUMBER`.")
]
TagName = Annotated[
    str, PathParameter(max_length=TAG_LENGTH_MAX + 1, description="A tag; upper and lower case are one.")
]


class NoteText(msgspec.Struct):
    """The words of a note."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=NOTE_LENGTH_MAX)]


class NoteAnswer(msgspec.Struct, rename="camel"):
    """A note. Of a deleted one the words are gone, and who deleted it stays. `waiting`: not taken in by the worker yet."""

    id: str
    text: str
    author: str
    written_at: str | None
    edited_at: str | None
    edited_by: str | None
    deleted_at: str | None
    deleted_by: str | None
    waiting: bool


class NotesAnswer(msgspec.Struct):
    """Notes, newest first."""

    notes: list[NoteAnswer]


class MadeAnswer(msgspec.Struct):
    """The id of what was made."""

    id: str


class TagAnswer(msgspec.Struct):
    """A tag, who gave it and when."""

    tag: str
    by: str
    at: str | None
    waiting: bool


class TagsAnswer(msgspec.Struct):
    """The tags of a customer or an account, sorted."""

    tags: list[TagAnswer]


class CustomerNotesController(ApiController):
    """Notes and tags of customers."""

    path = "/api/profiles/{reference:str}"
    tags = ("Notes and tags",)

    @get("/notes", guards=AGENT_OWN, summary="Read the notes about a customer", sync_to_thread=True)
    def notes(self, request: AnyRequest, reference: Reference) -> NotesAnswer:
        """Newest first. Somebody bound to brands sees what colleagues of theirs wrote."""
        return _notes(request, _customer(request, reference))

    @post("/notes", guards=AGENT_OWN, summary="Write a note about a customer", sync_to_thread=True)
    def write(self, request: AnyRequest, reference: Reference, data: JSONBody[NoteText]) -> MadeAnswer:
        """It is kept by the worker, mostly within a tenth of a second."""
        about = _customer(request, reference)
        return MadeAnswer(api.write_note(runtime_of(request), person_of(request), about, data.text))

    @put(
        "/notes/{note:str}",
        guards=AGENT_OWN,
        summary="Change a note about a customer",
        status_code=204,
        sync_to_thread=True,
    )
    def edit(self, request: AnyRequest, reference: Reference, note: FromPath[str], data: JSONBody[NoteText]) -> None:
        """Only its author may."""
        api.edit_note(runtime_of(request), person_of(request), _customer(request, reference), note, data.text)

    @delete("/notes/{note:str}", guards=AGENT_OWN, summary="Delete a note about a customer", sync_to_thread=True)
    def remove(self, request: AnyRequest, reference: Reference, note: FromPath[str]) -> None:
        """Its author may, and an administrator. The words are gone for good."""
        api.delete_note(runtime_of(request), person_of(request), _customer(request, reference), note)

    @get("/tags", guards=AGENT_OWN, summary="Read a customer's tags", sync_to_thread=True)
    def tags_of(self, request: AnyRequest, reference: Reference) -> TagsAnswer:
        """All of them, sorted."""
        return _tags(request, _customer(request, reference))

    @put("/tags/{tag:str}", guards=AGENT_OWN, summary="Give a customer a tag", status_code=204, sync_to_thread=True)
    def tag(self, request: AnyRequest, reference: Reference, tag: TagName) -> None:
        """Giving one twice gives it once."""
        api.tag(runtime_of(request), person_of(request), _customer(request, reference), name_in_path(tag))

    @delete("/tags/{tag:str}", guards=AGENT_OWN, summary="Take a tag from a customer", sync_to_thread=True)
    def untag(self, request: AnyRequest, reference: Reference, tag: TagName) -> None:
        """Taking away what is not there does nothing."""
        api.untag(runtime_of(request), person_of(request), _customer(request, reference), name_in_path(tag))


class AccountNotesController(ApiController):
    """Notes and tags of accounts."""

    path = "/api/accounts/{reference:str}"
    tags = ("Notes and tags",)

    @get("/notes", guards=AGENT, summary="Read the notes about an account", sync_to_thread=True)
    def notes(self, request: AnyRequest, reference: AccountReference) -> NotesAnswer:
        """Newest first."""
        return _notes(request, _account(request, reference))

    @post("/notes", guards=AGENT, summary="Write a note about an account", sync_to_thread=True)
    def write(self, request: AnyRequest, reference: AccountReference, data: JSONBody[NoteText]) -> MadeAnswer:
        """It is kept by the worker, mostly within a tenth of a second."""
        about = _account(request, reference)
        return MadeAnswer(api.write_note(runtime_of(request), person_of(request), about, data.text))

    @put(
        "/notes/{note:str}",
        guards=AGENT,
        summary="Change a note about an account",
        status_code=204,
        sync_to_thread=True,
    )
    def edit(
        self, request: AnyRequest, reference: AccountReference, note: FromPath[str], data: JSONBody[NoteText]
    ) -> None:
        """Only its author may."""
        api.edit_note(runtime_of(request), person_of(request), _account(request, reference), note, data.text)

    @delete("/notes/{note:str}", guards=AGENT, summary="Delete a note about an account", sync_to_thread=True)
    def remove(self, request: AnyRequest, reference: AccountReference, note: FromPath[str]) -> None:
        """Its author may, and an administrator. The words are gone for good."""
        api.delete_note(runtime_of(request), person_of(request), _account(request, reference), note)

    @get("/tags", guards=AGENT, summary="Read an account's tags", sync_to_thread=True)
    def tags_of(self, request: AnyRequest, reference: AccountReference) -> TagsAnswer:
        """All of them, sorted."""
        return _tags(request, _account(request, reference))

    @put("/tags/{tag:str}", guards=AGENT, summary="Give an account a tag", status_code=204, sync_to_thread=True)
    def tag(self, request: AnyRequest, reference: AccountReference, tag: TagName) -> None:
        """Giving one twice gives it once."""
        api.tag(runtime_of(request), person_of(request), _account(request, reference), name_in_path(tag))

    @delete("/tags/{tag:str}", guards=AGENT, summary="Take a tag from an account", sync_to_thread=True)
    def untag(self, request: AnyRequest, reference: AccountReference, tag: TagName) -> None:
        """Taking away what is not there does nothing."""
        api.untag(runtime_of(request), person_of(request), _account(request, reference), name_in_path(tag))


CONTROLLERS = (CustomerNotesController, AccountNotesController)


def _customer(request: AnyRequest, reference: str) -> api.About:
    return api.about_customer(get_profile(runtime_of(request), name_in_path(reference), brands_of(request)))


def _account(request: AnyRequest, reference: str) -> api.About:
    return api.about_account(get_account(runtime_of(request), name_in_path(reference)))


def _notes(request: AnyRequest, about: api.About) -> NotesAnswer:
    return NotesAnswer([_note(one) for one in api.notes_about(runtime_of(request), about, person_of(request))])


def _tags(request: AnyRequest, about: api.About) -> TagsAnswer:
    return TagsAnswer([_tag(one) for one in api.tags_about(runtime_of(request), about, person_of(request))])


def _note(one: Note) -> NoteAnswer:
    return NoteAnswer(
        id=one.note,
        text=one.text,
        author=one.author.name,
        written_at=iso_time(one.written_at),
        edited_at=iso_time(one.edited_at),
        edited_by=one.edited_by or None,
        deleted_at=iso_time(one.deleted_at),
        deleted_by=one.deleted_by or None,
        waiting=one.is_waiting,
    )


def _tag(one: Tag) -> TagAnswer:
    return TagAnswer(one.label, one.by, iso_time(one.at), one.is_waiting)
