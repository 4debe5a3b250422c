"""What the pages of customers and accounts show of their records: actions beside the name, and all traits in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from stammgast.identity.identifiers import normal_identifier
from stammgast.identity.rulebook.force import rules_now
from stammgast.kernel.runtime import Runtime
from stammgast.profiles.api.pages import Account, trait_words, words
from stammgast.profiles.contracts import Identifier, Profile, Trait, TraitValue
from stammgast.records import api
from stammgast.records.contracts import MARK_LABELS, Corrected
from stammgast.records.grouping import Group, group_rows
from stammgast.web.contracts import Role
from stammgast.web.guards import brands_of, person_of
from stammgast.web.pages import runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.workspace.api import sources_for

USUAL_TRAITS = (
    "first_name", "last_name", "company", "street", "postcode", "city", "country", "birthday", "gender", "language", "newsletter",
)  # fmt: skip


def customer_actions(request: AnyRequest, profile: Profile) -> Mapping[str, Any]:
    """Return what one can do about a customer."""
    person = person_of(request)
    return {
        "profile": profile,
        "home": f"/customers/{profile.profile}",
        "mark": api.mark_of(profile),
        "mark_labels": MARK_LABELS,
        "marked": profile.features.get("mark", {}),
        "may_write": person.may(Role.AGENT),
        "may_export": person.may(Role.ANALYST),
        "is_bound": bool(person.brands),
    }


def customer_facts(request: AnyRequest, profile: Profile) -> Mapping[str, Any]:
    """Return a customer's traits and identifiers in groups, with what the reader has just corrected."""
    runtime, person = runtime_of(request), person_of(request)
    waiting = api.waiting_corrections(runtime, profile, person)
    corrections = api.corrections_of(runtime, profile, person)
    may_write = person.may(Role.AGENT)
    return {
        **_facts(request, with_waiting(profile.traits, waiting), profile.identifiers),
        "home": f"/customers/{profile.profile}",
        "number": profile.profile,
        "action": f"/customers/{profile.profile}/records",
        "corrected": set(corrections),
        "taken_away": [name for name, value in corrections.items() if value is None],
        "waiting": {one.trait for one in waiting},
        "may_write": may_write,
        "usual": [one for one in USUAL_TRAITS if one not in {each.name for each in profile.traits}],
        "nothing": "customer",
        "recounting": profile.recounting.get("traits"),
    }


def account_facts(request: AnyRequest, account: Account) -> Mapping[str, Any]:
    """Return an account's traits in groups."""
    return {
        **_facts(request, account.traits, ()),
        "home": f"/accounts/{account.account}",
        "number": account.account,
        "action": "",
        "corrected": set(),
        "taken_away": (),
        "waiting": set(),
        "may_write": False,
        "usual": (),
        "nothing": "account",
        "recounting": account.recounting,
    }


def with_waiting(traits: Sequence[Trait], waiting: Sequence[Corrected]) -> tuple[Trait, ...]:
    """Return traits with corrections laid over them that the worker has not taken in yet."""
    found = {one.name: one for one in traits}
    for word in waiting:
        known = found.get(word.trait)
        if word.is_taken_back:
            continue
        if word.value is None:
            found.pop(word.trait, None)
            continue
        current = TraitValue(word.value, 0, trait_words.BY_HAND, "", by=word.by)
        lost = () if known is None else (known.current, *known.lost)
        found[word.trait] = Trait(word.trait, current, lost, "corrected")
    return tuple(found[name] for name in sorted(found))


def _facts(request: AnyRequest, traits: Sequence[Trait], identifiers: Sequence[Identifier]) -> dict[str, Any]:
    runtime = runtime_of(request)
    return {
        "groups": groups_of(runtime, traits, identifiers),
        "sources": {one.id: one.name for one in sources_for(runtime, brands_of(request))},
        "words": words,
        "trait_words": trait_words,
        "may_set_policy": person_of(request).may(Role.ADMINISTRATOR),
        "is_bound": bool(person_of(request).brands),
    }


def groups_of(runtime: Runtime, traits: Sequence[Trait], identifiers: Sequence[Identifier]) -> tuple[Group, ...]:
    """Return traits and identifiers as the page shows them."""
    return group_rows(traits, identifiers, partial(_normal, rules_now(runtime)))


def _normal(rules: Any, namespace: str, value: str) -> tuple[str, str] | None:
    return normal_identifier(namespace, value, rules)
