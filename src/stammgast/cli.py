"""The command `stammgast`: starts processes and mounts every module's commands.

Listing the commands must stay quick, so everything heavy is imported by the command that needs it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from stammgast.app import command_tables, open_for_command
from stammgast.kernel.commands import DataOption, HostOption, PortOption, open_with
from stammgast.kernel.errors import StammgastError
from stammgast.kernel.processes.private import UMASK
from stammgast.text.commands import text_commands

if TYPE_CHECKING:
    from stammgast.kernel.settings import Settings

REFUSED, FAILED = 2, 1


def up(
    data: DataOption = None,
    port: PortOption = None,
    host: HostOption = None,
    demo: bool = typer.Option(False, "--demo", help="Fill an empty installation with a demo company."),
) -> None:
    """Start everything: warehouse, worker and web, supervised. Ctrl-C stops it."""
    settings = _settings(data=data, port=port, host=host)
    # The supervisor replaces this process: what the command line needed leaves memory again.
    supervisor = [sys.executable, "-m", "stammgast.kernel.processes.supervisor", str(settings.data)]
    os.environ["STAMMGAST_HOST"] = settings.host
    os.environ["STAMMGAST_PORT"] = str(settings.port)
    os.execv(sys.executable, [*supervisor, *(["--demo"] if demo else [])])  # noqa: S606 - our own interpreter


def web(data: DataOption = None, port: PortOption = None, host: HostOption = None) -> None:
    """Run the web process alone: collection, interface and API."""
    from stammgast.app import run_web

    run_web(_settings(data=data, port=port, host=host))


def worker(data: DataOption = None) -> None:
    """Run the worker alone: identity, profiles and history from the log."""
    from stammgast.app import run_worker

    run_worker(_settings(data=data))


def warehouse(data: DataOption = None) -> None:
    """Run the embedded warehouse alone: ClickHouse's HTTP interface on loopback."""
    from stammgast.app import run_warehouse

    run_warehouse(_settings(data=data))


def migrate(data: DataOption = None) -> None:
    """Bring all stores to the newest version; `up` does it by itself. The warehouse must run."""
    from stammgast.app import migrate as bring_up_to_date

    bring_up_to_date(_settings(data=data))


def init(data: DataOption = None) -> None:
    """Make an empty installation without starting it, so that scripts can make sources and people first; `up` does it by itself."""
    from stammgast.app import is_there, migrate_state

    settings = _settings(data=data)
    if is_there(settings):
        sys.stdout.write(f"There is an installation in {settings.data.absolute()} already; it stays as it is.\n")
        return
    migrate_state(settings)
    sys.stdout.write(f"Made an installation in {settings.data.absolute()}. Start it: {settings.command('up')}\n")


def demo(data: DataOption = None) -> None:
    """Fill an installation that nobody uses yet with a demo company; a step of `up --demo`."""
    from stammgast.app import fill_demo

    fill_demo(_settings(data=data))


def make_cli() -> typer.Typer:
    """Return the whole command line: ours and every module's."""
    cli = typer.Typer(
        name="stammgast",
        help="Stammgast: one timeline per customer, measured, explained and improved.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    for command in (up, init, web, worker, warehouse, migrate):
        cli.command()(command)
    cli.command("_demo", hidden=True)(demo)
    cli.add_typer(text_commands, name="text")
    for table in command_tables().values():
        for name, command_or_group in table.items():
            if isinstance(command_or_group, typer.Typer):
                cli.add_typer(command_or_group, name=name)
            else:
                cli.command(name)(command_or_group)
    return cli


def main() -> None:
    """Run the command line; a refusal is one clear sentence and an exit code, never a traceback."""
    os.umask(UMASK)
    open_with(open_for_command)
    try:
        make_cli()()
    except StammgastError as refusal:
        sys.stderr.write(f"{refusal}\n")
        sys.exit(FAILED if refusal.retry else REFUSED)


def _settings(*, data: Path | None, **given: object) -> Settings:
    from stammgast.kernel.settings import load_settings

    return load_settings(None, data=data, **given)
