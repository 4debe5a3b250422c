from __future__ import annotations

from pathlib import Path

from stammgast.kernel.runtime import Manifest
from stammgast.pipeline.operating import METRICS

MANIFEST = Manifest(name="pipeline", folder=Path(__file__).parent, metrics=METRICS)
