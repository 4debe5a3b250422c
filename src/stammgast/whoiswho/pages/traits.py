"""Identity, traits: which of several words about a trait counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Response, get, post

from stammgast.kernel.errors import Invalid, StammgastError
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.ids import SourceId
from stammgast.kernel.runtime import Runtime
from stammgast.profiles.api.pages import (
    EVERY_TRAIT,
    NAME_LENGTH_MAX,
    RULES,
    SOURCES_MAX,
    TraitPolicy,
    change_policy,
    remove_policy,
    trait_policies,
    trait_words,
)
from stammgast.web.contracts import Role
from stammgast.web.forms import Form, SentForm
from stammgast.web.guards import person_of, requires
from stammgast.web.numbers import whole
from stammgast.web.pages import redirect, render, runtime_of, translate
from stammgast.web.shell import AnyRequest
from stammgast.web.tables import Column
from stammgast.workspace.api import list_sources
from stammgast.workspace.contracts import Actor

AGENT = [requires(Role.AGENT)]
ADMINISTRATOR = [requires(Role.ADMINISTRATOR)]
COLUMNS = (Column(_("Trait")), Column(_("Which value counts")))
EMPTY_PLACES = 3
SOURCE_MAX = 2**31 - 1


class Chosen(msgspec.Struct, frozen=True):
    """What the form shows: a trait and its policy."""

    trait: str = ""
    rule: str = "newest"
    sources: tuple[int, ...] = ()
    corrections: str = "always"


@get("/identity/traits", guards=AGENT, sync_to_thread=True)
def show_trait_policies(request: AnyRequest) -> Response[str]:
    """Show the policies; `trait` in the address is the one to change."""
    trait = request.query_params.get("trait", "")[:NAME_LENGTH_MAX]
    policy = trait_policies(runtime_of(request)).of(trait)
    return _page(request, Chosen(trait, policy.rule, policy.sources, policy.corrections), Form())


@post("/identity/traits", guards=ADMINISTRATOR, status_code=200, sync_to_thread=True)
def save_trait_policy(request: AnyRequest, form: SentForm) -> Response[Any]:
    """Keep the policy that the form shows."""
    corrections = "until_said" if form.text("corrections") == "until_said" else "always"
    chosen = Chosen(form.text("trait"), form.text("rule"), _sources(form), corrections)
    try:
        policy = _policy(chosen)
        change_policy(runtime_of(request), _by(request), chosen.trait, policy)
    except StammgastError as problem:
        return _page(request, chosen, form.refused(problem), problem.status)
    return redirect("/identity/traits", flash=_("Saved. It holds at once; lists follow within seconds."))


@post("/identity/traits/remove", guards=ADMINISTRATOR, status_code=200, sync_to_thread=True)
def remove_trait_policy(request: AnyRequest, form: SentForm) -> Response[Any]:
    """Let a trait follow the policy of all others again."""
    remove_policy(runtime_of(request), _by(request), form.text("trait"))
    return redirect("/identity/traits", flash=_("Removed. The policy of all other traits holds."))


def _policy(chosen: Chosen) -> TraitPolicy:
    rule = next((one for one in RULES if one == chosen.rule), None)
    if rule is None:
        raise Invalid(field="rule", problem=_("choose one of these"))
    sources = tuple(SourceId(one) for one in chosen.sources) if rule == "source_priority" else ()
    return TraitPolicy(rule, sources, "until_said" if chosen.corrections == "until_said" else "always")


def _sources(form: Form) -> tuple[int, ...]:
    """Return the sources chosen, each where it stands first."""
    numbers = (number for text in form.every("sources") if (number := whole(text)) is not None and number <= SOURCE_MAX)
    return tuple(dict.fromkeys(numbers))[:SOURCES_MAX]


def _page(request: AnyRequest, chosen: Chosen, form: Form, status: int = 200) -> Response[str]:
    runtime = runtime_of(request)
    may_change = person_of(request).may(Role.ADMINISTRATOR)
    return render(
        request,
        "whoiswho/identity_traits.html",
        status=status,
        form=form,
        chosen=chosen,
        policies=_policies(runtime),
        columns=(*COLUMNS, Column("")) if may_change else COLUMNS,
        rules=_rules(request),
        sources=_names(runtime),
        holds=_holds(request),
        places=[*chosen.sources, *([0] * EMPTY_PLACES)],
        may_change=may_change,
        trait_words=trait_words,
    )


def _policies(runtime: Runtime) -> list[tuple[str, TraitPolicy, bool]]:
    """Return (trait, policy, whether somebody set it), that of all others first."""
    found = trait_policies(runtime)
    others = [(name, policy, True) for name, policy in sorted(found.by_trait.items()) if name != EVERY_TRAIT]
    return [(EVERY_TRAIT, found.of(EVERY_TRAIT), EVERY_TRAIT in found.by_trait), *others]


def _rules(request: AnyRequest) -> list[tuple[str, str, str]]:
    return [
        (one, translate(request, trait_words.RULE_LABELS[one]), translate(request, trait_words.RULE_HELP[one]))
        for one in RULES
    ]


def _holds(request: AnyRequest) -> list[tuple[str, str, str]]:
    words = trait_words.HOLD_WORDS
    return [(name, translate(request, label), translate(request, about)) for name, (label, about) in words.items()]


def _names(runtime: Runtime) -> Mapping[int, str]:
    return {one.id: one.name for one in list_sources(runtime)}


def _by(request: AnyRequest) -> Actor:
    return Actor.of(person_of(request))


ROUTES: tuple[Any, ...] = (show_trait_policies, save_trait_policy, remove_trait_policy)
