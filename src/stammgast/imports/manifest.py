from __future__ import annotations

from pathlib import Path

from stammgast.imports.commands import COMMANDS
from stammgast.imports.jobs import JobRunner, work_on_jobs
from stammgast.imports.pages import ROUTES
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.runtime import Manifest, NavigationEntry, Task

MANIFEST = Manifest(
    name="imports",
    folder=Path(__file__).parent,
    routes=ROUTES,
    navigation=(NavigationEntry("connect", _("Import"), "/connect/import", "import", order=20),),
    commands=COMMANDS,
    services={JobRunner: JobRunner},
    tasks=(Task("imports.jobs", "web", 1, work_on_jobs),),
    action_words={"import.upload": _("uploaded a file"), "import.remove": _("removed an import")},
)
