"""The list of customers follows the profiles: apart from the batches, in small steps, at most seconds behind.

Its indexes would cost each batch more than all the rest of its commit; apart, a customer with ten events is written once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from time import monotonic

from sqlalchemy import Connection

from stammgast.identity.graph.placing import NOBODY
from stammgast.identity.store import graph, whole
from stammgast.identity.store.numbers import load_bearers
from stammgast.kernel.keeping import ListWords, words_together
from stammgast.kernel.set_aside import ACCOUNT, CUSTOMER
from stammgast.kernel.state import State
from stammgast.pipeline.crash import crash_point
from stammgast.pipeline.failing_lines import FailingLines
from stammgast.pipeline.relisting import Relisting
from stammgast.profiles.api.recounts import RELIABLE, Counting
from stammgast.profiles.api.worker import (
    LISTED_FEATURES,
    NEWEST_COUNTS,
    AccountProjection,
    Folding,
    Listing,
    TraitPolicies,
    customers,
    decode_state,
    held_back,
    ledger,
    list_customer,
    states,
)
from stammgast.profiles.api.worker import accounts as account_store

STEP = 400
"""Profiles of one step: about 20 ms."""
PERIOD_SECONDS = 1.0
PATIENCE_SECONDS = 20.0
"""How long the list lags at least while the log is full."""
SHARE_MAX = 0.05
"""How much of its time the worker gives to the list while the log is full: then the list waits for the profiles."""
WAITING_MAX = 1_000_000


class Projection:
    """Knows which anchors changed since the list was written."""

    def __init__(
        self,
        state: State,
        folding: Folding,
        policies: Callable[[], TraitPolicies] = lambda: NEWEST_COUNTS,
        words: Sequence[ListWords] = (),
        counting: Callable[[], Counting] = lambda: RELIABLE,
        fence: Callable[[Connection], object] = lambda _connection: None,
    ) -> None:
        """Nothing has changed yet.

        fence: called in each transaction; raises LeaseLost when another worker has taken over.
        policies: those of traits as they hold now. words: what modules add to the lists. counting: what may be relied on.
        """
        self._state = state
        self._folding = folding
        self._policies = policies
        self._words = words
        self._counting = counting
        self._fence = fence
        self._accounts = AccountProjection(policies, words, counting)
        with state.read() as connection:
            self._relisting = Relisting(connection, policies)
        self._anchors: set[int] = set()
        self._gone: set[int] = set()
        self._profiles: list[int] = []
        self._begun_at = monotonic()
        self._spent = 0.0
        """Seconds of the last round."""
        self.rounds = 0
        """How many were finished."""
        self._failing = FailingLines(state)
        self._anchors |= self._failing.aside[CUSTOMER]
        self._accounts.mark(self._failing.aside[ACCOUNT])

    def recover(self, listed_batch: int, *, is_all: bool = False) -> None:
        """Mark what batches from `listed_batch` on changed: a worker died before it was listed.

        `is_all`: other identity rules took effect since, which may have changed any profile.
        """
        with self._state.read() as connection:
            self._anchors.update(ledger.anchors_since(connection, listed_batch))
            turned = graph.turned_since(connection, listed_batch)
            self._anchors.update(turned)
            self._gone.update(turned)
            if is_all:
                self._mark_all(connection)
            self._accounts.mark(account_store.accounts_since(connection, listed_batch))
            for one in self._words:
                touched = one.changed_since(connection, listed_batch)
                self._anchors |= touched.anchors
                self._accounts.mark(touched.accounts)

    def mark(self, anchors: set[int], gone: set[int], accounts: Iterable[int] = ()) -> None:
        """Note the anchors and accounts that a committed batch changed, and the profiles that it merged away."""
        self._anchors |= anchors
        self._gone |= gone
        self._accounts.mark(accounts)

    def mark_for_rules(self, profiles: set[int], gone: set[int]) -> None:
        """Note what other identity rules changed; the members of any account may be others."""
        self.mark(profiles, gone)
        with self._state.read() as connection:
            self._accounts.mark_all(connection)

    def _mark_all(self, connection: Connection) -> None:
        self._anchors.update(whole.all_anchors(connection))
        self._gone.update(whole.all_aliases(connection))
        self._accounts.mark_all(connection)

    @property
    def next_round(self) -> int:
        """The count of `rounds` at which what is marked now is listed."""
        waits = self._anchors or self._gone or not self._accounts.is_clean
        return self.rounds + bool(self._profiles or self._accounts.is_in_round) + bool(waits)

    @property
    def is_clean(self) -> bool:
        """Say whether the list shows everything."""
        waits = self._anchors or self._gone or self._profiles
        return not waits and self._accounts.is_clean and self._relisting.is_clean

    def is_due(self, *, is_idle: bool) -> bool:
        """Say whether it is time for a step: soon when there is nothing else to do, at the latest after patience."""
        self._follow_policies()
        if self.is_clean:
            return False
        if self._profiles or self._accounts.is_in_round or len(self._anchors) >= WAITING_MAX:
            return True
        if is_idle and self._relisting.is_going_on:
            return True
        passed = monotonic() - self._begun_at
        return passed >= (PERIOD_SECONDS if is_idle else max(PATIENCE_SECONDS, self._spent / SHARE_MAX))

    def step(self) -> None:
        """Write some of what is waiting. Lines that can't be written are tried again, and in the end set aside."""
        began = monotonic()
        if not (self._profiles or self._accounts.is_in_round):
            with self._state.read() as connection:
                self._begin_round(connection)
        self._write_customers(self._profiles[:STEP])
        self._write_accounts(self._accounts.step)
        self._accounts.written()
        if self._profiles:
            del self._profiles[:STEP]
            if not self._profiles:
                self._accounts.begin_round()
        self._finish_relisting()
        if not (self._profiles or self._accounts.is_in_round):
            self.rounds += 1
        self._spent += monotonic() - began

    def _write_customers(self, profiles: list[int]) -> None:
        def write(few: Sequence[int]) -> None:
            with self._state.read() as connection:
                listings = self._listings(connection, few)
                # A number that was merged away may live again by now.
                gone = sorted(self._gone - graph.living(connection, self._gone))
            crash_point("in_listing")
            with self._state.write() as connection:
                self._fence(connection)
                customers.write_listings(connection, listings, gone)
                self._failing.succeeded(connection, CUSTOMER, few)
            self._gone.clear()

        if profiles or self._gone:
            self._anchors |= self._failing.write(CUSTOMER, profiles, write)

    def _write_accounts(self, numbers: list[int]) -> None:
        def write(few: Sequence[int]) -> None:
            with self._state.read() as connection:
                listings = self._accounts.listings(connection, few)
            with self._state.write() as connection:
                self._fence(connection)
                account_store.write_listings(connection, listings)
                self._failing.succeeded(connection, ACCOUNT, few)

        if numbers:
            self._accounts.mark(self._failing.write(ACCOUNT, numbers, write))

    def _follow_policies(self) -> None:
        if self._relisting.notice():
            with self._state.read() as connection:
                self._accounts.mark_all(connection)

    def _finish_relisting(self) -> None:
        is_written = not (self._relisting.is_going_on or self._profiles) and self._accounts.is_clean
        if is_written and not self._relisting.is_clean:
            with self._state.write() as connection:
                self._fence(connection)
                self._relisting.finish(connection)

    def _begin_round(self, connection: Connection) -> None:
        exceptions = graph.profiles_of_anchors(connection, list(self._anchors))
        changed = {exceptions.get(anchor, anchor) for anchor in self._anchors}
        # Some of them are numbers of profiles; a few of those are borne by other anchors.
        changed |= self._anchors & load_bearers(connection).keys()
        self._failing.forget_gone(connection)
        self._profiles = sorted(changed.union(self._relisting.take(connection)) - {NOBODY})
        if not self._profiles:
            self._accounts.begin_round()
        self._anchors = set()
        self._begun_at = monotonic()
        self._spent = 0.0

    def _listings(self, connection: Connection, profiles: Sequence[int]) -> list[Listing]:
        anchors = graph.anchors_of(connection, profiles)
        all_anchors = [one for many in anchors.values() for one in many]
        self._accounts.mark_members(connection, all_anchors)
        counting = self._counting()
        stored = {
            anchor: counting.reliable(anchor, decode_state(encoded))
            for anchor, encoded in states.load_states(connection, all_anchors)
        }
        policies = self._policies()
        identifiers = customers.identifiers_of(connection, profiles)
        words = words_together(one.customers(connection, anchors) for one in self._words)
        lines = [
            list_customer(
                profile,
                self._folding.combine([stored[one] for one in anchors[profile] if one in stored]),
                identifiers[profile],
                policies,
                words.get(profile, ()),
            )
            for profile in profiles
            if anchors[profile]
        ]
        return lines if counting.is_all_well else _held_back(connection, counting, anchors, lines)


def _held_back(
    connection: Connection, counting: Counting, anchors: Mapping[int, Iterable[int]], lines: Sequence[Listing]
) -> list[Listing]:
    """Return lines in which what waits to be counted anew stays as it was."""
    outdated = {
        line.profile: found
        for line in lines
        if (found := LISTED_FEATURES & frozenset().union(*map(counting.outdated_at, anchors[line.profile])))
    }
    before = customers.lines_of(connection, sorted(outdated))
    return [
        held_back(line, before.get(line.profile), outdated[line.profile]) if line.profile in outdated else line
        for line in lines
    ]
