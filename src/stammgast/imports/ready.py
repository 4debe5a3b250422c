"""Ready maps, and finding a map by its path or its name."""

from __future__ import annotations

from pathlib import Path

from stammgast.kernel.errors import NotFound

MAPS = Path(__file__).parent / "maps"


class NoSuchMap(NotFound):
    """There is no map {name}: neither a file nor one of the ready maps ({ready})."""

    code = "not_found"


def find_map(name: str) -> Path:
    """Return the map's file: a path, or a ready map by its name. Raises NoSuchMap."""
    path = Path(name)
    if path.is_file():
        return path
    ready = {one.stem: one for one in MAPS.glob("*.yaml")}
    if name in ready:
        return ready[name]
    raise NoSuchMap(name=name, ready=", ".join(sorted(ready)))
