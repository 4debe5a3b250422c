"""Commands of the events module: `stammgast import`, `export` and `demo`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from stammgast.events.demo.commands import demo_command
from stammgast.events.imports.commands import export_command, import_command

COMMANDS: Mapping[str, Callable[..., None]] = {
    "import": import_command,
    "export": export_command,
    "demo": demo_command,
}
