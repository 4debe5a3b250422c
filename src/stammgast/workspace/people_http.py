"""Management API of people: who may log in, as what, bound to which brands and teams."""

from __future__ import annotations

import msgspec
from litestar import get, patch, post
from litestar.params import FromPath, JSONBody

from stammgast.web.contracts import Role
from stammgast.web.guards import person_of, requires
from stammgast.web.http import ApiController, iso_time
from stammgast.web.pages import runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.workspace import api
from stammgast.workspace.contracts import Actor, Team, User
from stammgast.workspace.http import Name, Number

ADMINISTRATOR = [requires(Role.ADMINISTRATOR)]


class PersonAnswer(msgspec.Struct, rename="camel"):
    """Somebody who can log in, or is invited to. Empty `brands`: bound to none, all are theirs."""

    id: int
    email: str
    name: str
    role: str
    brands: list[int]
    teams: list[int]
    last_login_at: str | None
    disabled_at: str | None
    link: str | None = None
    """Where they choose their password, once; told only here."""


class NewPerson(msgspec.Struct):
    """What a new person needs."""

    email: str
    name: Name
    role: Role
    brands: list[Number] = []
    teams: list[Number] = []


class PersonChange(msgspec.Struct):
    """What may change of a person; what is left out stays."""

    name: Name | None = None
    role: Role | None = None
    brands: list[Number] | None = None
    teams: list[Number] | None = None


class TeamAnswer(msgspec.Struct):
    """A team."""

    id: int
    name: str


class TeamName(msgspec.Struct):
    """What a team is called."""

    name: Name


class PeopleController(ApiController):
    """People."""

    path = "/api/people"
    tags = ("People",)

    @get(guards=ADMINISTRATOR, summary="List people", sync_to_thread=True)
    def list_people(self, request: AnyRequest) -> list[PersonAnswer]:
        """Everybody by name."""
        return [_person_answer(one) for one in api.list_users(runtime_of(request))]

    @post(guards=ADMINISTRATOR, summary="Add a person", sync_to_thread=True)
    def add(self, request: AnyRequest, data: JSONBody[NewPerson]) -> PersonAnswer:
        """The answer holds a link, good for one use, at which they choose their password."""
        runtime, by = runtime_of(request), _by(request)
        made = api.create_user(
            runtime, by, email=data.email, name=data.name, role=data.role, brands=data.brands, teams=data.teams
        )
        return _person_answer(made, api.make_entry_link(runtime, by, made.id))

    @patch("/{number:int}", guards=ADMINISTRATOR, summary="Change a person", sync_to_thread=True)
    def change(self, request: AnyRequest, number: FromPath[Number], data: JSONBody[PersonChange]) -> PersonAnswer:
        """Role and bonds hold from their next request on. An administrator can't be bound to brands."""
        known = api.user(runtime_of(request), number)
        changed = api.change_user(
            runtime_of(request),
            _by(request),
            number,
            name=data.name or known.name,
            role=data.role or known.role,
            brands=data.brands,
            teams=data.teams,
        )
        return _person_answer(changed)


class TeamsController(ApiController):
    """Teams."""

    path = "/api/teams"
    tags = ("People",)

    @get(guards=[requires(Role.VIEWER, bound="same")], summary="List teams", sync_to_thread=True)
    def list_teams(self, request: AnyRequest) -> list[TeamAnswer]:
        """All teams by name."""
        return [_team_answer(one) for one in api.teams(runtime_of(request))]

    @post(guards=ADMINISTRATOR, summary="Make a team", sync_to_thread=True)
    def create(self, request: AnyRequest, data: JSONBody[TeamName]) -> TeamAnswer:
        """People are put into it one by one."""
        return _team_answer(api.create_team(runtime_of(request), _by(request), data.name))

    @patch("/{number:int}", guards=ADMINISTRATOR, summary="Rename a team", sync_to_thread=True)
    def rename(self, request: AnyRequest, number: FromPath[Number], data: JSONBody[TeamName]) -> TeamAnswer:
        """Whoever is in it stays in it."""
        api.rename_team(runtime_of(request), _by(request), number, data.name)
        return TeamAnswer(number, data.name)


def _person_answer(one: User, link: str | None = None) -> PersonAnswer:
    return PersonAnswer(
        id=one.id,
        email=one.email,
        name=one.name,
        role=one.role.value,
        brands=list(one.brands),
        teams=list(one.teams),
        last_login_at=iso_time(one.last_login_at),
        disabled_at=iso_time(one.disabled_at),
        link=link,
    )


def _team_answer(one: Team) -> TeamAnswer:
    return TeamAnswer(one.id, one.name)


def _by(request: AnyRequest) -> Actor:
    return Actor.of(person_of(request))


CONTROLLERS = (PeopleController, TeamsController)
