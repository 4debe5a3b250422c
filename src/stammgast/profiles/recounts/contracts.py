"""What is being counted anew, how far it is, and which figures may be relied on meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

ACCOUNTS = "accounts"
"""Stands for all figures of accounts and their members; they are counted anew together."""
EVERYTHING = 2**62
"""Greater than any anchor or account."""

RecountState = Literal["none", "going_on", "paused", "blocked", "done"]
Phase = Literal["customers", "accounts", "again", "lists"]
Kind = Literal["customers", "accounts"]
Action = Literal["start", "pause", "resume", "again"]
UNFINISHED: frozenset[RecountState] = frozenset({"going_on", "paused", "blocked"})


class Part(msgspec.Struct, frozen=True):
    """Anchors or accounts, first to last, that could not be counted after several attempts; shown until they could."""

    kind: Kind
    first: int
    last: int
    features: tuple[str, ...]
    """What is still to be counted there."""
    outdated: tuple[str, ...]
    """Those of them whose stored states can't be relied on: folded by another version, or never."""
    attempts: int
    error: str
    at: int
    """ms UTC."""


class Recount(msgspec.Struct, frozen=True):
    """One counting anew, as the worker keeps it; the newest one only. Times are ms UTC."""

    number: int = 0
    order: int = 0
    """The last order of a person that was obeyed, whatever it was about."""
    state: RecountState = "none"
    phase: Phase = "customers"
    features: Mapping[str, tuple[int | None, int]] = {}
    """Feature -> (version its states were folded by, None for a new one; version by which they are folded anew)."""
    person: str = ""
    """Who ordered it; empty when a changed fold did."""
    anchor: int = 0
    """Every anchor up to this one is counted (or set aside)."""
    anchors_until: int = 1
    """Anchors from this one on were new after it began: folded by the present version from their first event."""
    account: int = 0
    accounts_until: int = 1
    listed: int = 0
    """Anchors up to this one stand in the lists with what they were counted to."""
    events: int = 0
    events_total: int = 0
    changed: int = 0
    """Anchors of which some figure is another than before."""
    lacking: int = 0
    """Events taken in that history has not: then nothing is counted unless a person insists."""
    is_forced: bool = False
    begun_at: int = 0
    ended_at: int = 0
    busy_millis: int = 0
    """Time spent on it while it went on."""
    parts: tuple[Part, ...] = ()
    note: str = ""
    """Why it does not go on by itself: `history` (does not answer), `parts` (too many set aside)."""

    @property
    def is_unfinished(self) -> bool:
        """Say whether there is anything left to do."""
        return self.state in UNFINISHED

    @property
    def percent(self) -> int:
        """How far it is, 100 only when it is done.

        >>> Recount(state="going_on", events=43, events_total=100).percent, Recount(state="done").percent
        (43, 100)
        """
        if self.state == "done":
            return 100
        return min(99, self.events * 100 // max(1, self.events_total))

    @property
    def outdated(self) -> frozenset[str]:
        """Features whose states can't be relied on where they are not yet counted anew."""
        return frozenset(name for name, (before, now) in self.features.items() if before != now)


class RecountOrder(msgspec.Struct, frozen=True):
    """What a person ordered. `start` counts these features anew (none: all), `again` tries what was set aside once more."""

    id: int
    action: Action
    features: tuple[str, ...] = ()
    is_forced: bool = False
    person: str = ""


class Stretch(msgspec.Struct, frozen=True):
    """Anchors (or accounts) first to last whose states of some features can't be relied on."""

    first: int
    last: int
    features: frozenset[str]


class Counting(msgspec.Struct, frozen=True):
    """What may be relied on at one moment. `waiting`: feature -> (first, last) anchor that waits to be counted anew."""

    percent: int = 100
    state: RecountState = "none"
    customers: tuple[Stretch, ...] = ()
    accounts: tuple[Stretch, ...] = ()
    waiting: Mapping[str, tuple[int, int]] = {}
    accounts_waiting: tuple[int, int] = (0, -1)
    """(first, last) account that waits."""

    @property
    def is_all_well(self) -> bool:
        """Say whether every state of every anchor may be relied on."""
        return not self.customers

    def outdated_at(self, anchor: int) -> frozenset[str]:
        """Return the features whose state at an anchor can't be relied on."""
        found: frozenset[str] = frozenset()
        for one in self.customers:
            if one.first <= anchor <= one.last:
                found |= one.features
        return found

    def is_account_outdated(self, account: int) -> bool:
        """Say whether an account's own state can't be relied on."""
        return any(one.first <= account <= one.last for one in self.accounts)

    def is_account_unsure(self, account: int) -> bool:
        """Say whether an account is still to be counted anew."""
        first, last = self.accounts_waiting
        return first <= account <= last or self.is_account_outdated(account)

    def reliable(self, anchor: int, state: dict[str, Any]) -> dict[str, Any]:
        """Return a state without what can't be relied on; the given one where all can."""
        outdated = self.outdated_at(anchor) if self.customers else ()
        return {name: one for name, one in state.items() if name not in outdated} if outdated else state

    def unsure(self, anchors: Iterable[int]) -> dict[str, int]:
        """Return feature -> percent done, of those that are still to be counted anew for any of these anchors.

        >>> counting = Counting(43, "going_on", waiting={"orders": (5, 9)})
        >>> counting.unsure([1, 7]), counting.unsure([1, 12])
        ({'orders': 43}, {})
        """
        if not (self.waiting or self.customers):
            return {}
        wanted = sorted(anchors)
        names = {name for name, (first, last) in self.waiting.items() if any(first <= one <= last for one in wanted)}
        for anchor in wanted if self.customers else ():
            names |= self.outdated_at(anchor)
        return dict.fromkeys(sorted(names), self.percent)


RELIABLE = Counting()
"""Nothing is to be counted anew."""


def counting_of(recount: Recount, noted: Mapping[str, int], versions: Mapping[str, int]) -> Counting:
    """Return what may be relied on, by the recount kept, the versions noted as folded, and those of the code that asks.

    >>> counting_of(Recount(), {"orders": 1}, {"orders": 2}).customers[0].features
    frozenset({'orders'})
    >>> counting_of(Recount(), {}, {"orders": 2}).customers
    ()
    """
    covered = recount.features if recount.is_unfinished else {}
    unheard = frozenset(
        name
        for name, version in versions.items()
        if noted
        and noted.get(name, version if name == ACCOUNTS else None) != version
        and covered.get(name, (0, None))[1] != version
    )
    customers = [Stretch(1, EVERYTHING, unheard)] if unheard else []
    accounts = [Stretch(1, EVERYTHING, unheard)] if ACCOUNTS in unheard else []
    waiting = {}
    accounts_waiting = (0, -1)
    if recount.is_unfinished:
        rest = (recount.anchor + 1, recount.anchors_until - 1)
        outdated = recount.outdated & versions.keys()
        if outdated and rest[0] <= rest[1]:
            customers.append(Stretch(*rest, outdated))
        if ACCOUNTS in outdated and recount.account + 1 < recount.accounts_until:
            accounts.append(Stretch(recount.account + 1, recount.accounts_until - 1, outdated))
        if rest[0] <= rest[1]:
            waiting = {name: rest for name in recount.features if name in versions}
        if ACCOUNTS in recount.features:
            accounts_waiting = (recount.account + 1, recount.accounts_until - 1)
    for part in recount.parts:
        stretch = Stretch(part.first, part.last, frozenset(part.outdated))
        if part.outdated:
            (customers if part.kind == "customers" else accounts).append(stretch)
    percent = 0 if unheard else recount.percent
    return Counting(percent, recount.state, tuple(customers), tuple(accounts), waiting, accounts_waiting)


def joined_parts(parts: Sequence[Part], added: Part) -> tuple[Part, ...]:
    """Return parts with one more; one that follows directly on the last with the same error is added to it."""
    last = parts[-1] if parts else None
    if last is not None and (last.kind, last.last + 1, last.features, last.error) == (
        added.kind,
        added.first,
        added.features,
        added.error,
    ):
        return (*parts[:-1], msgspec.structs.replace(last, last=added.last, at=added.at))
    return (*parts, added)


def without(parts: Iterable[Part], kind: Kind, first: int, last: int) -> tuple[Part, ...]:
    """Return parts less the numbers `first` to `last` of a kind, which are counted now.

    >>> part = Part("customers", 5, 9, ("orders",), (), 3, "KeyError", 0)
    >>> [(one.first, one.last) for one in without([part], "customers", 6, 7)]
    [(5, 5), (8, 9)]
    """
    kept = []
    for part in parts:
        if part.kind != kind or part.last < first or part.first > last:
            kept.append(part)
            continue
        if part.first < first:
            kept.append(msgspec.structs.replace(part, last=first - 1))
        if part.last > last:
            kept.append(msgspec.structs.replace(part, first=last + 1))
    return tuple(kept)
