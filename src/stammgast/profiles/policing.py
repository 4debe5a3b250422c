"""The policies of traits as they hold now, and changing them. They are definitions: a change holds at once, for everything read."""

from __future__ import annotations

from dataclasses import dataclass

from stammgast.kernel.errors import Invalid, NotFound
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.runtime import Runtime
from stammgast.profiles.store import policies
from stammgast.profiles.trait_policies import EVERY_TRAIT, NEWEST_COUNTS, TraitPolicies, TraitPolicy, check_policy
from stammgast.workspace.api import changing, list_sources, revision
from stammgast.workspace.contracts import Actor


class NoSuchPolicy(NotFound):
    """The trait {trait} has no policy of its own."""

    code = "no_such_policy"


@dataclass
class PolicyCache:
    """The process's one TraitPolicies, and the revision of the control data it was made from."""

    revision: int = -1
    policies: TraitPolicies = NEWEST_COUNTS


def trait_policies(runtime: Runtime) -> TraitPolicies:
    """Return the policies as of at most a second ago; the same object for as long as nothing has changed."""
    cache: PolicyCache = runtime.services.setdefault(PolicyCache, PolicyCache())
    now = revision(runtime)
    if now != cache.revision:
        with runtime.control.read() as connection:
            found = policies.load_policies(connection)
        if found != cache.policies:
            cache.policies = found
        cache.revision = now
    return cache.policies


def change_policy(runtime: Runtime, by: Actor, trait: str, policy: TraitPolicy) -> TraitPolicy:
    """Say how the value of a trait (`*`: of all others) is chosen; return what is kept. Raises Invalid."""
    check_policy(trait, policy)
    known = {one.id for one in list_sources(runtime)}
    if policy.rule == "source_priority" and not known.issuperset(policy.sources):
        raise Invalid(field="sources", problem=_("one of these sources is not there"))
    if policy.rule != "source_priority":
        policy = TraitPolicy(policy.rule, corrections=policy.corrections)
    with changing(runtime, by) as change:
        policies.save_policy(change.connection, trait, policy)
        change.note(
            "trait_policy.change", trait, rule=policy.rule, sources=list(policy.sources), corrections=policy.corrections
        )
    return policy


def remove_policy(runtime: Runtime, by: Actor, trait: str) -> None:
    """Let a trait follow the policy of all others again; removing that one brings back newest. Raises NoSuchPolicy."""
    with changing(runtime, by) as change:
        if not policies.delete_policy(change.connection, trait):
            raise NoSuchPolicy(trait=trait)
        change.note("trait_policy.remove", trait)


__all__ = ["EVERY_TRAIT", "NoSuchPolicy", "change_policy", "remove_policy", "trait_policies"]
