from __future__ import annotations

from pathlib import Path

from stammgast.kernel.i18n import marked as _
from stammgast.kernel.runtime import Manifest, NavigationEntry, Task
from stammgast.outgoing.engine import Engine
from stammgast.outgoing.http import CONTROLLERS
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
    routes=(*ROUTES, *CONTROLLERS),
    navigation=(NavigationEntry("connect", _("Outgoing"), "/connect/outgoing", "external", order=50),),
    metrics=METRICS,
    action_words={
        "outgoing.create": _("made a target"),
        "outgoing.change": _("changed a target"),
        "outgoing.open": _("switched a target on"),
        "outgoing.close": _("switched a target off"),
        "outgoing.rotate": _("gave a webhook a new secret"),
        "outgoing.remove": _("removed a target"),
        "outgoing.test": _("sent a test"),
        "outgoing.replay": _("let messages go again"),
        "outgoing.discard": _("let go of a message"),
    },
)
