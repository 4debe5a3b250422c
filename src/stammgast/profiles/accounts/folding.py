"""Folding a batch's events into the accounts that they name, with everything loaded in sets."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from stammgast.events.contracts import Taken
from stammgast.identity.placeholders import is_placeholder
from stammgast.profiles.accounts.changes import AccountChanges, MemberRow
from stammgast.profiles.accounts.figures import ACCOUNT_FOLDING, LEFT, MEMBER_FOLDING
from stammgast.profiles.folding import State, decode_state, encode_state
from stammgast.profiles.recounts.contracts import ACCOUNTS, RELIABLE, Counting
from stammgast.profiles.store import accounts

NEVER_SAID = -(2**62)
"""The moment of a word that no group call said: before every other."""


class _Loaded:
    __slots__ = ("is_outdated", "members", "number", "state")

    def __init__(self, number: int, state: State, *, is_outdated: bool = False) -> None:
        self.number = number
        self.state = state
        self.is_outdated = is_outdated
        self.members: dict[int, State] = {}


class AccountFold:
    """The accounts of one batch, made for it and thrown away."""

    def __init__(self, connection: Connection, counting: Counting = RELIABLE) -> None:
        """Load nothing before an event names an account. What waits to be counted anew is left alone."""
        self._connection = connection
        self._counting = counting
        self._loaded: dict[str, _Loaded] = {}
        self._next = 0

    def load(self, named: Sequence[Taken]) -> None:
        """Load the accounts and memberships of events that name an account."""
        groups = {one.event.group_id for one in named}.difference(self._loaded)
        self._load_accounts([one for one in groups if is_account(one)])
        missing = {
            (loaded.number, one.anchor)
            for one in named
            if one.anchor
            and (loaded := self._loaded.get(one.event.group_id))
            and one.anchor not in loaded.members
            and ACCOUNTS not in self._counting.outdated_at(one.anchor)
        }
        by_number = {one.number: one for one in self._loaded.values()}
        for account, anchor in missing:
            by_number[account].members[anchor] = {}
        for account, anchor, state in accounts.load_members(self._connection, sorted(missing)):
            by_number[account].members[anchor] = decode_state(state)

    def fold(self, taken: Taken) -> None:
        """Fold one event, whose account is loaded; placeholders such as `null` name none."""
        loaded = self._loaded.get(taken.event.group_id)
        if loaded is None:
            return
        if not loaded.is_outdated:
            ACCOUNT_FOLDING.fold(loaded.state, taken.event)
        if taken.anchor in loaded.members:
            MEMBER_FOLDING.fold(loaded.members[taken.anchor], taken.event)

    def changes(self) -> AccountChanges:
        """Return the rows to write."""
        found = AccountChanges()
        for group_id, one in sorted(self._loaded.items()):
            if not one.state:
                continue  # Robots alone make no account.
            if not one.is_outdated:
                found.rows.append((one.number, group_id, encode_state(one.state)))
            found.members += [
                member_row(one.number, anchor, state) for anchor, state in sorted(one.members.items()) if state
            ]
        return found

    def _load_accounts(self, groups: Sequence[str]) -> None:
        if not groups:
            return
        for account, group_id, state in accounts.load_accounts(self._connection, groups):
            is_outdated = self._counting.is_account_outdated(account)
            self._loaded[group_id] = _Loaded(account, decode_state(state), is_outdated=is_outdated)
        new = sorted(set(groups).difference(self._loaded))
        if new and not self._next:
            self._next = accounts.next_account(self._connection)
        for group_id in new:
            self._loaded[group_id] = _Loaded(self._next, {})
            self._next += 1


def is_account(group_id: str) -> bool:
    """Say whether a group id names an account: not what software writes when it knows none.

    >>> is_account("acme"), is_account("null"), is_account("")
    (True, False, False)
    """
    return not is_placeholder(group_id) and "\0" not in group_id


def member_row(account: int, anchor: int, state: State) -> MemberRow:
    """Return what is kept of a membership, with what lists are made of beside its state."""
    time, message, has_left = state.get("belonging", {}).get(LEFT, (NEVER_SAID, "", False))
    first, last = state.get("seen") or ((time, time) if message else (0, 0))
    events = state.get("events", 0)
    return MemberRow(account, anchor, first, last, events, time, message, has_left, encode_state(state))
