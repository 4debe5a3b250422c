from __future__ import annotations

from pathlib import Path

from stammgast.kernel.runtime import Manifest, Task
from stammgast.outgoing.engine import Engine
from stammgast.outgoing.operating import METRICS, forget_wishes, keep_running
from stammgast.outgoing.pages import ROUTES

MANIFEST = Manifest(
    name="outgoing",
    folder=Path(__file__).parent,
    services={Engine: Engine},
    tasks=(
        Task("outgoing.engine", "worker", 1, keep_running),
        Task("outgoing.wishes", "web", 6 * 3600, forget_wishes),
    ),
    routes=ROUTES,
    metrics=METRICS,
)
