"""How far the application of rules is: told by the worker in a small file, read by whoever shows it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from stammgast.identity.rulebook.contracts import RulesProgress
from stammgast.kernel.processes.run_dir import read_small

FILE_NAME = "identity-rules.json"


def read_rules_progress(run_dir: Path) -> RulesProgress | None:
    """Return how far the application of rules is, None when none is on its way or nothing was told yet."""
    text = read_small(run_dir / FILE_NAME)
    return msgspec.json.decode(text, type=RulesProgress) if text else None
