"""Commands of profiles: `stammgast identity …`, who is who."""

from __future__ import annotations

from collections.abc import Mapping

import typer

from stammgast.kernel.commands import DataOption, installation
from stammgast.profiles.matching.commands import suggest

identity_commands = typer.Typer(
    name="identity", help="Who is who: rules, dry runs, likely the same person.", no_args_is_help=True
)


@identity_commands.callback()
def identity() -> None:
    """Who is who: rules, dry runs, likely the same person."""


@identity_commands.command("rules")
def show_rules(data: DataOption = None) -> None:
    """Print the identity rules in force as a file."""
    from stammgast.profiles.graph.rules import GraphRules, write_rules

    with installation(data) as runtime:
        typer.echo(write_rules(GraphRules(phone_region=runtime.settings.phone_region)), nl=False)


identity_commands.command("suggest")(suggest)

COMMANDS: Mapping[str, typer.Typer] = {"identity": identity_commands}
