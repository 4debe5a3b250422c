"""The demo shop's source and its write key, which the shop's pages carry."""

from __future__ import annotations

import re

from stammgast.kernel.processes.run_dir import read_small, write_small
from stammgast.kernel.runtime import Runtime
from stammgast.workspace import api as workspace
from stammgast.workspace.contracts import Actor, NameTaken

NAME = "Demo shop"
KEY_FILE = "demo-shop.key"
KEY_PATTERN = re.compile(r"[\w-]{4,100}")


def demo_key(runtime: Runtime) -> str:
    """Return the write key of the demo shop's source, empty while there is none. Whoever opens the shop can read it."""
    return read_small(runtime.settings.run_dir / KEY_FILE) or ""


def make_demo_source(runtime: Runtime, by: Actor) -> str:
    """Make the demo shop's source, or give the one that is there a new key; return the key."""
    try:
        key = workspace.create_source(runtime, by, NAME, kind="browser").write_key
    except NameTaken:
        known = next(one for one in workspace.list_sources(runtime) if one.name == NAME)
        key = workspace.rotate_source_key(runtime, by, known.id).write_key
    write_small(runtime.settings.run_dir / KEY_FILE, key + "\n", mode=0o600)
    return key


def given_key(text: str | None) -> str:
    """Return a write key from an address, empty when it is none."""
    return text if text and KEY_PATTERN.fullmatch(text) else ""
