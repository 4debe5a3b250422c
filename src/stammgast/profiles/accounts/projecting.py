"""The list of accounts follows accounts, members and policies, beside the list of customers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import Connection

from stammgast.kernel.keeping import ListWords, words_together
from stammgast.profiles.accounts.listing import AccountListing, list_account
from stammgast.profiles.folding import decode_state
from stammgast.profiles.recounts.contracts import RELIABLE, Counting
from stammgast.profiles.store import accounts
from stammgast.profiles.trait_policies import TraitPolicies

STEP = 50
"""Accounts of one step: some milliseconds, where they have few members."""


class AccountProjection:
    """Knows which accounts changed since the list was written. What changes during a round is for the next one."""

    def __init__(
        self,
        policies: Callable[[], TraitPolicies],
        words: Sequence[ListWords] = (),
        counting: Callable[[], Counting] = lambda: RELIABLE,
    ) -> None:
        """Nothing has changed yet. `counting`: what may be relied on; accounts of which nothing may keep their line."""
        self._policies = policies
        self._words = words
        self._counting = counting
        self._waiting: set[int] = set()
        self._round: list[int] = []
        self._are_any = False

    def mark(self, numbers: Iterable[int]) -> None:
        """Note accounts that a committed batch changed."""
        self._waiting.update(numbers)

    def mark_members(self, connection: Connection, anchors: Iterable[int]) -> None:
        """Note the accounts whose members' profiles changed: some may have become one, or two."""
        # Asked once: accounts never go away, and without any there is nothing to look up.
        self._are_any = self._are_any or accounts.has_accounts(connection)
        if self._are_any:
            self._waiting |= accounts.accounts_of_anchors(connection, anchors)

    def mark_all(self, connection: Connection) -> None:
        """Note every account, after a change of policies."""
        self._waiting |= accounts.every_account(connection)

    @property
    def is_clean(self) -> bool:
        """Say whether the list shows everything."""
        return not (self._waiting or self._round)

    @property
    def is_in_round(self) -> bool:
        """Say whether a round has accounts left."""
        return bool(self._round)

    def begin_round(self) -> None:
        """Take up all that wait; after the customers' part of a round, which finds changed members."""
        self._round = sorted(self._waiting)
        self._waiting = set()

    @property
    def step(self) -> list[int]:
        """The accounts of one step."""
        return self._round[:STEP]

    def written(self) -> None:
        """Note that the lines of one step are written, or were set aside."""
        del self._round[:STEP]

    def listings(self, connection: Connection, numbers: Sequence[int]) -> list[AccountListing]:
        """Return the lines of some accounts."""
        if not numbers:
            return []
        counts = accounts.count_members(connection, numbers)
        policies, counting = self._policies(), self._counting()
        words = words_together(one.accounts(connection, numbers) for one in self._words)
        return [
            list_account(number, group_id, decode_state(state), counts[number], policies, words.get(number, ()))
            for number, group_id, state in accounts.accounts_by_number(connection, numbers)
            if not counting.is_account_outdated(number)
        ]
