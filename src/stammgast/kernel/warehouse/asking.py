"""A request read: the statement, its parameters and settings, and the data that follows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain

from stammgast.kernel.warehouse.accounts import Account
from stammgast.kernel.warehouse.compression import accepted_encoding, decoded
from stammgast.kernel.warehouse.exceptions import (
    BAD_ARGUMENTS,
    NOT_IMPLEMENTED,
    POCO_EXCEPTION,
    SYNTAX_ERROR,
    WarehouseError,
)
from stammgast.kernel.warehouse.forms import Part, multipart
from stammgast.kernel.warehouse.sessions import SECONDS_DEFAULT, SECONDS_MAX
from stammgast.kernel.warehouse.statement import Statement, read_statement
from stammgast.kernel.warehouse.wire import Head

_HEAD_BYTES = 1 << 16
_QUERY_BYTES_MAX = 64 << 20
_FIELD_BYTES_MAX = 128 << 10
"""As a server's `http_max_field_value_size`: what works here works there."""
_BUFFER_BYTES_DEFAULT = 1 << 20
_BUFFER_BYTES_MAX = 32 << 20
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_NOT_SETTINGS = frozenset(
    {
        "query", "query_id", "session_id", "session_timeout", "session_check", "close_session", "database",
        "default_format", "user", "password", "compress", "decompress", "buffer_size", "wait_end_of_query", "quota_key",
        "stacktrace", "role", "client_protocol_version", "replace_running_query", "log_comment",
        # These only steer a server's HTTP interface, which is us.
        "enable_http_compression", "http_zlib_compression_level", "send_progress_in_http_headers",
        "http_headers_progress_interval_ms", "cancel_http_readonly_queries_on_client_close", "http_response_buffer_size",
        "http_wait_end_of_query", "add_http_cors_header",
    }
)  # fmt: skip


@dataclass(frozen=True)
class SessionAsk:
    """The session a request wants to be part of."""

    session_id: str
    seconds: float
    must_exist: bool
    closes: bool


@dataclass(frozen=True)
class SentTable:
    """A table sent along with a query, for this query only."""

    name: str
    structure: str
    data_format: str
    content: bytes


@dataclass(frozen=True)
class Ask:
    """One statement with everything that surrounds it. `data` may be read once."""

    account: Account
    statement: Statement
    query_id: str
    binds: Mapping[str, str]
    settings: Mapping[str, str]
    database: str
    output_format: str
    encoding: str
    waits_for_end: bool
    buffer_bytes: int
    is_get: bool
    session: SessionAsk | None
    tables: tuple[SentTable, ...] = ()
    data: Iterator[bytes] = field(default_factory=lambda: iter(()))


def read_ask(head: Head, body: Iterator[bytes], account: Account, query_id: str) -> Ask:
    """Return what the request asks for; reads as much of its body as that takes.

    Raises WarehouseError for a wrong parameter, an unknown encoding, or no statement.
    """
    _refuse_unsupported(head.params)
    body = decoded(body, head.headers.get("content-encoding", ""))
    params = dict(head.params)
    tables: tuple[SentTable, ...] = ()
    if head.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        parts = multipart(head.headers["content-type"], _all_of(body))
        params.update({part.name: part.content.decode() for part in parts if not part.is_file})
        tables = tuple(_table(part, params) for part in parts if part.is_file)
        body = iter(())
    _refuse_long(params)
    default_format = params.get("default_format") or head.headers.get("x-clickhouse-format", "")
    statement, data = _statement_and_data(params.get("query", ""), body, default_format)
    not_settings = _NOT_SETTINGS | {
        f"{table.name}_{kind}" for table in tables for kind in ("format", "structure", "types")
    }
    return Ask(
        account=account,
        statement=statement,
        query_id=query_id,
        binds={name[6:]: value for name, value in params.items() if name.startswith("param_")},
        settings=_settings(params, not_settings),
        database=params.get("database") or head.headers.get("x-clickhouse-database", ""),
        output_format=statement.output_format or default_format or "TabSeparated",
        encoding=_encoding(head, params),
        waits_for_end=_flag(params, "wait_end_of_query") or _flag(params, "http_wait_end_of_query"),
        buffer_bytes=min(_BUFFER_BYTES_MAX, int(_number(params, "buffer_size", _BUFFER_BYTES_DEFAULT))),
        is_get=head.method != "POST",
        session=_session(params),
        tables=tables,
        data=data,
    )


def _refuse_long(params: Mapping[str, str]) -> None:
    for name, value in params.items():
        if len(value) > _FIELD_BYTES_MAX // 4 and len(value.encode(errors="replace")) > _FIELD_BYTES_MAX:
            raise WarehouseError(POCO_EXCEPTION, f"Field value too long: {name} has more than {_FIELD_BYTES_MAX} bytes")


def _refuse_unsupported(params: Mapping[str, str]) -> None:
    for name in ("compress", "decompress"):
        if _flag(params, name):
            raise WarehouseError(NOT_IMPLEMENTED, f"{name}=1 is not supported here: use Content-Encoding instead")
    if params.get("role"):
        raise WarehouseError(NOT_IMPLEMENTED, "Roles cannot be chosen in the embedded warehouse")


def _statement_and_data(query: str, body: Iterator[bytes], default_format: str) -> tuple[Statement, Iterator[bytes]]:
    if query.strip():
        text = query.encode(errors="surrogateescape")
        statement = read_statement(text)
        if statement.needs_data:
            return _with_format(statement, default_format), body
        if statement.insert_format is not None:
            return statement, chain([text[statement.data_at :]], body)
        text += b"\n" + _all_of(body)
        return read_statement(text), iter(())
    text = _first_of(body)
    statement = read_statement(text)
    if statement.insert_format is not None:
        return statement, chain([text[statement.data_at :]], body)
    statement = read_statement(text + _all_of(body))
    return (_with_format(statement, default_format), iter(())) if statement.needs_data else (statement, iter(()))


def _with_format(statement: Statement, default_format: str) -> Statement:
    return replace(statement, insert_format=default_format or "Values")


def _first_of(body: Iterator[bytes]) -> bytes:
    first = bytearray()
    for piece in body:
        first += piece
        if len(first) >= _HEAD_BYTES:
            break
    return bytes(first)


def _all_of(body: Iterator[bytes]) -> bytes:
    whole = bytearray()
    for piece in body:
        whole += piece
        if len(whole) > _QUERY_BYTES_MAX:
            raise WarehouseError(SYNTAX_ERROR, f"The query is longer than {_QUERY_BYTES_MAX} bytes")
    return bytes(whole)


def _settings(params: Mapping[str, str], not_settings: frozenset[str]) -> dict[str, str]:
    settings = {
        name: value for name, value in params.items() if name not in not_settings and not name.startswith("param_")
    }
    for name in settings:
        if not _NAME.fullmatch(name):
            raise WarehouseError(BAD_ARGUMENTS, f"{name!r} is not a setting's name")
    return settings


def _table(part: Part, params: Mapping[str, str]) -> SentTable:
    structure = params.get(f"{part.name}_structure", "")
    if not structure and (types := params.get(f"{part.name}_types", "")):
        structure = ", ".join(f"_{place} {kind.strip()}" for place, kind in enumerate(types.split(","), 1))
    if not structure:
        raise WarehouseError(BAD_ARGUMENTS, f"There is neither {part.name}_structure nor {part.name}_types")
    return SentTable(part.name, structure, params.get(f"{part.name}_format", "TabSeparated"), part.content)


def _encoding(head: Head, params: Mapping[str, str]) -> str:
    if not _flag(params, "enable_http_compression"):
        return ""
    return accepted_encoding(head.headers.get("accept-encoding", ""))


def _session(params: Mapping[str, str]) -> SessionAsk | None:
    session_id = params.get("session_id", "")
    if not session_id:
        return None
    seconds = _number(params, "session_timeout", SECONDS_DEFAULT)
    if not 0 < seconds <= SECONDS_MAX:
        raise WarehouseError(BAD_ARGUMENTS, f"session_timeout must be between 1 and {SECONDS_MAX} seconds")
    return SessionAsk(session_id, seconds, _flag(params, "session_check"), _flag(params, "close_session"))


def _flag(params: Mapping[str, str], name: str) -> bool:
    return params.get(name, "").lower() in {"1", "true"}


def _number(params: Mapping[str, str], name: str, default: float) -> float:
    try:
        return float(params.get(name) or default)
    except ValueError as error:
        raise WarehouseError(BAD_ARGUMENTS, f"{name} must be a number") from error
