"""What people and tokens are bound to: brands, beyond which they see nothing, and teams, which say who works together."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from stammgast.kernel import clock
from stammgast.kernel.ids import BrandId
from stammgast.kernel.runtime import Runtime
from stammgast.workspace import rows, store
from stammgast.workspace.contracts import (
    Actor,
    AdministratorBound,
    BrandNotFound,
    NameTaken,
    Role,
    Team,
    TeamNotFound,
)
from stammgast.workspace.names import read_name
from stammgast.workspace.snapshot import changing


def check_brands(connection: Connection, brands: Collection[int], role: Role) -> list[int]:
    """Return brands to bind somebody of this role to, ascending; raises BrandNotFound, AdministratorBound."""
    if brands and role is Role.ADMINISTRATOR:
        raise AdministratorBound(field="brands")
    unknown = set(brands) - {row["id"] for row in store.list_brands(connection)}
    if unknown:
        raise BrandNotFound(what="brand", name=min(unknown), field="brands")
    return sorted(set(brands))


def check_teams(connection: Connection, teams: Collection[int]) -> list[int]:
    """Return teams to put somebody into, ascending; raises TeamNotFound."""
    unknown = set(teams) - {row["id"] for row in store.list_teams(connection)}
    if unknown:
        raise TeamNotFound(what="team", name=min(unknown), field="teams")
    return sorted(set(teams))


def named_brands(runtime: Runtime, names: Sequence[str]) -> list[BrandId]:
    """Return the brands with these names; raises BrandNotFound."""
    with runtime.control.read() as connection:
        known = {row["name"]: BrandId(row["id"]) for row in store.list_brands(connection)}
    for name in names:
        if name not in known:
            raise BrandNotFound(what="brand", name=name)
    return [known[name] for name in names]


def named_teams(runtime: Runtime, names: Sequence[str]) -> list[int]:
    """Return the teams with these names; raises TeamNotFound."""
    known = {one.name: one.id for one in teams(runtime)}
    for name in names:
        if name not in known:
            raise TeamNotFound(what="team", name=name)
    return [known[name] for name in names]


def teams(runtime: Runtime) -> list[Team]:
    """Return all teams by name."""
    with runtime.control.read() as connection:
        return [rows.team_of(row) for row in store.list_teams(connection)]


def create_team(runtime: Runtime, by: Actor, name: str) -> Team:
    """Make a team. Raises NameTaken, Invalid."""
    name, now = read_name(name), clock.now_millis()
    try:
        with changing(runtime, by) as change:
            number = store.add_team(change.connection, name, now)
            change.note("team.create", f"team {number}", name=name)
    except IntegrityError as problem:
        raise NameTaken(name=name, field="name") from problem
    return Team(number, name, now)


def rename_team(runtime: Runtime, by: Actor, number: int, name: str) -> None:
    """Rename a team; raises TeamNotFound, NameTaken, Invalid."""
    name = read_name(name)
    try:
        with changing(runtime, by) as change:
            if not store.rename_team(change.connection, number, name):
                raise TeamNotFound(what="team", name=number)
            change.note("team.rename", f"team {number}", name=name)
    except IntegrityError as problem:
        raise NameTaken(name=name, field="name") from problem
