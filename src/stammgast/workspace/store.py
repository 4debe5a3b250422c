"""All SQL of the workspace against `control`: tables first, then one short function a statement.

Functions take an open connection; `api` opens the transactions. Times are ms UTC, lists and facts are JSON text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    RowMapping,
    String,
    Table,
    Text,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

METADATA = MetaData()

revision_table = Table(
    "control_revision",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("revision", BigInteger, nullable=False),
)
company_table = Table(
    "company",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("zone", String(64), nullable=False),
    Column("first_weekday", Integer, nullable=False),
    Column("currency", String(3), nullable=False),
)
brands_table = Table(
    "brands",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
teams_table = Table(
    "teams",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
users_table = Table(
    "users",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("email", String(320), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("role", String(20), nullable=False),
    Column("password_hash", Text, nullable=True),
    Column("language", String(2), nullable=False),
    Column("zone", String(64), nullable=False),
    Column("theme", String(5), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_login_at", BigInteger, nullable=True),
    Column("disabled_at", BigInteger, nullable=True),
    Column("brands", Text, nullable=False, server_default="[]"),
    Column("teams", Text, nullable=False, server_default="[]"),
    sqlite_autoincrement=True,
)
sessions_table = Table(
    "sessions",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
)
entry_links_table = Table(
    "entry_links",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id", ondelete="CASCADE"), nullable=True),
    Column("created_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
)
tokens_table = Table(
    "api_tokens",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", String(20), nullable=False),
    Column("digest", String(64), nullable=False, unique=True),
    Column("hint", String(4), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger, nullable=True),
    Column("revoked_at", BigInteger, nullable=True),
    Column("brands", Text, nullable=False, server_default="[]"),
    sqlite_autoincrement=True,
)
sources_table = Table(
    "sources",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("kind", String(20), nullable=False),
    Column("brand_id", Integer, ForeignKey("brands.id"), nullable=False),
    Column("allowed_origins", Text, nullable=False),
    Column("rate_limit", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger, nullable=True),
    sqlite_autoincrement=True,
)
write_keys_table = Table(
    "write_keys",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("source_id", Integer, ForeignKey("sources.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("hint", String(4), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=True),
    Column("public_text", Text, nullable=True),
)
staff_rules_table = Table(
    "staff_rules",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("value", String(320), nullable=False),
    Index("staff_rules_distinct", "kind", "value", unique=True),
)
audit_table = Table(
    "audit_log",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False, index=True),
    Column("actor_kind", String(10), nullable=False),
    Column("actor_id", Integer, nullable=False),
    Column("actor_name", Text, nullable=False),
    Column("action", String(60), nullable=False, index=True),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    sqlite_autoincrement=True,
)

Row = RowMapping


# Revision: grows with every change of control data, so that caches know when to reload.


def bump_revision(connection: Connection) -> int:
    """Count the revision up and return it."""
    connection.execute(update(revision_table).values(revision=revision_table.c.revision + 1))
    return read_revision(connection)


def read_revision(connection: Connection) -> int:
    """Return the present revision."""
    return int(connection.execute(select(revision_table.c.revision)).scalar_one())


# Company and brands.


def read_company(connection: Connection) -> Row:
    """Return the one row of the company."""
    return connection.execute(select(company_table)).mappings().one()


def write_company(connection: Connection, **values: object) -> None:
    """Change the company."""
    connection.execute(update(company_table).values(**values))


def list_brands(connection: Connection) -> Sequence[Row]:
    """Return all brands by name."""
    return connection.execute(select(brands_table).order_by(brands_table.c.name)).mappings().all()


def add_brand(connection: Connection, name: str, at: int) -> int:
    """Insert a brand and return its number."""
    return _inserted(connection, brands_table, name=name, created_at=at)


def rename_brand(connection: Connection, brand: int, name: str) -> bool:
    """Rename a brand; False when there is none."""
    return _changed(connection, brands_table, brand, name=name)


# Teams.


def list_teams(connection: Connection) -> Sequence[Row]:
    """Return all teams by name."""
    return connection.execute(select(teams_table).order_by(teams_table.c.name)).mappings().all()


def add_team(connection: Connection, name: str, at: int) -> int:
    """Insert a team and return its number."""
    return _inserted(connection, teams_table, name=name, created_at=at)


def rename_team(connection: Connection, team: int, name: str) -> bool:
    """Rename a team; False when there is none."""
    return _changed(connection, teams_table, team, name=name)


# People, their log-ins and their one-time links.


def list_users(connection: Connection) -> Sequence[Row]:
    """Return everybody by name."""
    return connection.execute(select(users_table).order_by(users_table.c.name, users_table.c.id)).mappings().all()


def read_user(connection: Connection, user: int) -> Row | None:
    """Return one person."""
    return connection.execute(select(users_table).where(users_table.c.id == user)).mappings().first()


def user_by_email(connection: Connection, email: str) -> Row | None:
    """Return the person with this (lower-case) address."""
    return connection.execute(select(users_table).where(users_table.c.email == email)).mappings().first()


def add_user(connection: Connection, **values: object) -> int:
    """Insert a person and return the number."""
    return _inserted(connection, users_table, **values)


def change_user(connection: Connection, user: int, **values: object) -> bool:
    """Change columns of a person; False when there is none."""
    return _changed(connection, users_table, user, **values)


def count_users(connection: Connection) -> int:
    """Count people who can log in."""
    able = and_(users_table.c.password_hash.is_not(None), users_table.c.disabled_at.is_(None))
    return int(connection.execute(select(func.count()).select_from(users_table).where(able)).scalar_one())


def count_administrators(connection: Connection, *, but: int) -> int:
    """Count administrators who can log in, without the person `but`."""
    able = and_(
        users_table.c.role == "administrator",
        users_table.c.password_hash.is_not(None),
        users_table.c.disabled_at.is_(None),
        users_table.c.id != but,
    )
    return int(connection.execute(select(func.count()).select_from(users_table).where(able)).scalar_one())


def add_session(connection: Connection, digest: str, user: int, at: int) -> None:
    """Begin a log-in."""
    connection.execute(insert(sessions_table).values(digest=digest, user_id=user, created_at=at, seen_at=at))


def read_session(connection: Connection, digest: str, *, seen_since: int) -> Row | None:
    """Return the able person of a log-in that was used since, with `seen_at`."""
    return (
        connection.execute(
            select(users_table, sessions_table.c.seen_at)
            .join(sessions_table, sessions_table.c.user_id == users_table.c.id)
            .where(sessions_table.c.digest == digest)
            .where(sessions_table.c.seen_at >= seen_since)
            .where(users_table.c.disabled_at.is_(None))
        )
        .mappings()
        .first()
    )


def touch_session(connection: Connection, digest: str, at: int) -> None:
    """Note that a log-in is in use."""
    connection.execute(update(sessions_table).where(sessions_table.c.digest == digest).values(seen_at=at))


def end_session(connection: Connection, digest: str) -> None:
    """End one log-in."""
    connection.execute(delete(sessions_table).where(sessions_table.c.digest == digest))


def end_sessions_of(connection: Connection, user: int) -> None:
    """End every log-in of a person."""
    connection.execute(delete(sessions_table).where(sessions_table.c.user_id == user))


def sweep(connection: Connection, *, sessions_before: int, links_before: int) -> int:
    """Remove log-ins unused since and links that ended before; return how many."""
    old = connection.execute(delete(sessions_table).where(sessions_table.c.seen_at < sessions_before)).rowcount
    spent = connection.execute(delete(entry_links_table).where(entry_links_table.c.ends_at < links_before)).rowcount
    return old + spent


def replace_link(connection: Connection, digest: str, user: int | None, at: int, ends_at: int) -> None:
    """Make the one link of a person (None: of the first administrator); an older one stops working."""
    connection.execute(delete(entry_links_table).where(_link_of(user)))
    connection.execute(insert(entry_links_table).values(digest=digest, user_id=user, created_at=at, ends_at=ends_at))


def read_link(connection: Connection, digest: str, at: int) -> Row | None:
    """Return a link that still works."""
    good = and_(entry_links_table.c.digest == digest, entry_links_table.c.ends_at > at)
    return connection.execute(select(entry_links_table).where(good)).mappings().first()


def spend_link(connection: Connection, digest: str) -> None:
    """Remove a link that has been used."""
    connection.execute(delete(entry_links_table).where(entry_links_table.c.digest == digest))


def _link_of(user: int | None) -> Any:
    return entry_links_table.c.user_id.is_(None) if user is None else entry_links_table.c.user_id == user


# API tokens.


def list_tokens(connection: Connection) -> Sequence[Row]:
    """Return all tokens, newest first."""
    return connection.execute(select(tokens_table).order_by(tokens_table.c.id.desc())).mappings().all()


def read_token(connection: Connection, token: int) -> Row | None:
    """Return one token."""
    return connection.execute(select(tokens_table).where(tokens_table.c.id == token)).mappings().first()


def add_token(connection: Connection, **values: object) -> int:
    """Insert a token and return its number."""
    return _inserted(connection, tokens_table, **values)


def change_token(connection: Connection, token: int, **values: object) -> bool:
    """Change columns of a token; False when there is none."""
    return _changed(connection, tokens_table, token, **values)


# Sources and their write keys.


def list_sources(connection: Connection) -> Sequence[Row]:
    """Return all sources, working ones first, by name."""
    order = (sources_table.c.revoked_at.is_not(None), sources_table.c.name)
    return connection.execute(select(sources_table).order_by(*order)).mappings().all()


def add_source(connection: Connection, **values: object) -> int:
    """Insert a source and return its number."""
    return _inserted(connection, sources_table, **values)


def change_source(connection: Connection, source: int, **values: object) -> bool:
    """Change columns of a source; False when there is none."""
    return _changed(connection, sources_table, source, **values)


def list_keys(connection: Connection) -> Sequence[Row]:
    """Return all write keys, newest first."""
    order = (write_keys_table.c.created_at.desc(), write_keys_table.c.digest)
    return connection.execute(select(write_keys_table).order_by(*order)).mappings().all()


def add_key(connection: Connection, digest: str, source: int, hint: str, at: int, public_text: str | None) -> None:
    """Insert a write key; `public_text` is the key itself where it is no secret."""
    values = {"digest": digest, "source_id": source, "hint": hint, "created_at": at, "public_text": public_text}
    connection.execute(insert(write_keys_table).values(ends_at=None, **values))


def forget_public_keys(connection: Connection, source: int) -> None:
    """Keep only the digests of a source's keys."""
    connection.execute(update(write_keys_table).where(write_keys_table.c.source_id == source).values(public_text=None))


def end_keys(connection: Connection, source: int, at: int) -> None:
    """Let every key of a source end at `at`, if it does not end earlier."""
    later = or_(write_keys_table.c.ends_at.is_(None), write_keys_table.c.ends_at > at)
    connection.execute(
        update(write_keys_table).where(write_keys_table.c.source_id == source).where(later).values(ends_at=at)
    )


# Staff traffic.


def list_staff_rules(connection: Connection) -> Sequence[Row]:
    """Return all staff rules by kind and value."""
    order = (staff_rules_table.c.kind, staff_rules_table.c.value)
    return connection.execute(select(staff_rules_table).order_by(*order)).mappings().all()


def find_staff_rule(connection: Connection, kind: str, value: str) -> int | None:
    """Return the number of a rule that says the same."""
    same = and_(staff_rules_table.c.kind == kind, staff_rules_table.c.value == value)
    return connection.execute(select(staff_rules_table.c.id).where(same)).scalar()


def add_staff_rule(connection: Connection, kind: str, value: str) -> int:
    """Insert a rule and return its number."""
    return _inserted(connection, staff_rules_table, kind=kind, value=value)


def remove_staff_rule(connection: Connection, rule: int) -> Row | None:
    """Remove a rule and return what it said."""
    row = connection.execute(select(staff_rules_table).where(staff_rules_table.c.id == rule)).mappings().first()
    connection.execute(delete(staff_rules_table).where(staff_rules_table.c.id == rule))
    return row


# Audit log.


def add_audit(connection: Connection, at: int, actor: tuple[str, int, str], what: tuple[str, str], detail: str) -> None:
    """Append one entry. `actor` is (kind, id, name), `what` is (action, subject)."""
    connection.execute(
        insert(audit_table).values(
            at=at,
            actor_kind=actor[0],
            actor_id=actor[1],
            actor_name=actor[2],
            action=what[0],
            subject=what[1],
            detail=detail,
        )
    )


def list_audit(connection: Connection, *, text: str, action: str, limit: int, offset: int) -> Sequence[Row]:
    """Return entries newest first; `text` is found in names and subjects, `action` is a beginning."""
    found = select(audit_table).where(_audit_filter(text, action))
    return connection.execute(found.order_by(audit_table.c.id.desc()).limit(limit).offset(offset)).mappings().all()


def count_audit(connection: Connection, *, text: str, action: str) -> int:
    """Count what `list_audit` would page through."""
    found = select(func.count()).select_from(audit_table).where(_audit_filter(text, action))
    return int(connection.execute(found).scalar_one())


def _audit_filter(text: str, action: str) -> Any:
    parts: list[Any] = [audit_table.c.action.startswith(action, autoescape=True)]
    if text:
        parts.append(
            or_(
                audit_table.c.actor_name.icontains(text, autoescape=True),
                audit_table.c.subject.icontains(text, autoescape=True),
            )
        )
    return and_(*parts)


def to_json(value: object) -> str:
    """Return JSON text for a column."""
    return msgspec.json.encode(value).decode()


def _inserted(connection: Connection, table: Table, **values: object) -> int:
    key = connection.execute(insert(table).values(**values)).inserted_primary_key
    assert key is not None
    return int(key[0])


def _changed(connection: Connection, table: Table, number: int, **values: object) -> bool:
    return connection.execute(update(table).where(table.c.id == number).values(**values)).rowcount > 0
