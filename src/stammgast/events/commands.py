"""Commands of the events module: `stammgast import` and `export`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from stammgast.events.imports.commands import export_command, import_command

COMMANDS: Mapping[str, Callable[..., None]] = {
    "import": import_command,
    "export": export_command,
}
