"""The source that imported events belong to, and the key that lets the command line send them."""

from __future__ import annotations

from stammgast.kernel.errors import NotFound
from stammgast.kernel.ids import SourceId
from stammgast.kernel.runtime import Runtime
from stammgast.workspace import api as workspace
from stammgast.workspace.contracts import Actor, Source

GRACE_HOURS = 24
"""Another import into the same source may still run with the key before."""


class SourceNotKnown(NotFound):
    """There is no source {name}. Make it under Connect, or with `stammgast source create`."""

    code = "not_found"


def import_key(runtime: Runtime, by: Actor, name: str, *, is_given: bool) -> str:
    """Return a new write key of the source `name`; one that is not there is made, unless a person named it.

    Raises SourceNotKnown.
    """
    known = find_source(runtime, name)
    if known is not None:
        return workspace.rotate_source_key(runtime, by, known.id, grace_hours=GRACE_HOURS).write_key
    if is_given:
        raise SourceNotKnown(name=name)
    return workspace.create_source(runtime, by, name, kind="import").write_key


def import_source(runtime: Runtime, by: Actor, name: str) -> SourceId:
    """Return the source `name`, made as a source of imports when it is not there."""
    known = find_source(runtime, name)
    return known.id if known else workspace.create_source(runtime, by, name, kind="import").source.id


def find_source(runtime: Runtime, name: str) -> Source | None:
    """Return the source with that name or number, None when there is none."""
    for source in workspace.list_sources(runtime):
        if source.name == name or str(source.id) == name:
            return source
    return None
