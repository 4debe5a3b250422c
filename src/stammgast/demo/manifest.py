from __future__ import annotations

from pathlib import Path

from stammgast.demo.shop import ROUTES
from stammgast.kernel.runtime import Manifest

MANIFEST = Manifest(name="demo", folder=Path(__file__).parent, routes=ROUTES)
