"""Which windows a recount goes through, and how many rows that is; asked of history when it begins or goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from stammgast.kernel.features import Feature
from stammgast.kernel.history import HistoryClient
from stammgast.kernel.state import State
from stammgast.profiles.api.recounts import (
    ACCOUNTS,
    Kind,
    Part,
    Recount,
    Wanted,
    count_rows,
    parts_of_customers,
    rows_of_accounts,
)
from stammgast.profiles.api.worker import accounts

ROWS = 50_000
"""Rows of one window: some seconds."""
ACCOUNTS_MAX = 500
ATTEMPTS = 3
"""So often a part is tried by itself."""


class Span(NamedTuple):
    """A window to be opened. names: group id -> number, of accounts. part: what is tried again."""

    kind: Kind
    first: int
    last: int
    rows: int = 0
    names: dict[str, int] | None = None
    part: Part | None = None


class Plan(NamedTuple):
    """Windows still to be opened, and how many events history lacks of those that were taken in."""

    spans: list[Span]
    rows: int
    lacking: int


class Known(NamedTuple):
    """The newest committed batch, and how many events were taken in through it."""

    through: int
    events: int


def plan_recount(
    recount: Recount, features: Sequence[Feature[Any]], state: State, history: HistoryClient, known: Known
) -> Plan:
    """Return what is left to do of a recount, once history has batch `known.through`. Raises HistoryUnavailable."""
    with state.read() as connection:
        named = accounts.account_names(connection, recount.account, recount.accounts_until)
    lacking = max(0, known.events - count_rows(history, known.through))
    if recount.phase == "again":
        return Plan(_again(recount, state), 0, lacking)
    spans = _customers(recount, features, history) if recount.phase == "customers" else []
    if ACCOUNTS in recount.features and recount.phase in ("customers", "accounts") and named:
        spans += _accounts(named, rows_of_accounts(history))
    return Plan(spans, sum(one.rows for one in spans), lacking)


def _customers(recount: Recount, features: Sequence[Feature[Any]], history: HistoryClient) -> list[Span]:
    wanted = Wanted.by(features, with_accounts=ACCOUNTS in recount.features)
    first, until = recount.anchor + 1, recount.anchors_until
    spans = []
    for last, rows in parts_of_customers(history, wanted, recount.anchor, until, ROWS):
        spans.append(Span("customers", first, last, rows))
        first = last + 1
    if first < until:
        # Anchors without a row that any of the folds looks at: nothing is their truth.
        spans.append(Span("customers", first, until - 1))
    return spans


def _accounts(named: Sequence[tuple[int, str]], rows: dict[str, int]) -> list[Span]:
    spans: list[Span] = []
    names: dict[str, int] = {}
    count = 0
    for number, group_id in named:
        more = rows.get(group_id, 0)
        if names and (count + more > ROWS or len(names) >= ACCOUNTS_MAX):
            spans.append(_span(names, count))
            names, count = {}, 0
        names[group_id] = number
        count += more
    return [*spans, _span(names, count)] if names else spans


def _span(names: dict[str, int], rows: int) -> Span:
    return Span("accounts", min(names.values()), max(names.values()), rows, names)


def _again(recount: Recount, state: State) -> list[Span]:
    spans = []
    for part in recount.parts:
        if part.attempts >= ATTEMPTS:
            continue
        names = None
        if part.kind == "accounts":
            with state.read() as connection:
                named = accounts.account_names(connection, part.first - 1, part.last + 1)
            names = {group_id: number for number, group_id in named}
        spans.append(Span(part.kind, part.first, part.last, 0, names, part))
    return spans
