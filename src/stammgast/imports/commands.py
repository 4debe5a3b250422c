"""`stammgast import`: files of events or orders."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stammgast.imports.ready import find_map
from stammgast.kernel.commands import DataOption, JsonOption, installation
from stammgast.kernel.errors import NotFound

if TYPE_CHECKING:
    from stammgast.imports.contracts import ImportMap, Progress, Summary
    from stammgast.workspace.contracts import Actor


class NoSuchFile(NotFound):
    """There is no file {path}."""

    code = "not_found"


def import_command(  # noqa: PLR0913, PLR0917 - a command's options are its arguments
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, JSON Lines or Parquet; also gzipped.")],
    map_name: Annotated[str, typer.Option("--map", metavar="MAP", help="A YAML map, or the name of a ready one.")],
    data: DataOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would come in; send nothing.")] = False,
    source: Annotated[str, typer.Option("--source", metavar="NAME", help="Source that the events belong to.")] = "",
    refused: Annotated[
        Path | None, typer.Option("--refused", metavar="FILE", help="Where lines go that can't be used.")
    ] = None,
    to: Annotated[str, typer.Option("--to", metavar="URL", help="Another Stammgast; needs --write-key.")] = "",
    write_key: Annotated[str, typer.Option("--write-key", envvar="STAMMGAST_WRITE_KEY", hidden=True)] = "",
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until it is in profiles and figures.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Import a file of events or orders. Doing it twice adds nothing; an interrupted import goes on."""
    from stammgast.imports.mapping import load_map

    if not file.is_file():
        raise NoSuchFile(path=file)
    plan = load_map(find_map(map_name))
    refused = refused or Path(f"{file.name}.refused.csv")
    if dry_run:
        summary = _dry(file, plan)
    elif to:
        summary = _send(file, plan, refused, to, write_key, Path.cwd() / ".stammgast")
    else:
        summary = _send_home(file, plan, refused, data, source=source, write_key=write_key, wait=wait)
    sys.stdout.write(_json(summary) if as_json else _text(summary, refused, is_dry=dry_run))


def _dry(file: Path, plan: ImportMap) -> Summary:
    from stammgast.imports.run import Run

    with _progress() as tell:
        return Run(file, plan, tell).dry()


def _send_home(
    file: Path, plan: ImportMap, refused: Path, data: Path | None, *, source: str, write_key: str, wait: bool
) -> Summary:
    """Send to the installation in `data`, which is started for the purpose when it does not run."""
    from stammgast.imports.keys import import_key
    from stammgast.imports.running import running_system, wait_for_worker

    with installation(data) as runtime:
        settings = runtime.settings
        name = source or f"Import {plan.name}"
        key = write_key or import_key(runtime, _actor(), name, is_given=bool(source))
    with running_system(settings) as address:
        summary = _send(file, plan, refused, address, key, settings.data / "imports")
        if wait:
            with _waiting() as tell:
                wait_for_worker(settings, tell)
    return summary


def _send(file: Path, plan: ImportMap, refused: Path, address: str, write_key: str, folder: Path) -> Summary:
    from stammgast.imports.checkpoints import Checkpoint
    from stammgast.imports.run import Run
    from stammgast.imports.sinks import HttpSink

    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = Checkpoint(folder, file, plan, address)
    sink = HttpSink(address, write_key)
    try:
        with _progress() as tell:
            run = Run(file, plan, tell)
            summary = run.send(sink, refused=refused, skip=checkpoint.kept(), checkpoint=checkpoint.note)
    finally:
        sink.close()
    checkpoint.forget()
    return summary


@contextmanager
def _progress() -> Iterator[Callable[[Progress], None]]:
    """Show a bar with rate and time left on a terminal; nothing elsewhere."""
    with _bar() as bar:
        if bar is None:
            yield lambda _progress: None
            return
        look, work = bar("Looking the file over", None), bar("Importing", None)

        def tell(progress: Progress) -> None:
            if progress.phase == "survey":
                look(progress.rows, None)
            else:
                look(progress.rows_total or 0, progress.rows_total or 0)
                work(progress.rows, progress.rows_total)

        yield tell


@contextmanager
def _waiting() -> Iterator[Callable[[int, int], None]]:
    with _bar() as bar:
        yield bar("Into profiles and figures", None) if bar else lambda _done, _total: None


@contextmanager
def _bar() -> Iterator[Callable[[str, int | None], Callable[[int, int | None], None]] | None]:
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.speed:,.0f}/s"), console=Console(stderr=True)) as progress:

        def add(what: str, total: int | None) -> Callable[[int, int | None], None]:
            task = progress.add_task(what, total=total)
            return lambda done, out_of: progress.update(task, completed=done, total=out_of)

        yield add


def _text(summary: Summary, refused: Path, *, is_dry: bool) -> str:
    verb = "would become" if is_dry else "became"
    lines = [f"{summary.rows:,} lines {verb} {summary.events:,} events in {summary.seconds:.1f} s"]
    lines += [f"  {count:>10,}  {name}" for name, count in summary.events_by_name.items()]
    if not is_dry and summary.sent != summary.events:
        lines.append(f"  {summary.events - summary.sent:,} of them had been sent before the interruption")
    if summary.refused:
        lines.append(f"{summary.refused:,} lines can't be used" + ("" if is_dry else f"; they are in {refused}"))
        for reason, count in summary.reasons.items():
            first = summary.examples[reason]
            lines.append(f"  {count:>10,}  {reason}, first in row {first.row}: {first.detail}")
    lines += [event.decode() for event in summary.first_events]
    return "\n".join(lines) + "\n"


def _json(summary: Summary) -> str:
    import msgspec

    facts = msgspec.to_builtins(summary)
    facts["first_events"] = [msgspec.json.decode(one) for one in summary.first_events]
    return msgspec.json.encode(facts).decode() + "\n"


def _actor() -> Actor:
    from stammgast.workspace.contracts import Actor

    return Actor("command", 0, getpass.getuser())


COMMANDS: Mapping[str, Callable[..., None]] = {"import": import_command}
