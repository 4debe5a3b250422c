from __future__ import annotations

from pathlib import Path

from stammgast.kernel.manifest import Manifest
from stammgast.profiles.figures import FEATURES

MANIFEST = Manifest(name="profiles", folder=Path(__file__).parent, features=FEATURES)
