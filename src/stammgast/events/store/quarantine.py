"""The quarantine, in the customers database: only the worker writes it, in its own transactions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    RowMapping,
    String,
    Table,
    Text,
    delete,
    func,
    select,
    update,
)

from stammgast.events.contracts import EntryMeta, Quarantined, RawEvent, Rejected
from stammgast.kernel.ids import SourceId
from stammgast.kernel.upsert import upsert

METADATA = MetaData()

_Number = BigInteger().with_variant(Integer(), "sqlite")

quarantine_table = Table(
    "quarantine",
    METADATA,
    Column("id", _Number, primary_key=True, autoincrement=True),
    Column("position", BigInteger, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("reason", String(40), nullable=False),
    Column("detail", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("digest", LargeBinary(16), nullable=False),
    Column("type", String(20), nullable=False),
    Column("name", Text, nullable=False),
    Column("source", Integer, nullable=False),
    Column("time", BigInteger, nullable=True),
    Column("received_at", BigInteger, nullable=False),
    Column("sent_at", BigInteger, nullable=True),
    Column("kind", String(20), nullable=False),
    Column("is_import", Boolean, nullable=False),
    Column("meta", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("quarantined_at", BigInteger, nullable=False),
    Column("is_discarded", Boolean, nullable=False),
    Index("quarantine_place", "position", "ordinal", unique=True),
    Index("quarantine_reason", "is_discarded", "reason", "id"),
    Index("quarantine_digest", "digest"),
    sqlite_autoincrement=True,
)
_columns = quarantine_table.c

DETAIL_LENGTH_MAX = 500
_encode = msgspec.msgpack.Encoder().encode
_decode_meta = msgspec.msgpack.Decoder(EntryMeta).decode


def add_quarantined(connection: Connection, rows: Sequence[Rejected], at: int) -> None:
    """Keep rejected events; one that is there already (its entry was read again) stays as it is. `at` in ms UTC."""
    if rows:
        statement = upsert(connection, quarantine_table).on_conflict_do_nothing(index_elements=["position", "ordinal"])
        connection.execute(statement, [_row_of(one, at) for one in rows])


def quarantined_by_ids(connection: Connection, ids: Sequence[int]) -> list[Quarantined]:
    """Return those of `ids` that are there and not discarded, by id: what a replay reads again."""
    query = select(quarantine_table).where(_columns.id.in_(ids), ~_columns.is_discarded).order_by(_columns.id)
    return [_quarantined(row) for row in connection.execute(query).mappings()]


def quarantined_ids(connection: Connection, reason: str, limit: int, after: int = 0) -> list[int]:
    """Return ids beyond `after` of waiting events with one reason, lowest first."""
    query = (
        select(_columns.id)
        .where(~_columns.is_discarded, _columns.reason == reason, _columns.id > after)
        .order_by(_columns.id)
        .limit(limit)
    )
    return list(connection.scalars(query))


def remove_quarantined(connection: Connection, ids: Iterable[int]) -> None:
    """Take events out whose replay succeeded."""
    connection.execute(delete(quarantine_table).where(_columns.id.in_(list(ids))))


def requarantine(connection: Connection, number: int, rejected: Rejected) -> None:
    """Note the new reason of an event whose replay failed again."""
    values = {"reason": rejected.reason, "detail": rejected.detail[:DETAIL_LENGTH_MAX]}
    connection.execute(update(quarantine_table).where(_columns.id == number).values(**values))


def discard_quarantined(connection: Connection, ids: Iterable[int]) -> None:
    """Let events go for good: the line stays as a receipt, what they said is erased."""
    change = update(quarantine_table).where(_columns.id.in_(list(ids)))
    connection.execute(change.values(is_discarded=True, body=b"", meta=b"", detail=""))


def list_quarantined(
    connection: Connection, *, reason: str = "", source: int | None = None, before: int | None = None, limit: int
) -> list[Quarantined]:
    """Return waiting events, newest first, before the id `before`; empty `reason` and no `source` mean any."""
    query = select(quarantine_table).where(~_columns.is_discarded)
    if reason:
        query = query.where(_columns.reason == reason)
    if source is not None:
        query = query.where(_columns.source == source)
    if before is not None:
        query = query.where(_columns.id < before)
    query = query.order_by(_columns.id.desc()).limit(limit)
    return [_quarantined(row) for row in connection.execute(query).mappings()]


def count_by_source(connection: Connection, since: int) -> dict[int, int]:
    """Return how many waiting events each source has that arrived since (ms UTC)."""
    waiting = select(_columns.source, func.count()).where(~_columns.is_discarded, _columns.received_at >= since)
    return {row[0]: row[1] for row in connection.execute(waiting.group_by(_columns.source))}


def count_quarantined(connection: Connection) -> Mapping[str, int]:
    """Return how many wait, by reason; reasons with none are left out."""
    query = select(_columns.reason, func.count()).where(~_columns.is_discarded).group_by(_columns.reason)
    return {row[0]: row[1] for row in connection.execute(query)}


def quarantined_bodies(connection: Connection) -> Iterator[bytes]:
    """Yield what all events in quarantine said, discarded ones too."""
    for (body,) in connection.execute(select(_columns.body).execution_options(yield_per=1000)):
        yield bytes(body)


def quarantined_bodies_of(connection: Connection, digests: Sequence[bytes]) -> dict[bytes, bytes]:
    """Return digest -> the event as it came in, of those of these messages that wait."""
    query = select(_columns.digest, _columns.body).where(_columns.digest.in_(digests), ~_columns.is_discarded)
    return {bytes(row.digest): bytes(row.body) for row in connection.execute(query)}


def quarantined_by_digests(connection: Connection, digests: Sequence[bytes]) -> Quarantined | None:
    """Return the newest event in quarantine (or discarded) under one of these message digests, None when there is none."""
    query = select(quarantine_table).where(_columns.digest.in_(digests)).order_by(_columns.id.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    return None if row is None else _quarantined(row)


def _row_of(one: Rejected, at: int) -> dict[str, Any]:
    raw = one.raw
    return {
        "position": raw.position,
        "ordinal": raw.ordinal,
        "reason": one.reason,
        "detail": one.detail[:DETAIL_LENGTH_MAX].replace("\0", ""),
        "message_id": one.message_id,
        "digest": one.digest,
        "type": one.type,
        "name": one.name,
        "source": raw.source,
        "time": one.time,
        "received_at": raw.received_at,
        "sent_at": raw.sent_at,
        "kind": raw.kind,
        "is_import": raw.is_import,
        "meta": _encode(raw.meta),
        "body": raw.body,
        "quarantined_at": at,
        "is_discarded": False,
    }


def _quarantined(row: RowMapping) -> Quarantined:
    raw = RawEvent(
        position=row["position"],
        ordinal=row["ordinal"],
        source=SourceId(row["source"]),
        received_at=row["received_at"],
        body=bytes(row["body"]),
        is_import=row["is_import"],
        kind=row["kind"],
        sent_at=row["sent_at"],
        meta=_decode_meta(row["meta"]) if row["meta"] else EntryMeta(),
    )
    rejected = Rejected(
        raw=raw,
        reason=row["reason"],
        detail=row["detail"],
        message_id=row["message_id"],
        digest=bytes(row["digest"]),
        time=row["time"],
        name=row["name"],
        type=row["type"],
    )
    return Quarantined(
        id=row["id"], rejected=rejected, quarantined_at=row["quarantined_at"], is_discarded=row["is_discarded"]
    )
