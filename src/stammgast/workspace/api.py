"""What other modules may ask of the workspace. Every function takes the runtime and opens its own short transaction.

Functions that change something take `by`, the Actor, and write a line of the audit log. They work from the web process
and from the command line alike; other processes see a change within a second, through `revision`.
"""

from __future__ import annotations

from stammgast.kernel.ids import BrandId
from stammgast.kernel.runtime import Runtime
from stammgast.web.contracts import BrandChoice, Household, Person
from stammgast.web.guards import person_of, requires
from stammgast.workspace.audit import list_audit, record, record_seen
from stammgast.workspace.bonds import create_team, named_brands, named_teams, rename_team, teams
from stammgast.workspace.company import (
    add_staff_rule,
    brands,
    change_company,
    company,
    create_brand,
    list_staff_rules,
    remove_staff_rule,
    rename_brand,
    staff_rules,
)
from stammgast.workspace.contracts import Actor, User
from stammgast.workspace.links import (
    make_entry_link,
    make_setup_link,
    person_of_link,
    setup_link,
    use_entry_link,
    use_setup_link,
)
from stammgast.workspace.people import (
    begin_session,
    change_password,
    change_preferences,
    change_user,
    create_user,
    has_people,
    list_users,
    log_in,
    log_out,
    person_by_session,
    set_user_able,
    sweep,
    user,
    user_by_email,
)
from stammgast.workspace.snapshot import (
    Change,
    Snapshot,
    changing,
    revision,
    snapshot,
    source_by_key,
    token_by_secret,
    touch,
)
from stammgast.workspace.sources import (
    change_source,
    create_source,
    list_sources,
    revoke_source,
    rotate_source_key,
    source,
    sources_for,
)
from stammgast.workspace.tokens import create_token, list_tokens, revoke_token, token_use, write_token_use

__all__ = [
    "Change",
    "Snapshot",
    "actor_of",
    "add_staff_rule",
    "begin_session",
    "brand_of_source",
    "brands",
    "change_company",
    "change_password",
    "change_preferences",
    "change_source",
    "change_user",
    "changing",
    "company",
    "create_brand",
    "create_source",
    "create_team",
    "create_token",
    "create_user",
    "has_people",
    "household",
    "list_audit",
    "list_sources",
    "list_staff_rules",
    "list_tokens",
    "list_users",
    "log_in",
    "log_out",
    "make_entry_link",
    "make_setup_link",
    "named_brands",
    "named_teams",
    "person_by_session",
    "person_by_token",
    "person_of",
    "person_of_link",
    "record",
    "record_seen",
    "remove_staff_rule",
    "rename_brand",
    "rename_team",
    "requires",
    "revision",
    "revoke_source",
    "revoke_token",
    "rotate_source_key",
    "set_user_able",
    "setup_link",
    "snapshot",
    "source",
    "source_by_key",
    "sources_for",
    "staff_rules",
    "sweep",
    "teams",
    "token_by_secret",
    "touch",
    "use_entry_link",
    "use_setup_link",
    "user",
    "user_by_email",
    "write_token_use",
]


def actor_of(user: User) -> Actor:
    """Return the actor that a person is."""
    return Actor("user", user.id, user.name)


def brand_of_source(runtime: Runtime) -> dict[int, BrandId]:
    """Return source -> brand for all sources, at most a second old."""
    return {number: one.brand for number, one in snapshot(runtime).sources.items()}


def person_by_token(runtime: Runtime, secret: str) -> Person | None:
    """Return the holder of an API token as a person of a request, None when there is no such token (any more)."""
    token = token_by_secret(runtime, secret)
    if token is None:
        return None
    token_use(runtime).note(token.id)
    return Person(kind="token", id=token.id, name=token.name, role=token.role, brands=token.brands)


def sites_of(runtime: Runtime, write_key: str) -> tuple[str, ...] | None:
    """Return the origins that a write key's source is used on, none when it names none; None for a key that opens nothing."""
    found = source_by_key(runtime, write_key)
    return None if found is None else found.allowed_origins


def household(runtime: Runtime) -> Household:
    """Return the seam through which the page shell asks about people and the company."""
    return Household(
        person_by_session=lambda secret: person_by_session(runtime, secret),
        person_by_token=lambda secret: person_by_token(runtime, secret),
        company=lambda: company(runtime),
        brands=lambda: [BrandChoice(one.id, one.name) for one in brands(runtime)],
        sites_of=lambda write_key: sites_of(runtime, write_key),
        has_people=lambda: has_people(runtime),
    )
