"""Sources: where events come from, and the write keys that open the door for them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from urllib.parse import urlsplit

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from stammgast.kernel import clock
from stammgast.kernel.errors import Invalid
from stammgast.kernel.i18n import Phrase
from stammgast.kernel.ids import BrandId, SourceId, new_secret, secret_digest
from stammgast.kernel.runtime import Runtime
from stammgast.workspace import rows, store
from stammgast.workspace.contracts import (
    PUBLIC_KINDS,
    SOURCE_KINDS,
    Actor,
    BrandNotFound,
    NameTaken,
    Source,
    SourceKey,
    SourceKind,
    SourceNotFound,
)
from stammgast.workspace.names import read_name
from stammgast.workspace.snapshot import changing

KEY_PREFIX = "sgk_"
RATE_LIMIT_MAX = 1_000_000
MILLIS_PER_HOUR = 3_600_000


def list_sources(runtime: Runtime) -> Sequence[Source]:
    """Return all sources, working ones first, by name."""
    with runtime.control.read() as connection:
        return rows.sources_of(store.list_sources(connection), store.list_keys(connection))


def sources_for(runtime: Runtime, brands: Collection[BrandId]) -> list[Source]:
    """Return the sources of some brands, all when none is given (see `web.guards.brands_of`)."""
    return [one for one in list_sources(runtime) if not brands or one.brand in brands]


def source(runtime: Runtime, number: int, brands: Collection[BrandId] = ()) -> Source:
    """Return one source; raises SourceNotFound, also for one of another brand than `brands`, if there are some."""
    with runtime.control.read() as connection:
        found = _source(connection, number)
    if brands and found.brand not in brands:
        raise SourceNotFound(what="source", name=number)
    return found


def create_source(
    runtime: Runtime,
    by: Actor,
    name: str,
    *,
    kind: SourceKind = "server",
    brand: BrandId | None = None,
    allowed_origins: Sequence[str] = (),
    rate_limit: int = 0,
) -> SourceKey:
    """Make a source with its first write key; a server's is told only here. Without `brand` it belongs to the first one.

    Raises Invalid, NameTaken, BrandNotFound.
    """
    values = _checked(name=name, kind=kind, allowed_origins=allowed_origins, rate_limit=rate_limit)
    with changing(runtime, by) as change:
        values["brand_id"] = _brand(change.connection, brand)
        try:
            number = store.add_source(change.connection, **values, created_at=clock.now_millis(), revoked_at=None)
        except IntegrityError as problem:
            raise NameTaken(name=name, field="name") from problem
        key = _add_key(change.connection, number, kind)
        change.note("source.create", f"source {number}", name=values["name"], kind=kind)
        return SourceKey(_source(change.connection, number), key)


def change_source(
    runtime: Runtime,
    by: Actor,
    number: int,
    *,
    name: str,
    kind: SourceKind,
    brand: BrandId,
    allowed_origins: Sequence[str],
    rate_limit: int,
) -> Source:
    """Change what is known about a source; its keys stay. Raises Invalid, NameTaken, BrandNotFound, SourceNotFound."""
    values = _checked(name=name, kind=kind, allowed_origins=allowed_origins, rate_limit=rate_limit)
    with changing(runtime, by) as change:
        values["brand_id"] = _brand(change.connection, brand)
        try:
            if not store.change_source(change.connection, number, **values):
                raise SourceNotFound(what="source", name=number)
        except IntegrityError as problem:
            raise NameTaken(name=name, field="name") from problem
        if kind not in PUBLIC_KINDS:
            store.forget_public_keys(change.connection, number)
        change.note("source.change", f"source {number}", **values)
        return _source(change.connection, number)


def rotate_source_key(runtime: Runtime, by: Actor, number: int, *, grace_hours: int = 24) -> SourceKey:
    """Give a source a new write key; the old ones go on working for `grace_hours` (0: they end now).

    A revoked source works again with its new key.
    """
    with changing(runtime, by) as change:
        now = clock.now_millis()
        store.end_keys(change.connection, number, now + max(0, grace_hours) * MILLIS_PER_HOUR)
        if not store.change_source(change.connection, number, revoked_at=None):
            raise SourceNotFound(what="source", name=number)
        key = _add_key(change.connection, number, _source(change.connection, number).kind)
        change.note("source.rotate", f"source {number}", grace_hours=grace_hours)
        return SourceKey(_source(change.connection, number), key)


def revoke_source(runtime: Runtime, by: Actor, number: int) -> Source:
    """Let a source's keys end now. What it sent stays."""
    with changing(runtime, by) as change:
        now = clock.now_millis()
        if not store.change_source(change.connection, number, revoked_at=now):
            raise SourceNotFound(what="source", name=number)
        store.end_keys(change.connection, number, now)
        change.note("source.revoke", f"source {number}")
        return _source(change.connection, number)


def _add_key(connection: Connection, number: int, kind: SourceKind) -> str:
    key = new_secret(KEY_PREFIX)
    public = key if kind in PUBLIC_KINDS else None
    store.add_key(connection, secret_digest(key), number, key[-4:], clock.now_millis(), public)
    return key


def _source(connection: Connection, number: int) -> Source:
    for one in rows.sources_of(store.list_sources(connection), store.list_keys(connection)):
        if one.id == SourceId(number):
            return one
    raise SourceNotFound(what="source", name=number)


def _brand(connection: Connection, brand: BrandId | None) -> int:
    numbers = [row["id"] for row in store.list_brands(connection)]
    if brand is None:
        return int(min(numbers))
    if brand not in numbers:
        raise BrandNotFound(what="brand", name=brand)
    return brand


def _checked(*, name: str, kind: str, allowed_origins: Sequence[str], rate_limit: int) -> dict[str, object]:
    name = read_name(name)
    if kind not in SOURCE_KINDS:
        raise Invalid(field="kind", problem=Phrase("choose one of {names}", names=", ".join(SOURCE_KINDS)))
    if not 0 <= rate_limit <= RATE_LIMIT_MAX:
        raise Invalid(
            field="rate_limit", problem=Phrase("give a number from 0 (no limit) to {most}", most=RATE_LIMIT_MAX)
        )
    origins = sorted({read_origin(one) for one in allowed_origins if one.strip()})
    return {"name": name, "kind": kind, "allowed_origins": store.to_json(origins), "rate_limit": rate_limit}


def read_origin(text: str) -> str:
    """Return an origin as browsers send it: scheme, host and port, nothing behind. Raises Invalid.

    >>> read_origin(" HTTPS://Shop.Example/ ")
    'https://shop.example'
    """
    parts = urlsplit(text.strip().lower())
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        port = None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or port is None:
        raise Invalid(
            field="allowed_origins",
            problem=Phrase("write an origin like https://shop.example, not “{given}”", given=text.strip()[:200]),
        )
    return f"{parts.scheme}://{parts.hostname}{port}"
