"""`stammgast source`, `token` and `user`: what an installation needs before anybody has logged in."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from stammgast.kernel.commands import DataOption, JsonOption, installation

if TYPE_CHECKING:
    from stammgast.workspace.contracts import Actor

source = typer.Typer(help="Sources: where events come from.", no_args_is_help=True)
token = typer.Typer(help="API tokens: how programs come in.", no_args_is_help=True)
user = typer.Typer(help="People who log in.", no_args_is_help=True)
team = typer.Typer(help="Teams: who works together.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME")]
BrandOption = Annotated[
    list[str] | None, typer.Option("--brand", metavar="NAME", help="Bind to this brand; may be given again. None: all.")
]
TeamOption = Annotated[
    list[str] | None, typer.Option("--team", metavar="NAME", help="Put into this team; may be given again.")
]
RoleOption = Annotated[str, typer.Option("--role", help="administrator, analyst, agent or viewer.")]


@source.command("create")
def create_source(
    name: NameArgument,
    data: DataOption = None,
    kind: Annotated[str, typer.Option("--kind", help="server, browser, mobile or import.")] = "server",
    as_json: JsonOption = False,
) -> None:
    """Make a source and print its write key; a server's is shown only now."""
    from stammgast.workspace import api

    with installation(data) as runtime:
        made = api.create_source(runtime, _actor(), name, kind=kind)  # type: ignore[arg-type]
    if as_json:
        _print_json(id=made.source.id, writeKey=made.write_key)
    else:
        sys.stdout.write(f"Source {made.source.id}, {made.source.name}. Its write key:\n{made.write_key}\n")


@token.command("create")
def create_token(
    name: NameArgument,
    role: RoleOption,
    brand: BrandOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an API token and print it; it is shown only now."""
    from stammgast.workspace import api

    with installation(data) as runtime:
        brands = api.named_brands(runtime, brand or ())
        made, secret = api.create_token(runtime, _actor(), name, role, brands)
    if as_json:
        _print_json(token=secret)
    else:
        sys.stdout.write(f"Token {made.name} ({made.role}), shown only now:\n{secret}\n")


@team.command("create")
def create_team(name: NameArgument, data: DataOption = None) -> None:
    """Make a team."""
    from stammgast.workspace import api

    with installation(data) as runtime:
        made = api.create_team(runtime, _actor(), name)
    sys.stdout.write(f"Team {made.id}, {made.name}.\n")


@user.command("create")
def create_user(
    email: Annotated[str, typer.Argument(metavar="EMAIL")],
    role: RoleOption,
    name: Annotated[str, typer.Option("--name", help="Default: what stands before the @.")] = "",
    brand: BrandOption = None,
    team: TeamOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a person and print a one-time address at which they choose their password."""
    from stammgast.workspace import api

    with installation(data) as runtime:
        made = api.create_user(
            runtime,
            _actor(),
            email=email,
            name=name or email.partition("@")[0],
            role=role,
            brands=api.named_brands(runtime, brand or ()),
            teams=api.named_teams(runtime, team or ()),
        )
        link = api.make_entry_link(runtime, _actor(), made.id)
    if as_json:
        _print_json(id=made.id, link=link)
    else:
        sys.stdout.write(f"{made.name} ({made.role}) chooses a password here (works once):\n{link}\n")


@user.command("bind")
def bind_user(
    email: Annotated[str, typer.Argument(metavar="EMAIL")],
    brand: BrandOption = None,
    team: TeamOption = None,
    data: DataOption = None,
) -> None:
    """Bind a person to brands and teams, instead of those they were bound to; none given: to none, which means all."""
    from stammgast.workspace import api

    with installation(data) as runtime:
        known = api.user_by_email(runtime, email)
        bound = api.change_user(
            runtime,
            _actor(),
            known.id,
            name=known.name,
            role=known.role,
            brands=api.named_brands(runtime, brand or ()),
            teams=api.named_teams(runtime, team or ()),
        )
    brands, teams = ", ".join(brand or ()) or "all brands", ", ".join(team or ()) or "no team"
    sys.stdout.write(f"{bound.name} ({bound.role}): {brands}; {teams}.\n")


@user.command("link")
def make_link(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Whose password; empty: the first administrator.")] = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a new one-time address: for the first administrator, or for somebody who has forgotten a password."""
    from stammgast.workspace import api

    with installation(data) as runtime:
        if email:
            link = api.make_entry_link(runtime, _actor(), api.user_by_email(runtime, email).id)
        else:
            link = api.setup_link(runtime)
    if as_json:
        _print_json(link=link)
    else:
        sys.stdout.write(f"Works once:\n{link}\n")


def _actor() -> Actor:
    from stammgast.workspace.contracts import Actor

    return Actor("command", 0, getpass.getuser())


def _print_json(**facts: object) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")


COMMANDS: Mapping[str, typer.Typer] = {"source": source, "token": token, "team": team, "user": user}
