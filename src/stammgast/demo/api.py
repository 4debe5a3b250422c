"""What the composition root asks of the demo."""

from __future__ import annotations

from stammgast.demo.loading import load_demo

__all__ = ["load_demo"]
