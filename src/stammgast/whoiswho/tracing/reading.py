"""One profile's identity: its identifiers, what linked and what was kept apart, what happened and was decided."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import msgspec
from sqlalchemy import Connection

from stammgast.events.api import message_digest
from stammgast.identity.graph.rules import Ranking
from stammgast.identity.resolution import Pair, linkable
from stammgast.identity.store import contests, graph
from stammgast.kernel.clock import MILLIS_PER_DAY
from stammgast.kernel.history import HistoryUnavailable
from stammgast.kernel.ids import ProfileId
from stammgast.kernel.position import committed_position
from stammgast.kernel.runtime import Runtime
from stammgast.profiles import api
from stammgast.profiles.api.pages import Folding, history, reading, reliable_states
from stammgast.profiles.contracts import Called, Profile, SharedDevice, SharedDevices
from stammgast.whoiswho.store import tracing as stored
from stammgast.whoiswho.store.tracing import DatedSet, DecidedRow
from stammgast.whoiswho.tracing.contracts import KeptApart, KnownIdentifier, ProfileIdentity, SeenTogether, Turned
from stammgast.whoiswho.tracing.decisions import gather, standing
from stammgast.whoiswho.tracing.rules import normaliser, ranking_of

OTHERS_MAX = 20
ANCHORS_MAX = 2_000
DECIDED_RULES = ("decided", "separated")
"""Rules of the merge log behind which a person stands."""


def profile_identity(runtime: Runtime, reference: str) -> ProfileIdentity:
    """Return why the profile that `reference` names is one person; reads only state. Raises NoSuchProfile."""
    number = api.profile_number(runtime, reference)
    ranking = ranking_of(runtime)
    with runtime.customers.read() as connection:
        return _identity(connection, api.folding_of(runtime), number, ranking, normaliser(runtime))


def event_kinds(runtime: Runtime, anchors: Sequence[int], message_ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return message id -> (type, name) of events of these anchors, from history; none while it does not answer."""
    digests = [message_digest(one, is_import=imported) for one in set(message_ids) - {""} for imported in (False, True)]
    if not digests or not anchors:
        return {}
    try:
        return history.kinds_of(runtime.history, anchors, digests)
    except HistoryUnavailable:
        return {}


def anchors_of_others(runtime: Runtime, found: ProfileIdentity) -> list[int]:
    """Return the anchors of the profiles whose events left out identifiers of this one; of the newest few."""
    others = list(dict.fromkeys(one.kept_profile for one in found.kept_apart if one.kept_profile != found.profile))
    with runtime.customers.read() as connection:
        anchors = graph.anchors_of(connection, others[:OTHERS_MAX])
    return [one for many in anchors.values() for one in many][:ANCHORS_MAX]


def devices_shared(runtime: Runtime, profile: Profile) -> tuple[tuple[SharedDevice, ...], dict[int, Called]]:
    """Return the identifiers that a profile shares with others, and what those are called who own them."""
    own = {(one.namespace, one.value) for one in profile.identifiers}
    with runtime.customers.read() as connection:
        apart = _one_a_pair(row.refusal for row in stored.refusals_naming(connection, own))
        if not apart:
            return (), {}
        owners = graph.load_owners(connection, {one.left_out for one in apart})
        shared = _shared(apart, owners, ranking_of(runtime))
        return shared, stored.names_of(connection, {one.owner for one in shared})


def shared_devices(runtime: Runtime) -> SharedDevices:
    """Return what tells the customer's page who else uses an identifier; offered as a service by the manifest."""
    return SharedDevices(partial(devices_shared, runtime))


def is_obeyed(runtime: Runtime, position: int) -> bool:
    """Say whether the worker has obeyed the order at a position of the log."""
    with runtime.customers.read() as connection:
        return committed_position(connection) >= position


def _identity(
    connection: Connection,
    folding: Folding,
    number: ProfileId,
    ranking: Ranking,
    normalise: Callable[[str, str], Pair | None],
) -> ProfileIdentity:
    origins = reading.identifiers_with_origin(connection, number)
    own = {(one.namespace, one.value) for one in origins}
    anchors = graph.anchors_of(connection, [number])[number]
    sets = list(seen_together(connection, folding, anchors, ranking, normalise))
    refused = stored.refusals_naming(connection, own)
    apart = _one_a_pair(row.refusal for row in refused)
    decided = stored.decisions_naming(connection, own)
    turned = _with_people(stored.turned_of(connection, [number, *reading.aliases_of(connection, number)]), decided)
    named = {each for one in sets for each in one.identifiers} - own
    named |= {each for one in apart for each in (one.kept, one.left_out)} - own
    owners = graph.load_owners(connection, named)
    held = {(one.namespace, one.value) for one in contests.load_held(connection)}
    shared = _shared(apart, {**owners, **dict.fromkeys(own, int(number))}, ranking)
    events = Counter[Pair]()
    for one in sets:
        events.update(dict.fromkeys(own.intersection(one.identifiers), one.events))
    others = {
        *owners.values(),
        *(one.owner for one in shared),
        *(each for one in turned for each in (one.kept, one.merged)),
    }
    known = [
        KnownIdentifier(one, events[(one.namespace, one.value)], (one.namespace, one.value) in held) for one in origins
    ]
    return ProfileIdentity(
        number,
        tuple(sorted(known, key=lambda one: ranking.rank(one.pair))),
        tuple(sets),
        tuple(apart),
        tuple(turned),
        gather(decided, standing(decided)),
        shared,
        {each: owners.get(each, 0) for each in named},
        frozenset(held & (own | named)),
        stored.names_of(connection, others - {0}),
    )


def seen_together(
    connection: Connection,
    folding: Folding,
    anchors: Sequence[int],
    ranking: Ranking,
    normalise: Callable[[str, str], Pair | None],
) -> Iterable[SeenTogether]:
    """Yield the sets of identifiers of anchors by their first event, each with how many events it came on."""
    days: dict[int, list[DatedSet]] = defaultdict(list)
    for one in stored.dated_sets(connection, anchors):
        days[one.anchor].append(one)
    events = event_counts(connection, folding, anchors)
    found = []
    for anchor, dated in days.items():
        first = min(dated, key=lambda one: (one.time, one.message_id))
        identifiers = tuple(sorted(linkable(first.raw, normalise), key=ranking.rank))
        last = max(one.day for one in dated) * MILLIS_PER_DAY
        count = events.get(anchor, 0)
        found.append(
            SeenTogether(anchor, identifiers, first.time, first.message_id, first.source, last, len(dated), count)
        )
    return sorted(found, key=lambda one: (one.first, one.message_id, one.anchor))


def event_counts(connection: Connection, folding: Folding, anchors: Iterable[int]) -> dict[int, int]:
    """Return the events of anchors as their features count them: robots and staff left out."""
    found, _ = reliable_states(connection, folding, anchors)
    return {anchor: sum(state.get("events", {}).values()) for anchor, state in found.items()}


def _one_a_pair(refusals: Iterable[KeptApart]) -> list[KeptApart]:
    """Return the newest refusal of each pair, with how many sets said so, newest first."""
    counts: Counter[tuple[Pair, Pair]] = Counter()
    newest: dict[tuple[Pair, Pair], KeptApart] = {}
    for one in refusals:
        pair = (one.kept, one.left_out)
        counts[pair] += 1
        newest.setdefault(pair, one)
    return [msgspec.structs.replace(one, events=counts[pair]) for pair, one in newest.items()]


def _shared(apart: Iterable[KeptApart], owners: Mapping[Pair, int], ranking: Ranking) -> tuple[SharedDevice, ...]:
    """Return the weaker identifiers that several people use, and whose their own events are."""
    others: dict[Pair, set[int]] = defaultdict(set)
    for one in apart:
        if one.reason != "cap" and ranking.rank(one.kept)[0] < ranking.rank(one.left_out)[0] and one.kept_profile:
            others[one.left_out].add(one.kept_profile)
    return tuple(
        SharedDevice(each, owners[each], len(people - {owners[each]}))
        for each, people in sorted(others.items())
        if owners.get(each)
    )


def _with_people(turned: Iterable[Turned], decided: Sequence[DecidedRow]) -> list[Turned]:
    return [with_person(one, decided) for one in turned]


def with_person(one: Turned, decided: Sequence[DecidedRow]) -> Turned:
    """Return a line of the merge log with who decided, where somebody did: the latest word before it about the same."""
    if not one.rule.startswith(DECIDED_RULES):
        return one
    before = [row for row in decided if row.decided_at <= one.at]
    about = [row for row in before if not one.identifiers or {row.one, row.other} & set(one.identifiers)]
    person = (about or before)[-1].person if before else ""
    return msgspec.structs.replace(one, person=person)


def called(runtime: Runtime, profiles: Iterable[int]) -> dict[int, Called]:
    """Return what these profiles are called; those not on the list of customers are left out."""
    with runtime.customers.read() as connection:
        return stored.names_of(connection, {one for one in profiles if one})
