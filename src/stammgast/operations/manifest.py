from __future__ import annotations

from pathlib import Path

from stammgast.kernel.runtime import AsgiMount, Manifest, Task
from stammgast.operations.api import note_pace
from stammgast.operations.commands import COMMANDS
from stammgast.operations.http import StatusController, make_health
from stammgast.operations.progress import Pace

MANIFEST = Manifest(
    name="operations",
    folder=Path(__file__).parent,
    routes=(StatusController,),
    mounts=(
        AsgiMount(
            prefixes=(),
            paths=("/healthz", "/readyz", "/metrics"),
            make=make_health,
            lets_in="anybody; a proxy keeps strangers out",
        ),
    ),
    services={Pace: lambda _runtime: Pace()},
    tasks=(Task("pace", process="web", seconds=5.0, run=note_pace),),
    commands=COMMANDS,
)
