"""The list of customers: writing the projection, and reading it sorted, filtered, searched and paged."""

# ruff: noqa: S608 - only names of our own tables and columns are pasted into statements; values are parameters

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select

from stammgast.identity.resolution import Pair
from stammgast.identity.store.tables import identifiers
from stammgast.kernel.sql import rows_in, run_many
from stammgast.profiles.contracts import CustomerFilter, SortBy
from stammgast.profiles.figures.corrections import MARKS
from stammgast.profiles.listing import Listing
from stammgast.profiles.store.listed import count_of, page_of
from stammgast.profiles.store.tables import customer_tags, customer_terms, customers

_COLUMNS = customers.c
_MARKS = tuple(f"mark:{one}" for one in MARKS if one)
_SORTED_BY = {
    "last_seen": _COLUMNS.last_seen,
    "first_seen": _COLUMNS.first_seen,
    "name": _COLUMNS.sort_name,
    "events": _COLUMNS.events,
    "orders": _COLUMNS.orders,
    "revenue": _COLUMNS.revenue,
}
_LISTED = (
    _COLUMNS.profile,
    _COLUMNS.name,
    _COLUMNS.email,
    _COLUMNS.first_seen,
    _COLUMNS.last_seen,
    _COLUMNS.events,
    _COLUMNS.orders,
    _COLUMNS.revenue,
    _COLUMNS.currency,
    _COLUMNS.is_identified,
    _COLUMNS.sort_name,
)
_FIELDS = (
    "profile",
    "name",
    "sort_name",
    "email",
    "first_seen",
    "last_seen",
    "events",
    "orders",
    "revenue",
    "currency",
    "is_identified",
)


PROFILE = _COLUMNS.profile
"""What a line's filters go by."""


class ListedRow(msgspec.Struct, frozen=True, array_like=True):
    """One line as read; `sort_value` is what a cursor needs."""

    profile: int
    name: str
    email: str
    first_seen: int
    last_seen: int
    events: int
    orders: int
    revenue: int
    currency: str
    is_identified: bool
    sort_name: str
    sort_value: int | str


def write_listings(connection: Connection, listings: Sequence[Listing], gone: Iterable[int]) -> None:
    """Write lines over what was there, and take out profiles that are `gone` (merged away)."""
    places = ", ".join("?" * len(_FIELDS))
    updates = ", ".join(f"{name} = excluded.{name}" for name in _FIELDS[1:])
    run_many(
        connection,
        f"INSERT INTO customers ({', '.join(_FIELDS)}) VALUES ({places}) ON CONFLICT (profile) DO UPDATE SET {updates}",
        [msgspec.structs.astuple(one)[: len(_FIELDS)] for one in listings],
    )
    write_words(connection, "customer_terms", "term", {one.profile: one.terms for one in listings})
    write_words(connection, "customer_tags", "tag", {one.profile: one.tags for one in listings})
    left = [(profile,) for profile in gone]
    for table in ("customers", "customer_terms", "customer_tags"):
        run_many(connection, f"DELETE FROM {table} WHERE profile = ?", left)


def lines_of(connection: Connection, profiles: Sequence[int]) -> dict[int, Listing]:
    """Return the lines of those profiles that are in the list."""
    found = {}
    words = {
        table: _words_of(connection, table, column, profiles)
        for table, column in (("customer_terms", "term"), ("customer_tags", "tag"))
    }
    sql = f"SELECT {', '.join(_FIELDS)} FROM customers WHERE profile IN ({{keys}})"
    for row in rows_in(connection, sql, profiles):
        terms, tags = (tuple(sorted(words[table].get(row[0], ()))) for table in ("customer_terms", "customer_tags"))
        line = dict(zip(_FIELDS, (*row[:-1], bool(row[-1])), strict=True))
        found[row[0]] = Listing(**line, terms=terms, tags=tags)
    return found


def _words_of(connection: Connection, table: str, column: str, profiles: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for profile, word in rows_in(
        connection, f"SELECT profile, {column} FROM {table} WHERE profile IN ({{keys}})", profiles
    ):
        found.setdefault(profile, []).append(word)
    return found


def write_words(
    connection: Connection, table: str, column: str, wanted: dict[int, tuple[str, ...]], owner: str = "profile"
) -> None:
    """Bring the words of profiles (or of the `owner` that the table names) up to date, touching only those that changed."""
    stored: dict[int, set[str]] = {profile: set() for profile in wanted}
    for profile, word in rows_in(
        connection, f"SELECT {owner}, {column} FROM {table} WHERE {owner} IN ({{keys}})", wanted
    ):
        stored[profile].add(word)
    fresh = sorted(
        (word, profile) for profile, words in wanted.items() for word in words if word not in stored[profile]
    )
    stale = [(word, profile) for profile, words in stored.items() for word in words.difference(wanted[profile])]
    run_many(connection, f"DELETE FROM {table} WHERE {column} = ? AND {owner} = ?", stale)
    run_many(connection, f"INSERT INTO {table} ({column}, {owner}) VALUES (?, ?)", fresh)


def identifiers_of(connection: Connection, profiles: Iterable[int]) -> dict[int, list[Pair]]:
    """Return the normalised identifiers of profiles, sorted."""
    found: dict[int, list[Pair]] = {profile: [] for profile in profiles}
    for profile, namespace, value in rows_in(
        connection,
        "SELECT profile, namespace, value FROM identifiers WHERE profile IN ({keys})",
        list(found),
    ):
        found[profile].append((namespace, value))
    for pairs in found.values():
        pairs.sort()
    return found


def list_customers(
    connection: Connection,
    *,
    words: Sequence[str],
    wanted: CustomerFilter,
    narrowed: Sequence[ColumnElement[bool]] = (),
    sort: SortBy,
    ascending: bool,
    after: tuple[int | str, int] | None,
    limit: int,
) -> list[ListedRow]:
    """Return up to `limit` lines beyond the cursor `after` (sort value, profile). All `words` and conditions must hold."""
    column = _SORTED_BY[sort]
    query = select(*_LISTED, column).where(*_conditions(words, wanted), *narrowed)
    rows = page_of(connection, query, column, _COLUMNS.profile, ascending=ascending, after=after, limit=limit)
    return [msgspec.convert(tuple(row), ListedRow) for row in rows]


def count_customers(
    connection: Connection, words: Sequence[str], wanted: CustomerFilter, narrowed: Sequence[ColumnElement[bool]] = ()
) -> int:
    """Return how many match, counting no further than TOTAL_MAX."""
    return count_of(connection, customers, [*_conditions(words, wanted), *narrowed])


def _conditions(words: Sequence[str], wanted: CustomerFilter) -> list[ColumnElement[bool]]:
    conditions = [_matches(word) for word in words]
    if not wanted.with_bots:
        conditions.append(_COLUMNS.events > 0)
        marked = select(customer_tags.c.profile).where(customer_tags.c.tag.in_(_MARKS))
        conditions.append(_COLUMNS.profile.not_in(marked))
    if wanted.word:
        terms = customer_terms.c
        conditions.append(exists().where(terms.term == wanted.word, terms.profile == _COLUMNS.profile))
    if wanted.brand:
        conditions.append(is_tagged("brand", str(wanted.brand), _COLUMNS.profile))
    if wanted.is_identified is not None:
        conditions.append(_COLUMNS.is_identified == wanted.is_identified)
    if wanted.has_orders is not None:
        conditions.append(_COLUMNS.orders > 0 if wanted.has_orders else _COLUMNS.orders == 0)
    if wanted.seen_after is not None:
        conditions.append(_COLUMNS.last_seen >= wanted.seen_after)
    if wanted.seen_before is not None:
        conditions.append(_COLUMNS.last_seen < wanted.seen_before)
    return conditions


def is_tagged(kind: str, value: str, profile: ColumnElement[int]) -> ColumnElement[bool]:
    """Return the condition that a profile carries the tag (`Listing.tags`)."""
    return exists().where(customer_tags.c.tag == f"{kind}:{value}", customer_tags.c.profile == profile)


def _matches(word: str) -> ColumnElement[bool]:
    """Match the beginning of a word of the name or of any identifier."""
    folded = word.casefold()
    by_name = select(customer_terms.c.profile).where(_begins(customer_terms.c.term, folded))
    values = {word, folded}
    by_identifier = select(identifiers.c.profile).where(or_(*(_begins(identifiers.c.value, one) for one in values)))
    return _COLUMNS.profile.in_(by_name.union(by_identifier))


def _begins(column: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    """Compare as a range of the index. The greatest character closes it, since no text goes on beyond it."""
    return and_(column >= prefix, column < prefix + "\U0010ffff")


def called(connection: Connection, profiles: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Return (name, what they are sorted by) of these profiles, as far as they are in the list of customers."""
    rows = rows_in(connection, "SELECT profile, name, sort_name FROM customers WHERE profile IN ({keys})", profiles)
    return {profile: (name, sorted_by) for profile, name, sorted_by in rows}


def names_of(connection: Connection, profiles: Iterable[int]) -> dict[int, str]:
    """Return what profiles are called in the list of customers, as far as they are in it."""
    return dict(rows_in(connection, "SELECT profile, name FROM customers WHERE profile IN ({keys})", profiles))
