from __future__ import annotations

from pathlib import Path

from stammgast.kernel.blobs.sweeping import sweep_orphans, sweep_released
from stammgast.kernel.runtime import Manifest, Task
from stammgast.pipeline.operating import METRICS, mentioned_in_queue

MANIFEST = Manifest(
    name="pipeline",
    folder=Path(__file__).parent,
    metrics=METRICS,
    tasks=(
        Task("blobs.released", "worker", 60, sweep_released),
        Task("blobs.orphans", "worker", 6 * 3600, sweep_orphans),
    ),
    blob_mentions=(mentioned_in_queue,),
)
