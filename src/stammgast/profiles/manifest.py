from __future__ import annotations

from pathlib import Path

from stammgast.events.contracts import MessageBook
from stammgast.kernel.i18n import marked
from stammgast.kernel.manifest import Manifest, SearchProvider
from stammgast.profiles import api
from stammgast.profiles.figures import FEATURES
from stammgast.profiles.http import CONTROLLERS
from stammgast.profiles.operating import METRICS, find_customers

MANIFEST = Manifest(
    name="profiles",
    folder=Path(__file__).parent,
    routes=CONTROLLERS,
    search=(SearchProvider(marked("Customers"), find_customers),),
    features=FEATURES,
    metrics=METRICS,
    services={MessageBook: api.message_book},
)
