from __future__ import annotations

from pathlib import Path

from stammgast.kernel.runtime import Manifest
from stammgast.web.blobs import ROUTES as BLOB_ROUTES
from stammgast.web.design import ROUTES

MANIFEST = Manifest(name="web", folder=Path(__file__).parent, routes=(*ROUTES, *BLOB_ROUTES))
