"""All SQL about accounts in the customers database: states, memberships by anchor, and the list, which is a projection."""

# ruff: noqa: S608 - only names of our own tables and columns are pasted into statements; values are parameters

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Index,
    LargeBinary,
    String,
    Table,
    and_,
    select,
)

from stammgast.events.contracts import MICROS
from stammgast.kernel.customers_tables import Big, Text, metadata
from stammgast.kernel.sql import CHUNKS, rows_in, rows_of, run_many
from stammgast.profiles.accounts.contracts import AccountFilter, AccountSort, MemberStatus
from stammgast.profiles.store.customers import write_words
from stammgast.profiles.store.listed import count_of, page_of

if TYPE_CHECKING:
    from stammgast.profiles.accounts.changes import AccountChanges
    from stammgast.profiles.accounts.listing import AccountListing

accounts = Table(
    "accounts",
    metadata,
    Column("account", Big, primary_key=True, autoincrement=False),
    Column("group_id", Text, nullable=False, unique=True),
    Column("state", LargeBinary, nullable=False),
    Column("batch", Big, nullable=False),
    comment="Companies, households: feature states over all events that name them. batch: the last that changed it.",
)

account_members = Table(
    "account_members",
    metadata,
    Column("account", Big, primary_key=True, autoincrement=False),
    Column("anchor", Big, primary_key=True, autoincrement=False),
    Column("first_seen", Big, nullable=False),
    Column("last_seen", Big, nullable=False),
    Column("events", Big, nullable=False),
    Column("said_time", Big, nullable=False),
    Column("said_message", Text, nullable=False),
    Column("has_left", Boolean, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Index("account_members_by_anchor", "anchor"),
    sqlite_with_rowid=False,
    comment="What an anchor did as an account. A member is a profile: its anchors; the newest group call says if it left.",
)

account_listings = Table(
    "account_listings",
    metadata,
    Column("account", Big, primary_key=True, autoincrement=False),
    Column("group_id", Text, nullable=False),
    Column("name", String, nullable=False),
    Column("sort_name", Text, nullable=False),
    Column("kind", String, nullable=False),
    Column("members", Big, nullable=False),
    Column("former", Big, nullable=False),
    Column("events", Big, nullable=False),
    Column("orders", Big, nullable=False),
    Column("revenue", Big, nullable=False),
    Column("currency", String, nullable=False),
    Column("first_seen", Big, nullable=False),
    Column("last_seen", Big, nullable=False),
    Index("account_listings_by_last_seen", "last_seen", "account"),
    Index("account_listings_by_name", "sort_name", "account"),
    Index("account_listings_by_members", "members", "account"),
    Index("account_listings_by_revenue", "revenue", "account"),
    Index("account_listings_by_kind", "kind"),
    comment="The list of accounts, written apart from the batch, at most seconds later.",
)

account_terms = Table(
    "account_terms",
    metadata,
    Column("term", Text, primary_key=True),
    Column("account", Big, primary_key=True, autoincrement=False),
    Index("account_terms_by_account", "account"),
    sqlite_with_rowid=False,
    comment="Lower-case words of names and group ids, for search by their beginning.",
)

_LISTED = account_listings.c
_FIELDS = tuple(one.name for one in account_listings.columns)
ACCOUNT: Column[int] = _LISTED.account
"""What a line's filters go by."""
_SORTED_BY: Mapping[AccountSort, Column[object]] = {
    "last_seen": _LISTED.last_seen,
    "first_seen": _LISTED.first_seen,
    "name": _LISTED.sort_name,
    "members": _LISTED.members,
    "events": _LISTED.events,
    "orders": _LISTED.orders,
    "revenue": _LISTED.revenue,
}

# One row a member: of the anchors of a profile, the newest group call says whether it left.
_MEMBERS = """
SELECT account, profile, min(first_seen) AS first_seen, max(last_seen) AS last_seen, sum(events) AS events,
       max(CASE WHEN place = 1 AND has_left THEN 1 ELSE 0 END) AS gone
FROM (
    SELECT m.account, coalesce(p.profile, m.anchor) AS profile, m.first_seen, m.last_seen, m.events, m.has_left,
           row_number() OVER (
               PARTITION BY m.account, coalesce(p.profile, m.anchor)
               ORDER BY m.said_time DESC, m.said_message DESC, m.anchor
           ) AS place
    FROM account_members m LEFT JOIN anchor_profiles p ON p.anchor = m.anchor
    WHERE m.account IN ({keys})
) AS words
WHERE profile <> 0
GROUP BY account, profile
"""


class MemberLine(msgspec.Struct, frozen=True, array_like=True):
    """One member as lists show it; times are 0 where only robots or staff were seen."""

    account: int
    profile: int
    first_seen: int
    last_seen: int
    events: int
    gone: int


class ListedAccount(msgspec.Struct, frozen=True, array_like=True):
    """One line of the list as read; `sort_value` is what a cursor needs."""

    account: int
    group_id: str
    name: str
    sort_name: str
    kind: str
    members: int
    former: int
    events: int
    orders: int
    revenue: int
    currency: str
    first_seen: int
    last_seen: int
    sort_value: int | str


def load_accounts(connection: Connection, group_ids: Iterable[str]) -> Iterator[tuple[int, str, bytes]]:
    """Yield (account, group id, state) of those that are there."""
    for account, group_id, state in rows_in(
        connection, "SELECT account, group_id, state FROM accounts WHERE group_id IN ({keys})", group_ids
    ):
        yield account, group_id, bytes(state)


def accounts_by_number(connection: Connection, numbers: Iterable[int]) -> Iterator[tuple[int, str, bytes]]:
    """Yield (account, group id, state) of those that are there."""
    for account, group_id, state in rows_in(
        connection, "SELECT account, group_id, state FROM accounts WHERE account IN ({keys})", numbers
    ):
        yield account, group_id, bytes(state)


def next_account(connection: Connection) -> int:
    """Return the number of the next new account; only the worker makes any, so it stays free."""
    return int(rows_of(connection, "SELECT coalesce(max(account), 0) + 1 FROM accounts")[0][0])


def load_members(connection: Connection, wanted: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, bytes]]:
    """Yield (account, anchor, state) of those (account, anchor) pairs that are there."""
    place = 0
    while place < len(wanted):
        size = next(one for one in CHUNKS if one <= len(wanted) - place)
        part = [value for pair in wanted[place : place + size] for value in pair]
        place += size
        pairs = ", ".join(["(?, ?)"] * size)
        for account, anchor, state in rows_of(
            connection,
            f"WITH wanted(account, anchor) AS (VALUES {pairs}) SELECT m.account, m.anchor, m.state FROM wanted w"
            " JOIN account_members m ON m.account = w.account AND m.anchor = w.anchor",
            part,
        ):
            yield account, anchor, bytes(state)


def members_between(connection: Connection, after: int, last: int) -> list[tuple[int, int, bytes]]:
    """Return (account, anchor, state) of the memberships of anchors beyond `after` up to `last`."""
    sql = "SELECT account, anchor, state FROM account_members WHERE anchor > ? AND anchor <= ?"
    return [(account, anchor, bytes(state)) for account, anchor, state in rows_of(connection, sql, (after, last))]


def remove_members(connection: Connection, gone: Sequence[tuple[int, int]]) -> None:
    """Take memberships, named by (account, anchor), away."""
    run_many(connection, "DELETE FROM account_members WHERE account = ? AND anchor = ?", gone)


def account_names(connection: Connection, after: int, until: int) -> list[tuple[int, str]]:
    """Return (account, group id) of accounts beyond `after` and below `until`, ascending."""
    sql = "SELECT account, group_id FROM accounts WHERE account > ? AND account < ? ORDER BY account"
    return [(account, group_id) for account, group_id in rows_of(connection, sql, (after, until))]


def count_accounts_there(connection: Connection) -> int:
    """Return how many accounts there are."""
    return int(rows_of(connection, "SELECT count(*) FROM accounts")[0][0])


def write_accounts(connection: Connection, changes: AccountChanges, batch: int) -> None:
    """Write what a batch changed."""
    run_many(
        connection,
        "INSERT INTO accounts (account, group_id, state, batch) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (account) DO UPDATE SET state = excluded.state, batch = excluded.batch",
        [(*row, batch) for row in changes.rows],
    )
    run_many(
        connection,
        "INSERT INTO account_members"
        " (account, anchor, first_seen, last_seen, events, said_time, said_message, has_left, state)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account, anchor) DO UPDATE SET first_seen = excluded.first_seen,"
        " last_seen = excluded.last_seen, events = excluded.events, said_time = excluded.said_time,"
        " said_message = excluded.said_message, has_left = excluded.has_left, state = excluded.state",
        [msgspec.structs.astuple(one) for one in changes.members],
    )


def accounts_of_anchors(connection: Connection, anchors: Iterable[int]) -> set[int]:
    """Return the accounts that any of these anchors was seen with."""
    sql = "SELECT DISTINCT account FROM account_members WHERE anchor IN ({keys})"
    return {account for (account,) in rows_in(connection, sql, anchors)}


def has_accounts(connection: Connection) -> bool:
    """Say whether there is any account."""
    return bool(rows_of(connection, "SELECT 1 FROM accounts LIMIT 1"))


def accounts_since(connection: Connection, batch: int) -> set[int]:
    """Return the accounts that batches from `batch` on changed."""
    return {account for (account,) in rows_of(connection, "SELECT account FROM accounts WHERE batch >= ?", (batch,))}


def every_account(connection: Connection) -> set[int]:
    """Return the numbers of all accounts."""
    return {account for (account,) in rows_of(connection, "SELECT account FROM accounts")}


def count_members(connection: Connection, numbers: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return (present, former) members of each account."""
    sql = f"SELECT account, count(*), sum(gone) FROM ({_MEMBERS}) AS members GROUP BY account"
    counts = dict.fromkeys(numbers, (0, 0))
    for account, everybody, gone in rows_in(connection, sql, numbers):
        counts[account] = (everybody - int(gone), int(gone))
    return counts


def list_members(
    connection: Connection, account: int, *, status: MemberStatus, after: tuple[int, int] | None, limit: int
) -> list[MemberLine]:
    """Return members beyond the cursor `after` (last seen, profile), seen last first."""
    conditions, values = [], []
    if status:
        conditions.append("gone = ?")
        values.append(1 if status == "former" else 0)
    if after is not None:
        conditions.append("(last_seen, profile) < (?, ?)")
        values += after
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    sql = f"SELECT * FROM ({_MEMBERS.replace('{keys}', '?')}) AS members{where} ORDER BY last_seen DESC, profile DESC LIMIT ?"
    return [
        msgspec.convert([int(one) for one in row], MemberLine)
        for row in rows_of(connection, sql, (account, *values, limit))
    ]


def member_states(connection: Connection, account: int) -> Iterator[tuple[int, int, bytes]]:
    """Yield (anchor, profile, state) of all memberships of an account."""
    for anchor, profile, state in rows_of(
        connection,
        "SELECT m.anchor, coalesce(p.profile, m.anchor), m.state FROM account_members m"
        " LEFT JOIN anchor_profiles p ON p.anchor = m.anchor WHERE m.account = ?",
        (account,),
    ):
        yield anchor, profile, bytes(state)


def anchors_of_account(connection: Connection, account: int) -> list[int]:
    """Return the anchors that were seen with an account, ascending."""
    sql = "SELECT anchor FROM account_members WHERE account = ? ORDER BY anchor"
    return [anchor for (anchor,) in rows_of(connection, sql, (account,))]


def memberships(connection: Connection, anchors: Iterable[int]) -> Iterator[tuple[int, int, bytes]]:
    """Yield (account, anchor, state) of all memberships of some anchors."""
    sql = "SELECT account, anchor, state FROM account_members WHERE anchor IN ({keys})"
    for account, anchor, state in rows_in(connection, sql, anchors):
        yield account, anchor, bytes(state)


def totals_of_members(connection: Connection, account: int) -> list[tuple[str, int, int, int, int]]:
    """Return (currency, members, events, orders, revenue in micros) of all that present members did, from the list of customers."""
    sql = (
        "SELECT c.currency, count(*), sum(c.events), sum(c.orders), sum(c.revenue / 1000000), sum(c.revenue - c.revenue / 1000000 * 1000000)"
        f" FROM ({_MEMBERS.replace('{keys}', '?')}) AS members JOIN customers c ON c.profile = members.profile"
        " WHERE members.gone = 0 GROUP BY c.currency ORDER BY c.currency"
    )
    # Whole units and the rest apart: a sum of micros may not fit 64 bits.
    return [
        (currency, members, int(events), int(orders), int(whole) * MICROS + int(rest))
        for currency, members, events, orders, whole, rest in rows_of(connection, sql, (account,))
    ]


def names_of_profiles(connection: Connection, profiles: Iterable[int]) -> dict[int, tuple[str, str, str]]:
    """Return (name, name to sort by, mail address) of profiles, as the list of customers has them."""
    sql = "SELECT profile, name, sort_name, email FROM customers WHERE profile IN ({keys})"
    return {row[0]: (row[1], row[2], row[3]) for row in rows_in(connection, sql, profiles)}


def write_listings(connection: Connection, listings: Sequence[AccountListing]) -> None:
    """Write lines of the list over what was there."""
    places = ", ".join("?" * len(_FIELDS))
    updates = ", ".join(f"{name} = excluded.{name}" for name in _FIELDS[1:])
    run_many(
        connection,
        f"INSERT INTO account_listings ({', '.join(_FIELDS)}) VALUES ({places})"
        f" ON CONFLICT (account) DO UPDATE SET {updates}",
        [msgspec.structs.astuple(one)[: len(_FIELDS)] for one in listings],
    )
    write_words(connection, "account_terms", "term", {one.account: one.terms for one in listings}, "account")


def list_accounts(
    connection: Connection,
    *,
    words: Sequence[str],
    wanted: AccountFilter,
    narrowed: Sequence[ColumnElement[bool]] = (),
    sort: AccountSort,
    ascending: bool,
    after: tuple[int | str, int] | None,
    limit: int,
) -> list[ListedAccount]:
    """Return up to `limit` lines beyond the cursor `after` (sort value, account). All `words` and conditions must hold."""
    column = _SORTED_BY[sort]
    conditions = (*_conditions(words, wanted), *narrowed)
    query = select(*account_listings.columns, column.label("sort_value")).where(*conditions)
    rows = page_of(connection, query, column, _LISTED.account, ascending=ascending, after=after, limit=limit)
    return [msgspec.convert(tuple(row), ListedAccount) for row in rows]


def count_accounts(
    connection: Connection, words: Sequence[str], wanted: AccountFilter, narrowed: Sequence[ColumnElement[bool]] = ()
) -> int:
    """Return how many match, counting no further than TOTAL_MAX."""
    return count_of(connection, account_listings, [*_conditions(words, wanted), *narrowed])


def listed_accounts(connection: Connection, numbers: Iterable[int]) -> dict[int, tuple[str, str, str]]:
    """Return (group id, name, kind) of accounts, as the list has them."""
    sql = "SELECT account, group_id, name, kind FROM account_listings WHERE account IN ({keys})"
    return {row[0]: (row[1], row[2], row[3]) for row in rows_in(connection, sql, numbers)}


def kinds_of_accounts(connection: Connection, most: int) -> list[str]:
    """Return the kinds that accounts say they are, most frequent first."""
    sql = "SELECT kind FROM account_listings WHERE kind <> '' GROUP BY kind ORDER BY count(*) DESC, kind LIMIT ?"
    return [kind for (kind,) in rows_of(connection, sql, (most,))]


def _conditions(words: Sequence[str], wanted: AccountFilter) -> list[ColumnElement[bool]]:
    conditions = [_matches(word.casefold()) for word in words]
    if wanted.kind:
        conditions.append(_LISTED.kind == wanted.kind)
    if wanted.has_orders is not None:
        conditions.append(_LISTED.orders > 0 if wanted.has_orders else _LISTED.orders == 0)
    if wanted.seen_after is not None:
        conditions.append(_LISTED.last_seen >= wanted.seen_after)
    if wanted.word:
        terms = account_terms.c
        conditions.append(_LISTED.account.in_(select(terms.account).where(terms.term == wanted.word)))
    return conditions


def _matches(prefix: str) -> ColumnElement[bool]:
    term = account_terms.c.term
    begins = and_(term >= prefix, term < prefix + "\U0010ffff")
    return _LISTED.account.in_(select(account_terms.c.account).where(begins))
