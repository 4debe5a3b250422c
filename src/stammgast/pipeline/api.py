"""What others ask of the worker's stages; how far it is stands in `kernel.worker_status`."""

from __future__ import annotations

from stammgast.pipeline.operating import count_aside, failing_told

__all__ = ["count_aside", "failing_told"]
