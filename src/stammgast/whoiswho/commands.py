"""Commands of profiles: `stammgast identity …`, who is who."""

from __future__ import annotations

from collections.abc import Mapping

import typer

from stammgast.whoiswho.matching.commands import suggest
from stammgast.whoiswho.rules.commands import apply_rules, dry_run, show_rules

identity_commands = typer.Typer(
    name="identity", help="Who is who: rules, dry runs, likely the same person.", no_args_is_help=True
)


@identity_commands.callback()
def identity() -> None:
    """Who is who: rules, dry runs, likely the same person."""


identity_commands.command("rules")(show_rules)
identity_commands.command("dry-run")(dry_run)
identity_commands.command("apply")(apply_rules)
identity_commands.command("suggest")(suggest)

COMMANDS: Mapping[str, typer.Typer] = {"identity": identity_commands}
