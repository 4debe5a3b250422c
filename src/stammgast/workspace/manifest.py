from __future__ import annotations

from pathlib import Path

from stammgast.kernel.manifest import Manifest, Task
from stammgast.web.contracts import Household
from stammgast.workspace import api

MANIFEST = Manifest(
    name="workspace",
    folder=Path(__file__).parent,
    services={Household: api.household},
    tasks=(
        Task("workspace.token_use", "web", 60, api.write_token_use),
        Task("workspace.sweep", "web", 3600, api.sweep),
    ),
)
