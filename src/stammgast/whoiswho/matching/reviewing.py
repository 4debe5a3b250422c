"""Reviewing what is likely the same person: accepting, refusing, forbidding for ever, many at once, and taking back.

Accepting and forbidding are orders in the log which the worker obeys; refusing only keeps the pair from being suggested again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from stammgast.events.api import order_entry
from stammgast.identity.deciding import DECISIONS_MAX, Wish, decide_order
from stammgast.identity.graph.evidence import Decision
from stammgast.identity.resolution import Pair
from stammgast.identity.store import contests
from stammgast.kernel import clock
from stammgast.kernel.log import LogWriter
from stammgast.kernel.runtime import Runtime
from stammgast.profiles import api
from stammgast.profiles.api.pages import customers
from stammgast.whoiswho import curating
from stammgast.whoiswho.matching import store
from stammgast.whoiswho.matching.contracts import (
    AlreadyDecided,
    BulkOutcome,
    BulkPreview,
    NoSuchSuggestion,
    Suggestion,
    SuggestionState,
    TooEarlyToUndo,
)
from stammgast.whoiswho.matching.store import Filter
from stammgast.whoiswho.store import people
from stammgast.whoiswho.tracing.contracts import NoSuchDecision, NothingToTakeBack
from stammgast.whoiswho.tracing.rules import ranking_of
from stammgast.workspace.api import changing
from stammgast.workspace.contracts import Actor

MERGES_AT_ONCE = 500
"""Merges of one order, so that the worker's transaction stays short."""


class Summary(msgspec.Struct, frozen=True):
    """A profile beside the other of its pair; `now` is what its number leads to."""

    profile: int
    name: str
    first_seen: int | None
    last_seen: int | None
    events: int
    orders: int
    identifiers: int
    now: int


@dataclass
class Followed:
    """Up to which merge this process has let suggestions follow."""

    merge: int = -1
    run: int = -1


def find_suggestion(runtime: Runtime, number: int) -> Suggestion:
    """Return one suggestion. Raises NoSuchSuggestion."""
    with runtime.control.read() as connection:
        found = store.find_suggestion(connection, number)
    if found is None:
        raise NoSuchSuggestion(number=number)
    return found


def list_suggestions(
    runtime: Runtime, wanted: Filter, *, limit: int, after: tuple[float, int] | None = None, offset: int = 0
) -> list[Suggestion]:
    """Return suggestions, the heaviest first; `after` is (bits, id) of the last one seen."""
    with runtime.control.read() as connection:
        return store.list_suggestions(connection, wanted, limit=limit, after=after, offset=offset)


def count_suggestions(runtime: Runtime, wanted: Filter) -> int:
    """Return how many suggestions there are."""
    with runtime.control.read() as connection:
        return store.count_suggestions(connection, wanted)


def count_by_state(runtime: Runtime) -> dict[str, int]:
    """Return state -> how many suggestions."""
    with runtime.control.read() as connection:
        return store.count_by_state(connection)


def suggested_for(runtime: Runtime, profile: int, limit: int = 5) -> list[Suggestion]:
    """Return the open suggestions that name a profile, the heaviest first."""
    return list_suggestions(runtime, Filter(profile=profile), limit=limit)


def neighbours(runtime: Runtime, wanted: Filter, one: Suggestion) -> tuple[int | None, int | None]:
    """Return the numbers of the suggestions before and after one in the list."""
    with runtime.control.read() as connection:
        after = store.list_suggestions(connection, wanted, limit=1, after=(one.bits, one.id))
        return store.place_before(connection, wanted, one), after[0].id if after else None


def names_of(runtime: Runtime, profiles: Collection[int]) -> dict[int, str]:
    """Return what profiles are called; their numbers where nothing better is known."""
    with runtime.customers.read() as connection:
        found = people.names_of(connection, set(profiles))
    return {profile: found.get(profile, str(profile)) for profile in profiles}


def summary_of(runtime: Runtime, profile: int) -> Summary:
    """Return a profile in one line. Raises NoSuchProfile."""
    found = api.get_profile(runtime, f"profile:{profile}")
    events = found.features.get("events", {}).get("total", 0)
    orders = found.features.get("orders", {}).get("count", 0)
    return Summary(
        profile, found.name, found.first_seen, found.last_seen, events, orders, len(found.identifiers), found.profile
    )


def last_above(runtime: Runtime, bits: float, limit: int) -> list[Suggestion]:
    """Return the least likely of the suggestions that have at least this weight."""
    wanted = Filter(bits_min=bits)
    with runtime.control.read() as connection:
        total = store.count_suggestions(connection, wanted)
        return store.list_suggestions(connection, wanted, limit=limit, offset=max(0, total - limit))


def count_batch(runtime: Runtime, batch: int) -> int:
    """Return how many suggestions stand accepted by one click."""
    with runtime.control.read() as connection:
        return len(store.batch_of(connection, batch))


def accept(runtime: Runtime, by: Actor, number: int) -> int:
    """Order that both are one person's; return the log position. Raises AlreadyDecided."""
    found = _open_suggestion(runtime, number)
    position = curating.merge_profiles(runtime, by, f"profile:{found.one}", f"profile:{found.other}")
    _write(runtime, by, [number], "accepted", position=position, batch=clock.now_millis())
    return position


def refuse(runtime: Runtime, by: Actor, number: int) -> None:
    """Keep a pair from being suggested again; events may still join them. Raises AlreadyDecided."""
    _open_suggestion(runtime, number)
    _write(runtime, by, [number], "refused")


def forbid(runtime: Runtime, by: Actor, number: int) -> int:
    """Order that the two are never one person's, whatever events say; return the log position. Raises AlreadyDecided."""
    found = _open_suggestion(runtime, number)
    with runtime.customers.read() as connection:
        members = customers.identifiers_of(connection, [found.one, found.other])
    ranking = ranking_of(runtime)
    one, other = (min(members[profile], key=ranking.rank) for profile in (found.one, found.other))
    position = _order(runtime, by, [Wish("never", one, other)], "profile.never_merge", found)
    _write(runtime, by, [number], "never", position=position)
    return position


def reopen(runtime: Runtime, by: Actor, number: int) -> None:
    """Take back a decision: the pair is open again, and what was ordered is taken back. Raises TooEarlyToUndo.

    One that was accepted together with others is taken back with them.
    """
    found = find_suggestion(runtime, number)
    if found.state not in store.DECIDED:
        raise AlreadyDecided
    if found.position is not None:
        _take_back(runtime, by, found.position)
    with runtime.control.read() as connection:
        together = store.sharing_order(connection, found.position) if found.position is not None else [number]
    _write(runtime, by, together, "open", only_in=store.DECIDED)


def preview_above(runtime: Runtime, bits: float) -> BulkPreview:
    """Return what accepting every open suggestion of at least this weight would do."""
    with runtime.control.read() as connection:
        pairs = store.pairs_where(connection, Filter(bits_min=bits))
        last = store.list_suggestions(connection, Filter(bits_min=bits), limit=1, offset=max(0, len(pairs) - 1))
    groups = group_sizes((one, other) for _, one, other in pairs)
    return BulkPreview(
        len(pairs), sum(groups), len(groups), max(groups, default=0), last[0].probability if last else 0.0
    )


def group_sizes(pairs: Iterable[tuple[int, int]]) -> list[int]:
    """Return the sizes of the groups that pairs hang together in, greatest first.

    >>> group_sizes([(1, 2), (2, 3), (8, 9)])
    [3, 2]
    """
    parents: dict[int, int] = {}

    def root(one: int) -> int:
        while parents.setdefault(one, one) != one:
            parents[one] = parents[parents[one]]
            one = parents[one]
        return one

    for one, other in pairs:
        parents[root(one)] = root(other)
    return sorted(Counter(root(one) for one in list(parents)).values(), reverse=True)


def accept_above(runtime: Runtime, by: Actor, bits: float) -> BulkOutcome:
    """Accept every open suggestion of at least this weight, as orders of at most MERGES_AT_ONCE merges each."""
    with runtime.control.read() as connection:
        pairs = store.pairs_where(connection, Filter(bits_min=bits))
    with runtime.customers.read() as connection:
        members = customers.identifiers_of(connection, {profile for _, *both in pairs for profile in both})
        decided = _by_identifier(contests.load_decisions(connection))
    batch = clock.now_millis()
    done = 0
    for start in range(0, len(pairs), MERGES_AT_ONCE):
        some = [one for one in pairs[start : start + MERGES_AT_ONCE] if members[one[1]] and members[one[2]]]
        wishes = [wish for _, one, other in some for wish in _merging(members[one], members[other], decided)]
        position = _order(runtime, by, wishes[:DECISIONS_MAX], "profile.merge_many", None)
        done += _write(runtime, by, [one[0] for one in some], "accepted", position=position, batch=batch)
    return BulkOutcome(done, batch)


def _by_identifier(decisions: Iterable[Decision]) -> dict[Pair, list[Decision]]:
    found: dict[Pair, list[Decision]] = {}
    for one in decisions:
        for identifier in (one.one, one.other):
            found.setdefault(identifier, []).append(one)
    return found


def _merging(one: Sequence[Pair], other: Sequence[Pair], decided: Mapping[Pair, Sequence[Decision]]) -> list[Wish]:
    """Return the wishes that merge two profiles, looking only at decisions that name the first one's identifiers."""
    return curating.wishes_to_merge(one, other, [each for pair in one for each in decided.get(pair, ())])


def undo_batch(runtime: Runtime, by: Actor, batch: int) -> int:
    """Take back everything that was accepted at once; return how many suggestions are open again.

    Raises NoSuchSuggestion and TooEarlyToUndo.
    """
    with runtime.control.read() as connection:
        accepted = store.batch_of(connection, batch)
    if not accepted:
        raise NoSuchSuggestion(number=batch)
    for position in sorted({position for _, position in accepted if position is not None}):
        _take_back(runtime, by, position)
    return _write(runtime, by, [number for number, _ in accepted], "open", only_in=store.DECIDED)


def follow_merges(runtime: Runtime) -> None:
    """Let open suggestions follow what happened to their profiles since; cheap when nothing did."""
    followed: Followed = runtime.services.setdefault(Followed, Followed())
    with runtime.customers.read() as connection:
        newest = people.last_merge(connection)
    with runtime.control.read() as connection:
        run = next((one.id for one in store.newest_runs(connection, 1, "done")), 0)
        if (newest, run) == (followed.merge, followed.run):
            return
        pairs = store.pairs_where(connection, Filter())
    with runtime.customers.read() as connection:
        now = people.current_numbers(connection, {profile for _, *both in pairs for profile in both})
    moved = {
        number: _pair_now(now, one, other) for number, one, other in pairs if (now[one], now[other]) != (one, other)
    }
    if moved:
        with runtime.control.write() as connection:
            store.renumber(connection, moved)
    followed.merge, followed.run = newest, run


def _pair_now(now: dict[int, int], one: int, other: int) -> tuple[int, int] | None:
    pair = min(now[one], now[other]), max(now[one], now[other])
    return None if pair[0] == pair[1] else pair


def _open_suggestion(runtime: Runtime, number: int) -> Suggestion:
    """Return an open suggestion whose two profiles are still two. Raises NoSuchSuggestion and AlreadyDecided."""
    found = find_suggestion(runtime, number)
    if found.state != "open":
        raise AlreadyDecided
    with runtime.customers.read() as connection:
        now = people.current_numbers(connection, (found.one, found.other))
    if now[found.one] == now[found.other]:
        raise AlreadyDecided
    return found


def _take_back(runtime: Runtime, by: Actor, position: int) -> None:
    try:
        curating.take_back(runtime, by, position)
    except NoSuchDecision:
        raise TooEarlyToUndo from None
    except NothingToTakeBack:
        return  # a later word about these two stands


def _order(runtime: Runtime, by: Actor, wishes: Sequence[Wish], action: str, about: Suggestion | None) -> int:
    subject = "" if about is None else f"profile:{about.one} profile:{about.other}"
    with changing(runtime, by) as change:
        change.note(action, subject, pairs=len(wishes))
    return runtime.service(LogWriter).append_sync(order_entry(decide_order(wishes, by.name)))


def _write(
    runtime: Runtime,
    by: Actor,
    numbers: Collection[int],
    state: SuggestionState,
    *,
    only_in: Sequence[SuggestionState] = ("open",),
    position: int | None = None,
    batch: int | None = None,
) -> int:
    is_open = state == "open"
    with changing(runtime, by) as change:
        done = store.decide(
            change.connection,
            numbers,
            state,
            only_in=only_in,
            now=None if is_open else clock.now_millis(),
            by="" if is_open else by.name,
            position=position,
            batch=batch,
        )
        change.note(f"suggestion.{state}", f"suggestion {min(numbers, default=0)}", suggestions=done)
    return done
