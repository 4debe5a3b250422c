"""Commands of the events module: `stammgast export`."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stammgast.kernel.commands import DataOption, installation

if TYPE_CHECKING:
    from stammgast.kernel.runtime import Runtime


def export_command(
    data: DataOption = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Default: standard output.")] = None,
    form: Annotated[str, typer.Option("--format", help="jsonl or csv.")] = "jsonl",
    profile: Annotated[
        str, typer.Option("--profile", metavar="ID", help="Only one customer: a number or namespace:value.")
    ] = "",
    since: Annotated[str, typer.Option("--since", metavar="DATE", help="From this day on (UTC).")] = "",
    until: Annotated[str, typer.Option("--until", metavar="DATE", help="Before this day (UTC).")] = "",
) -> None:
    """Write events out of the history, oldest first: all, or those of one customer. The system must run."""
    from stammgast.events.exporting import Selection, export_events

    with installation(data) as runtime:
        selection = Selection(profile=profile, since=since, until=until)
        with out.open("w", encoding="utf-8", newline="") if out else nullcontext(sys.stdout) as file:
            count = export_events(runtime, selection, form, file)
        _note(runtime, selection.words(), count)
    if out:
        sys.stderr.write(f"{count:,} events written to {out}\n")


def _note(runtime: Runtime, what: str, count: int) -> None:
    from stammgast.workspace.api import changing
    from stammgast.workspace.contracts import Actor

    with changing(runtime, Actor("command", 0, getpass.getuser())) as change:
        change.note("events.export", what, count=count)


COMMANDS: Mapping[str, Callable[..., None]] = {"export": export_command}
