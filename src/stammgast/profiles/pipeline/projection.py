"""The list of customers follows the profiles: apart from the batches, in small steps, at most seconds behind.

Its indexes would cost each batch more than all the rest of its commit; apart, a customer with ten events is written once.
"""

from __future__ import annotations

from time import monotonic

from sqlalchemy import Connection

from stammgast.kernel.state import State
from stammgast.profiles.folding import Folding, decode_state
from stammgast.profiles.graph.placing import NOBODY
from stammgast.profiles.listing import Listing, list_customer
from stammgast.profiles.pipeline.crash import crash_point
from stammgast.profiles.store import customers, graph, ledger, states

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

    def __init__(self, state: State, folding: Folding) -> None:
        """Nothing has changed yet."""
        self._state = state
        self._folding = folding
        self._anchors: set[int] = set()
        self._gone: set[int] = set()
        self._profiles: list[int] = []
        self._begun_at = monotonic()
        self._spent = 0.0
        """Seconds of the last round."""

    def recover(self, listed_batch: int) -> None:
        """Mark what batches from `listed_batch` on changed: a worker died before it was listed."""
        with self._state.read() as connection:
            self._anchors.update(ledger.anchors_since(connection, listed_batch))
            turned = graph.turned_since(connection, listed_batch)
            self._anchors.update(turned)
            self._gone.update(turned)

    def mark(self, anchors: set[int], gone: set[int]) -> None:
        """Note the anchors that a committed batch changed, and the profiles that it merged away."""
        self._anchors |= anchors
        self._gone |= gone

    @property
    def is_clean(self) -> bool:
        """Say whether the list shows everything."""
        return not (self._anchors or self._gone or self._profiles)

    def is_due(self, *, is_idle: bool) -> bool:
        """Say whether it is time for a step: soon when there is nothing else to do, at the latest after patience."""
        if self.is_clean:
            return False
        if self._profiles or len(self._anchors) >= WAITING_MAX:
            return True
        passed = monotonic() - self._begun_at
        return passed >= (PERIOD_SECONDS if is_idle else max(PATIENCE_SECONDS, self._spent / SHARE_MAX))

    def step(self) -> None:
        """Write some of what is waiting."""
        began = monotonic()
        with self._state.read() as connection:
            if not self._profiles:
                self._begin_round(connection)
            listings = self._listings(connection, self._profiles[:STEP])
            # A number that was merged away may live again by now.
            current = ledger.profiles_of_anchors(connection, list(self._gone))
        gone = [one for one in self._gone if current.get(one, one) != one]
        crash_point("in_listing")
        with self._state.write() as connection:
            customers.write_listings(connection, listings, gone)
        del self._profiles[:STEP]
        self._gone.clear()
        self._spent += monotonic() - began

    def _begin_round(self, connection: Connection) -> None:
        exceptions = ledger.profiles_of_anchors(connection, list(self._anchors))
        self._profiles = sorted({exceptions.get(anchor, anchor) for anchor in self._anchors} - {NOBODY})
        self._anchors = set()
        self._begun_at = monotonic()
        self._spent = 0.0

    def _listings(self, connection: Connection, profiles: list[int]) -> list[Listing]:
        anchors = graph.anchors_of(connection, profiles)
        stored = {
            anchor: decode_state(encoded)
            for anchor, encoded in states.load_states(connection, [one for many in anchors.values() for one in many])
        }
        identifiers = customers.identifiers_of(connection, profiles)
        return [
            list_customer(
                profile,
                self._folding.combine([stored[one] for one in anchors[profile] if one in stored]),
                identifiers[profile],
            )
            for profile in profiles
            if anchors[profile]
        ]
