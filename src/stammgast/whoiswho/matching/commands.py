"""`stammgast identity suggest`: look for profiles that are likely the same person."""

from __future__ import annotations

import getpass
from typing import Annotated

import msgspec
import typer

from stammgast.kernel.commands import DataOption, JsonOption, installation
from stammgast.kernel.runtime import Runtime
from stammgast.whoiswho.matching.contracts import Phase, Run, RunCounts
from stammgast.workspace.contracts import Actor

_SAID: dict[Phase, str] = {
    "gathering": "Reading names, mail addresses, phones, addresses and birth dates",
    "learning": "Learning from {records:,} of {profiles:,} customers what agreement is worth",
    "comparing": "Comparing",
    "keeping": "Keeping what is likely",
}


def suggest(
    data: DataOption = None,
    as_json: JsonOption = False,
    run: Annotated[int, typer.Option("--run", hidden=True, help="A search that waits already.")] = 0,
) -> None:
    """Look for customers that are likely the same person. People review what it finds under Identity, Duplicates.

    Needs the extra: pip install "stammgast[matching]".
    """
    from stammgast.whoiswho.matching.searching import order_search, search

    with installation(data) as runtime:
        by = Actor("command", 0, getpass.getuser())
        number = run or order_search(runtime, by, is_begun=True)
        done = search(runtime, number, None if as_json else _tell)
        _print(runtime, done, as_json=as_json)


def _tell(phase: Phase, counts: RunCounts) -> None:
    if phase in _SAID:
        said = _SAID[phase].format(records=counts.records, profiles=counts.profiles)
        typer.echo(f"{said} ...", err=True)


def _print(runtime: Runtime, done: Run, *, as_json: bool) -> None:
    if as_json:
        told = {"run": done.id, "state": done.state, "seconds": done.seconds, **msgspec.structs.asdict(done.counts)}
        typer.echo(msgspec.json.encode(told).decode())
        return
    counts = done.counts
    typer.echo(
        f"{counts.suggestions:,} suggestions among {counts.records:,} comparable customers ({counts.profiles:,} in all)"
        f" in {done.seconds or 0:.0f} s. Review them under {runtime.settings.base_url or ''}/identity/review"
    )
