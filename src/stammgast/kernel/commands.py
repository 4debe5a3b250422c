"""What the commands of all modules share: options that read and behave the same, and the way to the installation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from stammgast.kernel.runtime import Runtime
    from stammgast.kernel.settings import Settings

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data", metavar="DIR", help="Data folder. Default: STAMMGAST_DATA, else `data`.", show_default=False
    ),
]
PortOption = Annotated[
    int | None, typer.Option("--port", metavar="N", help="Port of the web process. Default: 8400.", show_default=False)
]
HostOption = Annotated[
    str | None,
    typer.Option("--host", metavar="ADDRESS", help="Address to bind to. Default: loopback.", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]

Opener = Callable[["Settings"], "Runtime"]
_openers: list[Opener] = []


def open_with(opener: Opener) -> None:
    """Say how commands open an installation; the command line does so once, since modules can't reach `app`."""
    _openers[:] = [opener]


@contextmanager
def installation(data: Path | None, **given: object) -> Iterator[Runtime]:
    """Open the installation in `data` for one command; close it afterwards.

    Works whether the system runs or not. Raises NoInstallation where there is none, WrongSetting and its like.
    """
    from stammgast.kernel.settings import load_settings

    runtime = _openers[0](load_settings(None, data=data, **given))
    try:
        yield runtime
    finally:
        runtime.close()
