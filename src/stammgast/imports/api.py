"""What other modules ask of imports: sending events that were made, as an import does."""

from __future__ import annotations

from stammgast.imports.run import batches
from stammgast.imports.sinks import HttpSink, Sink

__all__ = ["HttpSink", "Sink", "batches"]
