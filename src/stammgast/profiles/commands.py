"""`stammgast recount …`: figures counted anew from history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from stammgast.kernel.commands import DataOption, JsonOption, installation

if TYPE_CHECKING:
    from stammgast.profiles.recounts.contracts import Action, Recount
    from stammgast.profiles.recounts.ordering import RecountLook

Figures = Annotated[
    list[str] | None,
    typer.Argument(metavar="[FIGURE]...", help="Names such as orders; none means all.", show_default=False),
]
AnywayOption = Annotated[
    bool, typer.Option("--anyway", help="Also where history lacks events: what it lacks is lost from the figures.")
]

recount_commands = typer.Typer(
    name="recount", help="Figures of customers and accounts, counted anew from history.", no_args_is_help=True
)


@recount_commands.callback()
def recount() -> None:
    """Figures of customers and accounts, counted anew from history."""


@recount_commands.command("show")
def show(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Say what is being counted anew, and how far it is."""
    import msgspec

    from stammgast.profiles import api

    with installation(data) as runtime:
        found = api.recount(runtime)
    typer.echo(
        msgspec.json.encode({**msgspec.to_builtins(found), "percent": found.percent}) if as_json else _told(found)
    )


@recount_commands.command("look")
def look(figures: Figures = None, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Say what counting anew would go through, and whether history has all it needs. Changes nothing."""
    import msgspec

    from stammgast.profiles.recounts import ordering

    with installation(data) as runtime:
        found = ordering.look(runtime, figures or ())
    typer.echo(msgspec.json.encode(found) if as_json else _foreseen(found))


@recount_commands.command("start")
def start(figures: Figures = None, data: DataOption = None, anyway: AnywayOption = False) -> None:
    """Let the running worker count figures anew from history, in the background."""
    _order("start", data, figures or (), is_forced=anyway)


@recount_commands.command("pause")
def pause(data: DataOption = None) -> None:
    """Let it stand still until `resume`; what is counted stays counted."""
    _order("pause", data)


@recount_commands.command("resume")
def resume(data: DataOption = None, anyway: AnywayOption = False) -> None:
    """Let it go on."""
    _order("resume", data, is_forced=anyway)


@recount_commands.command("again")
def again(data: DataOption = None) -> None:
    """Try once more what was set aside because it could not be counted."""
    _order("again", data)


def _order(action: Action, data: DataOption, figures: list[str] | tuple[()] = (), *, is_forced: bool = False) -> None:
    from stammgast.profiles.recounts import ordering
    from stammgast.workspace.contracts import Actor

    with installation(data) as runtime:
        ordering.order_recount(runtime, Actor("command", 0, "command line"), action, figures, is_forced=is_forced)
    typer.echo("Ordered; the worker obeys within two seconds. `stammgast recount show` tells how far it is.")


def _told(found: Recount) -> str:
    lines = [_STATES[found.state].format(names=", ".join(found.features), found=found)]
    lines += [
        f"  set aside: {part.kind} {part.first:,} to {part.last:,}, {part.attempts} attempts, {part.error}"
        for part in found.parts
    ]
    return "\n".join(lines)


_STATES = {
    "none": "Nothing was ever counted anew.",
    "going_on": "Being counted anew, {found.percent} %: {names} ({found.events:,} of {found.events_total:,} events)",
    "paused": "Paused at {found.percent} %: {names}",
    "blocked": "Not begun, since history lacks {found.lacking:,} events that were taken in: {names}",
    "done": "Counted anew: {names} ({found.events:,} events, {found.changed:,} sets of identifiers with other figures)",
}


def _foreseen(found: RecountLook) -> str:
    lines = [
        f"Would count anew: {', '.join(found.features)}",
        f"  {found.events:,} events of {found.customers:,} sets of identifiers and {found.accounts:,} accounts",
    ]
    if found.lacking:
        lines.append(f"  {found.lacking:,} events that were taken in are not in history (yet)")
    return "\n".join(lines)


COMMANDS: Mapping[str, typer.Typer] = {"recount": recount_commands}
