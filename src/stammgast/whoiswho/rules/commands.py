"""`stammgast identity rules`, `dry-run` and `apply`: the rules of identity as a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stammgast.kernel.commands import DataOption, JsonOption, installation

if TYPE_CHECKING:
    from stammgast.identity.graph.rules import GraphRules
    from stammgast.identity.rulebook.contracts import Example, RulesEffect
    from stammgast.kernel.runtime import Runtime

VersionOption = Annotated[
    int | None, typer.Option("--version", metavar="N", help="A saved version instead of a file.", show_default=False)
]
RulesFile = Annotated[
    Path | None,
    typer.Argument(metavar="[FILE]", help='Rules as YAML; "-" reads from standard input.', show_default=False),
]


def show_rules(data: DataOption = None, number: VersionOption = None) -> None:
    """Print the identity rules in force (or a saved version) as a file."""
    from stammgast.identity.graph.rules import write_rules
    from stammgast.identity.rulebook.force import rules_now
    from stammgast.whoiswho.rules import book

    with installation(data) as runtime:
        rules = rules_now(runtime) if number is None else book.version(runtime, number).rules
        typer.echo(write_rules(rules), nl=False)


def dry_run(
    file: RulesFile = None,
    data: DataOption = None,
    number: VersionOption = None,
    as_json: JsonOption = False,
    trial: Annotated[int | None, typer.Option("--trial", hidden=True)] = None,
) -> None:
    """Say what rules would do to everybody known: who would merge, split, be held or released. Changes nothing."""
    from stammgast.whoiswho.rules import trials

    with installation(data) as runtime:
        if trial is not None:
            trials.carry_out(runtime, trial)
            return
        effect = trials.try_rules(runtime, _rules(runtime, file, number), _tell)
    _print(effect, as_json=as_json)


def apply_rules(
    file: RulesFile = None,
    data: DataOption = None,
    number: VersionOption = None,
    note: Annotated[str, typer.Option("--note", help="Why, for those who come after.")] = "",
) -> None:
    """Let rules hold from now on and for everything known; the running system resolves it in the background.

    A file is saved as a version first. Going back is applying an earlier version.
    """
    from stammgast.whoiswho.rules import book
    from stammgast.workspace.contracts import Actor

    by = Actor("command", 0, "command line")
    with installation(data) as runtime:
        if number is None:
            number = book.save_version(runtime, by, _rules(runtime, file, None), note).version
        book.leave_order(runtime, by, number)
    typer.echo(f"Version {number} is ordered; the page Identity > Rules shows how far it is.")


def _rules(runtime: Runtime, file: Path | None, number: int | None) -> GraphRules:
    from stammgast.identity.graph.rules import read_rules
    from stammgast.identity.rulebook.contracts import NoRulesGiven
    from stammgast.whoiswho.rules import book

    if number is not None:
        return book.version(runtime, number).rules
    if file is None:
        raise NoRulesGiven
    return read_rules(sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8"))


def _tell(stage: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{stage} {done:,} of {total:,}    ")
        if done >= total:
            sys.stderr.write("\n")


def _print(effect: RulesEffect, *, as_json: bool) -> None:
    import msgspec

    if as_json:
        typer.echo(msgspec.json.encode(effect).decode())
        return
    typer.echo(f"Profiles: {effect.profiles_before:,} now, {effect.profiles_after:,} then")
    typer.echo(
        f"  merged into others: {effect.merged:,}; parted from others: {effect.split:,}; gone: {effect.vanished:,}"
    )
    typer.echo(f"Held identifiers: {effect.held_before:,} now, {effect.held_after:,} then")
    typer.echo(f"Left out of an event's profile: {effect.left_out_before:,} now, {effect.left_out_after:,} then")
    for one in effect.examples:
        typer.echo("  " + _line(one))


def _line(one: Example) -> str:
    names = ", ".join(":".join(each) for each in one.identifiers)
    who = f"profile:{one.profile}" + (f" ({one.name})" if one.name else "")
    match one.kind:
        case "merge":
            return f"profile:{one.other} becomes part of {who}: {names}"
        case "split":
            return f"{names} parts from {who}: {one.rule}"
        case "placeholder":
            return f"{who} is nobody any more: all its identifiers are placeholders"
        case _:
            return f"{names} is {one.kind}"
