"""All SQL about notes and tags: in the customers database, where only the worker writes, and what waits, in control."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    delete,
    insert,
    select,
)
from sqlalchemy import Text as LongText

from stammgast.kernel.customers_tables import Big, Text
from stammgast.kernel.keeping import Touched, tag_key, tag_term
from stammgast.kernel.sql import rows_in, rows_of, run, run_many
from stammgast.notes.contracts import (
    Author,
    DeleteNote,
    EditNote,
    KeptNote,
    KeptTagging,
    Note,
    Subject,
    SubjectKind,
    WriteNote,
)
from stammgast.notes.words import TagRow, tags_of

CUSTOMERS_METADATA = MetaData()
CONTROL_METADATA = MetaData()

notes = Table(
    "notes",
    CUSTOMERS_METADATA,
    Column("note", Text, primary_key=True),
    Column("kind", String, nullable=False),
    Column("subject", Big, nullable=False),
    Column("text", String, nullable=False),
    Column("author", String, nullable=False),
    Column("written_at", Big, nullable=False),
    Column("edited_at", Big, nullable=True),
    Column("edited_by", String, nullable=False),
    Column("deleted_at", Big, nullable=True),
    Column("deleted_by", String, nullable=False),
    Index("notes_by_subject", "subject", "kind"),
    comment="What people wrote about an anchor (kind customer) or an account. author: JSON. Of deleted ones the text is gone.",
)

tags = Table(
    "tags",
    CUSTOMERS_METADATA,
    Column("subject", Big, primary_key=True, autoincrement=False),
    Column("kind", String, primary_key=True),
    Column("tag", Text, primary_key=True),
    Column("label", String, nullable=False),
    Column("position", Big, nullable=False),
    Column("at", Big, nullable=False),
    Column("is_on", Boolean, nullable=False),
    Column("said_by", String, nullable=False),
    Column("batch", Big, nullable=False),
    Index("tags_by_tag", "tag"),
    Index("tags_by_batch", "batch"),
    sqlite_with_rowid=False,
    comment="The last word about a tag and an anchor or account. Of a customer's anchors the greatest log position counts.",
)

waiting_words = Table(
    "waiting_words",
    CONTROL_METADATA,
    Column("id", Integer, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("person", String(40), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("subjects", LongText, nullable=False),
    Column("word", LongText, nullable=False),
    Index("waiting_words_by_person", "person"),
    sqlite_autoincrement=True,
    comment="Orders of notes and tags that the worker had not obeyed at once, for whoever wrote them.",
)

_NOTE = "note, text, author, written_at, edited_at, edited_by, deleted_at, deleted_by"
_TAG = "tag, label, position, at, is_on, said_by"
_decode_author = msgspec.json.Decoder(Author).decode


def keep_notes(connection: Connection, found: Sequence[KeptNote], _batch: int) -> None:
    """Write what orders say about notes, in their order."""
    for one in found:
        match one.word:
            case WriteNote(note, subject, text, by):
                run(
                    connection,
                    f"INSERT INTO notes (kind, subject, {_NOTE}) VALUES (?, ?, ?, ?, ?, ?, NULL, '', NULL, '')"  # noqa: S608
                    " ON CONFLICT (note) DO NOTHING",
                    (subject.kind, subject.number, note, text, msgspec.json.encode(by).decode(), one.at),
                )
            case EditNote(note, text, by):
                sql = "UPDATE notes SET text = ?, edited_at = ?, edited_by = ? WHERE note = ? AND deleted_at IS NULL"
                run(connection, sql, (text, one.at, by.name, note))
            case DeleteNote(note, by):
                sql = "UPDATE notes SET text = '', deleted_at = ?, deleted_by = ? WHERE note = ? AND deleted_at IS NULL"
                run(connection, sql, (one.at, by.name, note))


def keep_taggings(connection: Connection, found: Sequence[KeptTagging], batch: int) -> None:
    """Write what orders say about tags; the last word about each stays."""
    for one in found:
        word = one.word
        run_many(
            connection,
            "INSERT INTO tags (subject, kind, tag, label, position, at, is_on, said_by, batch)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (subject, kind, tag) DO UPDATE SET label = excluded.label,"
            " position = excluded.position, at = excluded.at, is_on = excluded.is_on, said_by = excluded.said_by,"
            " batch = excluded.batch",
            [
                (
                    each.number,
                    each.kind,
                    tag_key(word.label),
                    word.label,
                    one.position,
                    one.at,
                    word.is_on,
                    word.by.name,
                    batch,
                )
                for each in word.subjects
            ],
        )


def list_notes(connection: Connection, kind: SubjectKind, numbers: Iterable[int]) -> list[Note]:
    """Return the notes about anchors of one customer, or about an account."""
    sql = f"SELECT {_NOTE} FROM notes WHERE subject IN ({{keys}}) AND kind = ?"  # noqa: S608
    return [_note(row) for row in rows_in(connection, sql, numbers, after=(kind,))]


def find_note(connection: Connection, note: str, kind: SubjectKind, numbers: Iterable[int]) -> Note | None:
    """Return a note when it is about one of these."""
    sql = f"SELECT {_NOTE} FROM notes WHERE note = ? AND kind = ? AND subject IN ({{keys}})"  # noqa: S608
    return next((_note(row) for row in rows_in(connection, sql, numbers, before=(note, kind))), None)


def _note(row: tuple[object, ...]) -> Note:
    note, text, author, *rest = row
    return msgspec.convert(
        dict(zip(Note.__struct_fields__, (note, text, _decode_author(str(author)), *rest), strict=False)), Note
    )


def list_tags(connection: Connection, kind: SubjectKind, numbers: Iterable[int]) -> dict[int, list[TagRow]]:
    """Return number -> what was said about its tags last."""
    found: dict[int, list[TagRow]] = {}
    sql = f"SELECT subject, {_TAG} FROM tags WHERE subject IN ({{keys}}) AND kind = ?"  # noqa: S608
    for subject, tag, label, position, at, is_on, by in rows_in(connection, sql, numbers, after=(kind,)):
        found.setdefault(subject, []).append(TagRow(tag, label, position, at, bool(is_on), by))
    return found


def words_of_customers(connection: Connection, anchors: Mapping[int, Sequence[int]]) -> dict[int, list[str]]:
    """Return profile -> the words of its tags."""
    rows = list_tags(connection, "customer", [one for many in anchors.values() for one in many])
    if not rows:
        return {}
    return {
        profile: [tag_term(one.label) for one in tags_of(row for anchor in many for row in rows.get(anchor, ()))]
        for profile, many in anchors.items()
    }


def words_of_accounts(connection: Connection, numbers: Sequence[int]) -> dict[int, list[str]]:
    """Return account -> the words of its tags."""
    rows = list_tags(connection, "account", numbers)
    return {number: [tag_term(one.label) for one in tags_of(found)] for number, found in rows.items()}


def tagged_since(connection: Connection, batch: int) -> Touched:
    """Return whose tags batches from `batch` on changed."""
    touched = Touched()
    for kind, number in rows_of(connection, "SELECT kind, subject FROM tags WHERE batch >= ?", (batch,)):
        (touched.anchors if kind == "customer" else touched.accounts).add(number)
    return touched


def known_tags(connection: Connection, kind: SubjectKind, most: int) -> list[str]:
    """Return the tags in use by their keys' order, each as it was typed last; from tag to tag, not through all rows."""
    labels: list[str] = []
    after = ""
    while len(labels) < most:
        sql = "SELECT tag FROM tags WHERE tag > ? ORDER BY tag LIMIT 1"
        found = rows_of(connection, sql, (after,))
        if not found:
            break
        after = found[0][0]
        sql = "SELECT label FROM tags WHERE tag = ? AND kind = ? AND is_on = ? LIMIT 1"
        labels += [row[0] for row in rows_of(connection, sql, (after, kind, True))]
    return labels


def add_waiting(
    connection: Connection, *, position: int, person: str, at: int, kind: str, subjects: Sequence[Subject], word: str
) -> None:
    """Keep a word that the worker has not taken in yet."""
    encoded = msgspec.json.encode(subjects).decode()
    connection.execute(
        insert(waiting_words).values(position=position, person=person, at=at, kind=kind, subjects=encoded, word=word)
    )


def list_waiting(connection: Connection, person: str, after: int) -> list[tuple[str, list[Subject], str, int]]:
    """Return (kind, subjects, word, when) of what somebody wrote beyond a log position, in order."""
    column = waiting_words.c
    query = (
        select(column.kind, column.subjects, column.word, column.at)
        .where(column.person == person, column.position > after)
        .order_by(column.id)
    )
    return [
        (row.kind, msgspec.json.decode(row.subjects, type=list[Subject]), row.word, row.at)
        for row in connection.execute(query)
    ]


def forget_waiting(connection: Connection, position: int) -> None:
    """Forget what the worker has taken in."""
    connection.execute(delete(waiting_words).where(waiting_words.c.position <= position))


def has_waiting(connection: Connection) -> bool:
    """Say whether anything waits, or did and is not forgotten yet."""
    return connection.execute(select(waiting_words.c.id).limit(1)).first() is not None
