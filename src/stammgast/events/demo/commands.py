"""`stammgast demo`: fills the running installation with the demo company; a step of `up --demo`."""

from __future__ import annotations

import getpass
import sys

from stammgast.kernel.commands import DataOption, installation


def demo_command(data: DataOption = None) -> None:
    """Fill an empty installation with a demo company. Does nothing when the demo is there already."""
    from stammgast.events.demo.loading import load_demo
    from stammgast.events.imports.running import running_system
    from stammgast.workspace.contracts import Actor

    with installation(data) as runtime, running_system(runtime.settings) as address:
        count = load_demo(runtime, Actor("command", 0, getpass.getuser()), address)
    if count:
        sys.stdout.write(f"The demo company is here: {count:,} events\n")
