"""One frozen picture of the control data that hot paths ask, reloaded when the revision has grown."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Connection

from stammgast.kernel import clock
from stammgast.kernel.ids import BrandId, SourceId, secret_digest
from stammgast.kernel.runtime import Runtime
from stammgast.workspace import rows, store
from stammgast.workspace.contracts import Actor, ApiToken, Brand, Company, Source, StaffRules

CHECK_SECONDS = 1.0

_digest_of_key = lru_cache(maxsize=1024)(secret_digest)
"""Write keys stand in public pages, and every request names one."""


@dataclass(frozen=True)
class Snapshot:
    """The workspace at one revision. `source_keys` and `tokens` are by digest and hold what was not revoked."""

    revision: int
    company: Company
    brands: Mapping[BrandId, Brand]
    sources: Mapping[SourceId, Source]
    source_keys: Mapping[str, tuple[SourceId, int | None]]
    tokens: Mapping[str, ApiToken]
    staff: StaffRules


class SnapshotCache:
    """The process's one snapshot. Looks at the revision at most once a second, unless it is told to."""

    def __init__(self) -> None:
        """Begin empty; the first asking loads."""
        self._snapshot: Snapshot | None = None
        self._checked = 0.0
        self._lock = threading.Lock()

    def current(self, runtime: Runtime, *, check: bool = False) -> Snapshot:
        """Return the snapshot, at most a second old; exactly present with `check`."""
        snapshot = self._snapshot
        if snapshot is not None and not check and time.monotonic() - self._checked < CHECK_SECONDS:
            return snapshot
        with self._lock, runtime.control.read() as connection:
            if self._snapshot is None or store.read_revision(connection) != self._snapshot.revision:
                self._snapshot = load_snapshot(connection)
            self._checked = time.monotonic()
            return self._snapshot

    def expire(self) -> None:
        """Look at the revision again on the next asking."""
        self._checked = 0.0


def load_snapshot(connection: Connection) -> Snapshot:
    """Read everything anew."""
    sources = rows.sources_of(store.list_sources(connection), store.list_keys(connection))
    working = {one.id for one in sources if one.is_active}
    return Snapshot(
        revision=store.read_revision(connection),
        company=rows.company_of(store.read_company(connection)),
        brands={one.id: one for one in map(rows.brand_of, store.list_brands(connection))},
        sources={one.id: one for one in sources},
        source_keys={
            key["digest"]: (SourceId(key["source_id"]), key["ends_at"])
            for key in store.list_keys(connection)
            if key["source_id"] in working
        },
        tokens={
            row["digest"]: rows.token_of(row) for row in store.list_tokens(connection) if row["revoked_at"] is None
        },
        staff=rows.staff_rules_of(store.list_staff_rules(connection)),
    )


def cache_of(runtime: Runtime) -> SnapshotCache:
    """Return the process's cache."""
    cache: SnapshotCache | None = runtime.services.get(SnapshotCache)
    return cache or runtime.services.setdefault(SnapshotCache, SnapshotCache())


def snapshot(runtime: Runtime) -> Snapshot:
    """Return the workspace, at most a second old."""
    return cache_of(runtime).current(runtime)


def revision(runtime: Runtime) -> int:
    """Return the number that grows with every change of control data; caches reload when it differs (1 s late at most)."""
    return snapshot(runtime).revision


def source_by_key(runtime: Runtime, write_key: str) -> Source | None:
    """Return the source that a write key opens, None when the key is unknown, rotated out or revoked.

    A key made a moment ago by another process is found at once: an unknown one is looked for in the database.
    """
    digest = _digest_of_key(write_key)
    cache = cache_of(runtime)
    picture = cache.current(runtime)
    found = picture.source_keys.get(digest)
    if found is None:
        picture = cache.current(runtime, check=True)
        found = picture.source_keys.get(digest)
    if found is None or (found[1] is not None and found[1] <= clock.now_millis()):
        return None
    return picture.sources[found[0]]


def token_by_secret(runtime: Runtime, secret: str) -> ApiToken | None:
    """Return the API token with this text, None when there is none or it was revoked."""
    digest = secret_digest(secret)
    cache = cache_of(runtime)
    return cache.current(runtime).tokens.get(digest) or cache.current(runtime, check=True).tokens.get(digest)


def touch(connection: Connection) -> int:
    """Count the revision up inside a `control` transaction: for modules whose own definitions changed."""
    return store.bump_revision(connection)


@dataclass(frozen=True)
class Change:
    """An open write transaction on `control` that notes what it does in the audit log."""

    connection: Connection
    by: Actor

    def note(self, action: str, subject: str, **detail: object) -> None:
        """Write one line of the audit log; `detail` must not hold secrets."""
        actor = (self.by.kind, self.by.id, self.by.name)
        store.add_audit(self.connection, clock.now_millis(), actor, (action, subject), store.to_json(detail))


@contextmanager
def changing(runtime: Runtime, by: Actor) -> Iterator[Change]:
    """Change control data in one short transaction: the revision grows, and this process sees the change at once.

    For every module that keeps definitions in `control`: write through `change.connection`, tell with `change.note`.
    """
    with runtime.control.write() as connection:
        yield Change(connection, by)
        store.bump_revision(connection)
    cache_of(runtime).expire()
