"""The records of everybody, read from the customers database, and the pairs that are never to be suggested."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from stammgast.identity.graph.evidence import latest_decisions
from stammgast.identity.resolution import Pair
from stammgast.identity.store import contests, graph
from stammgast.kernel.runtime import Runtime
from stammgast.profiles.api import folding_of
from stammgast.profiles.api.pages import (
    TraitPolicies,
    combine_corrections,
    combine_traits,
    counting_now,
    customers,
    trait_policies,
    values_of,
)
from stammgast.whoiswho.matching.records import NUMBER_NAMESPACES, PersonRecord, person_record, told
from stammgast.whoiswho.store import people
from stammgast.whoiswho.store.people import Said
from stammgast.whoiswho.tracing.rules import normaliser

NAMESPACES = ("email", "phone", *NUMBER_NAMESPACES)


def gather_records(runtime: Runtime) -> tuple[list[PersonRecord], int]:
    """Return the records that can be compared, by profile number, and how many profiles said anything at all."""
    states: dict[int, Said] = {}
    known: dict[int, list[Pair]] = {}
    with runtime.customers.read() as connection:
        for profile, said in people.everybodys_traits(connection, counting_now(connection, folding_of(runtime))):
            states[profile] = _together(states.get(profile), said)
        for profile, pair in people.everybodys_identifiers(connection, NAMESPACES):
            known.setdefault(profile, []).append(pair)
    records = _records(runtime, states, known, sorted({*states, *known}))
    return [one for one in records if one.is_comparable], len(records)


def told_of(runtime: Runtime, profiles: Collection[int]) -> dict[int, dict[str, str]]:
    """Return what some profiles say now, by the field compared, as people wrote it."""
    states: dict[int, Said] = {}
    with runtime.customers.read() as connection:
        anchors = graph.anchors_of(connection, profiles)
        owner = {anchor: profile for profile, some in anchors.items() for anchor in some}
        counting = counting_now(connection, folding_of(runtime))
        for anchor, said in people.traits_of_anchors(connection, counting, list(owner)):
            states[owner[anchor]] = _together(states.get(owner[anchor]), said)
        known = customers.identifiers_of(connection, profiles)
    policies = trait_policies(runtime)
    return {
        one.profile: told(_values(states.get(one.profile), policies), one)
        for one in _records(runtime, states, known, profiles)
    }


def _records(
    runtime: Runtime, states: dict[int, Said], known: dict[int, list[Pair]], profiles: Iterable[int]
) -> list[PersonRecord]:
    policies, normalise = trait_policies(runtime), normaliser(runtime)
    return [
        person_record(number, _values(states.get(number), policies), sorted(known.get(number, ())), normalise)
        for number in profiles
    ]


def _together(before: Said | None, said: Said) -> Said:
    if before is None:
        return said
    corrections = combine_corrections(before.corrections, said.corrections)
    return Said(combine_traits(before.traits, said.traits), corrections)


def _values(said: Said | None, policies: TraitPolicies) -> dict[str, Any]:
    return {} if said is None else values_of(said.traits, policies, said.corrections)


def forbidden_pairs(runtime: Runtime, decided: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return the pairs of profiles, smaller number first, that people refused here or said are never to be merged.

    `decided` are the refused pairs by the numbers they had then.
    """
    refused = list(decided)
    with runtime.customers.read() as connection:
        never = [one for one in latest_decisions(contests.load_decisions(connection)) if one.kind == "never"]
        owners = graph.load_owners(connection, {pair for one in never for pair in (one.one, one.other)})
        now = people.current_numbers(connection, {number for pair in refused for number in pair})
    pairs = [(now[one], now[other]) for one, other in refused]
    pairs += [(owners[one.one], owners[one.other]) for one in never if one.one in owners and one.other in owners]
    return {(min(pair), max(pair)) for pair in pairs}
