"""The one way to the history: ClickHouse's protocol, spoken by the embedded warehouse and by any ClickHouse server."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, TypeVar, overload
from urllib.parse import quote, unquote, urlencode, urlsplit

import msgspec
import urllib3

from stammgast.kernel.errors import StammgastError

if TYPE_CHECKING:
    import numpy as np
    from clickhouse_connect.driver.client import Client

    from stammgast.kernel.settings import Settings

T = TypeVar("T")

_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 330.0
_PING_SECONDS = 2.0
_PORT = 8123
_POOLED = 32
"""Connections kept open at most: more than threads that ask."""
_BESIDE_MAX = 2_000
"""Characters of a parameter; longer ones go into the statement: addresses are short, and fields 128 KiB at most."""
_STATEMENT_BYTES_DEFAULT = 1 << 18
_CONNECT_AGAIN = urllib3.Retry(total=2, connect=2, read=0, redirect=0, status=0, other=0)
_READ_AGAIN = urllib3.Retry(total=2, connect=2, read=1, redirect=0, status=0, other=0, allowed_methods=None)
_ERROR_NAME = re.compile(r"\(([A-Z][A-Z0-9_]{3,})\)")

# Codes after which the same statement may well succeed later: limits of the moment, locks, kills, full disks.
_PASSING_CODES = frozenset(
    {159, 160, 202, 203, 209, 210, 216, 236, 241, 242, 243, 252, 279, 319, 373, 394, 439, 999, 1002}
)

# A string that looks like a date or a number stays a string. `{"a": {"b": 1}, "a.b": 2}` keeps its first value instead of
# failing the insert. Numbers become Float64 only where they are written with a point, so whoever encodes writes `2.0`.
JSON_LINES_SETTINGS: Mapping[str, str] = {
    "input_format_try_infer_dates": "0",
    "input_format_try_infer_datetimes": "0",
    "input_format_json_try_infer_numbers_from_strings": "0",
    "input_format_skip_unknown_fields": "0",
    "type_json_skip_duplicated_paths": "1",
    "date_time_input_format": "best_effort",
    "async_insert": "0",
    "insert_deduplicate": "0",
}

# Rows as JSON: whole numbers as such, decimals as text, so that none loses a digit. An answer is complete or an error.
_ROWS_SETTINGS: Mapping[str, str] = {
    "default_format": "JSONCompactEachRow",
    "wait_end_of_query": "1",
    "output_format_json_quote_64bit_integers": "0",
    "output_format_json_quote_decimals": "1",
    "output_format_json_quote_denormals": "0",
    "date_time_output_format": "iso",
}


class HistoryUnavailable(StammgastError):
    """The history does not answer right now: {reason}. Try again in a moment."""

    status = 503
    retry = True
    detail: str = ""


class HistoryRefused(StammgastError):
    """The history refused a statement (code {history_code}): {reason}."""

    status = 500
    detail: str = ""


@dataclass(frozen=True)
class HistoryAddress:
    """Where the history answers. The password never shows in a log line or a traceback."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    is_secure: bool = False

    @classmethod
    def from_url(cls, url: str) -> HistoryAddress:
        """Read `http://user:password@host:port/database`.

        >>> HistoryAddress.from_url("http://a:b@127.0.0.1:8123/stammgast").database
        'stammgast'
        """
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise HistoryRefused(
                history_code=0, reason="its address must look like http://user:password@host:8123/name"
            )
        return cls(
            host=parts.hostname,
            port=parts.port or _PORT,
            user=unquote(parts.username or "default"),
            password=unquote(parts.password or ""),
            database=parts.path.strip("/") or "default",
            is_secure=parts.scheme == "https",
        )


class HistoryClient:
    """Queries and inserts for any number of threads.

    Rows come as JSON over a pool of connections; whole columns and streams through clickhouse-connect, with a client for
    each thread and no session (docs/why/0012). Every method raises HistoryUnavailable when trying again may help and
    HistoryRefused when it does not. Parameters are named in the statement, `{since:DateTime64(3)}`; callers never paste
    them into it.
    """

    def __init__(self, url: str | Callable[[], str], *, settings: Mapping[str, str] | None = None) -> None:
        """Remember how to find the history; nothing is asked or connected before the first call.

        `url` may be a function, for an address that is only known once the warehouse runs. It may raise
        HistoryUnavailable and is then asked again.
        """
        self._url = url
        self._settings = dict(settings or {})
        self._local = threading.local()

    @cached_property
    def address(self) -> HistoryAddress:
        """Where the history answers."""
        return HistoryAddress.from_url(self._url if isinstance(self._url, str) else self._url())

    @cached_property
    def _http(self) -> urllib3.HTTPConnectionPool:
        kind = urllib3.HTTPSConnectionPool if self.address.is_secure else urllib3.HTTPConnectionPool
        return kind(
            self.address.host,
            self.address.port,
            maxsize=_POOLED,
            headers={"X-ClickHouse-User": self.address.user, "X-ClickHouse-Key": self.address.password},
            timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=_ANSWER_SECONDS),
        )

    @overload
    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]: ...

    @overload
    def query(self, sql: str, parameters: Mapping[str, Any] | None = None, *, row: type[T]) -> list[T]: ...

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None, *, row: Any = tuple[Any, ...]) -> list[Any]:
        """Return all rows.

        What JSON has no word for (moments, UUIDs, decimals) comes as text, unless `row` says what it is, for example
        `tuple[int, Decimal]`.
        """
        answer = self._ask(sql, parameters, _ROWS_SETTINGS, retries=_READ_AGAIN)
        return _row_decoder(row).decode_lines(answer.data)

    def query_numpy_columns(
        self, sql: str, parameters: Mapping[str, Any] | None = None
    ) -> dict[str, np.ndarray[Any, Any]]:
        """Return the columns as NumPy arrays by name.

        Numbers keep their type, times become datetime64 in UTC, everything else objects. A missing number is NaN in a
        Float64 column, a missing time NaT, anything else None.
        """
        from stammgast.kernel.history_columns import COLUMN_FORMATS, joined_columns

        asked = _Asked.of(sql, parameters)
        with (
            _told_apart(),
            self._client().query_column_block_stream(
                asked.sql, parameters=asked.parameters, settings=asked.settings, query_formats=COLUMN_FORMATS
            ) as blocks,
        ):
            return joined_columns(blocks.source.column_names, blocks.source.column_types, list(blocks))

    def stream(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Iterator[tuple[Any, ...]]:
        """Yield rows as they arrive, in bounded memory. Read it to its end or close it."""
        asked = _Asked.of(sql, parameters)
        with (
            _told_apart(),
            self._client().query_rows_stream(asked.sql, parameters=asked.parameters, settings=asked.settings) as rows,
        ):
            yield from rows

    def command(self, sql: str, parameters: Mapping[str, Any] | None = None) -> str:
        """Run a statement that returns nothing or one row; return its values as text, with tabs between them."""
        return (
            self._ask(sql, parameters, {"wait_end_of_query": "1"}, retries=_CONNECT_AGAIN)
            .data.decode()
            .removesuffix("\n")
        )

    def insert_json_lines(self, table: str, lines: bytes, *, query_id: str, columns: Sequence[str] = ()) -> int:
        """Insert one JSON object a line and return the rows written. Sent exactly once: no client retries it.

        After HistoryUnavailable the rows may or may not be there; kill the query id and look.
        """
        named = f" ({', '.join(columns)})" if columns else ""
        fields = {
            "query": f"INSERT INTO {table}{named} FORMAT JSONEachRow",
            "query_id": query_id,
            "database": self.address.database,
            **JSON_LINES_SETTINGS,
            **self._settings,
        }
        answer = self._post(fields, lines)
        return _written_rows(answer.headers.get("X-ClickHouse-Summary", ""))

    def kill(self, query_id_prefix: str) -> None:
        """Kill every statement whose id begins so and wait until none of them can have any further effect."""
        escaped = query_id_prefix.replace("\\", "\\\\").replace("'", "\\'")
        self._post({"query": f"KILL QUERY WHERE startsWith(query_id, '{escaped}') SYNC"}, b"")

    def create_database(self) -> None:
        """Create the database that the address names, where it is missing."""
        self._post({"query": f"CREATE DATABASE IF NOT EXISTS `{self.address.database}`"}, b"")

    def ping(self) -> bool:
        """Say whether the history answers and knows us."""
        try:
            answer = self._http.request(
                "GET", "/?query=SELECT+1", retries=False, timeout=_PING_SECONDS, preload_content=True
            )
        except (urllib3.exceptions.HTTPError, HistoryUnavailable):
            return False
        return answer.status == 200  # noqa: PLR2004 - HTTP's OK

    def close(self) -> None:
        """Close this thread's client and the idle connections of all."""
        client = getattr(self._local, "client", None)
        if client is not None:
            client.close()
            del self._local.client
        if "_http" in self.__dict__:
            self._http.close()

    def _client(self) -> Client:
        client: Client | None = getattr(self._local, "client", None)
        if client is None:
            client = self._connect()
            self._local.client = client
        return client

    def _connect(self) -> Client:
        import clickhouse_connect

        return clickhouse_connect.get_client(
            host=self.address.host,
            port=self.address.port,
            username=self.address.user,
            password=self.address.password,
            database=self.address.database,
            interface="https" if self.address.is_secure else "http",
            settings=self._settings,
            autogenerate_session_id=False,
            connect_timeout=int(_CONNECT_SECONDS),
            send_receive_timeout=int(_ANSWER_SECONDS),
            # On one machine compressing costs more than the loopback.
            compress=self.address.host not in {"127.0.0.1", "::1", "localhost"},
        )

    def _ask(
        self, sql: str, parameters: Mapping[str, Any] | None, settings: Mapping[str, str], *, retries: urllib3.Retry
    ) -> urllib3.BaseHTTPResponse:
        asked = _Asked.of(sql, parameters)
        bound = {f"param_{name}": parameter_text(value) for name, value in asked.parameters.items()}
        fields = {"database": self.address.database, **settings, **self._settings, **asked.settings, **bound}
        return self._post(fields, asked.sql.encode(), retries)

    def _post(
        self, fields: Mapping[str, str], body: bytes, retries: urllib3.Retry | bool = False
    ) -> urllib3.BaseHTTPResponse:
        try:
            answer = self._http.request("POST", f"/?{urlencode(fields)}", body=body, retries=retries)
        except urllib3.exceptions.HTTPError as error:
            raise HistoryUnavailable(reason=type(error).__name__) from error
        code = answer.headers.get("X-ClickHouse-Exception-Code")
        if answer.status != 200 or code:  # noqa: PLR2004 - HTTP's OK
            raise _refusal(int(code or 0), answer.data.decode(errors="replace"), answer.status)
        return answer


@dataclass(frozen=True)
class _Asked:
    """A statement, the parameters that go beside it, and the settings it needs."""

    sql: str
    parameters: dict[str, Any]
    settings: dict[str, str]

    @classmethod
    def of(cls, sql: str, parameters: Mapping[str, Any] | None) -> _Asked:
        """Write what is too long for a parameter into the statement; as text, for lists of values take the engine ages."""
        beside = dict(parameters or {})
        texts = {
            name: _list_text(value) if isinstance(value, (list, tuple)) else value for name, value in beside.items()
        }
        long = {name: text for name, text in texts.items() if isinstance(text, str) and len(text) > _BESIDE_MAX}
        if not long:
            return cls(sql, beside, {})
        places = re.compile(rf"\{{({'|'.join(long)}):([^{{}}]+)\}}")
        # One pass: what looks like a place within a value is left alone.
        whole = places.sub(lambda place: f"CAST({quoted(long[place[1]])}, {quoted(place[2])})", sql)
        size = len(whole.encode())
        return cls(
            whole,
            {name: value for name, value in beside.items() if name not in long},
            {"max_query_size": str(2 * size)} if 2 * size > _STATEMENT_BYTES_DEFAULT else {},
        )


def parameter_text(value: object) -> str:
    r"""Return a parameter as ClickHouse reads it: text with escapes, and quoted within a list.

    >>> parameter_text("a\tb"), parameter_text(["it's", 7]), parameter_text(True)
    ('a\\tb', "['it\\'s', 7]", '1')
    """
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(sep=" ", timespec="milliseconds")[:-6]
    if isinstance(value, (list, tuple)):
        return _list_text(value)
    return "\\N" if value is None else str(value).translate(_ESCAPES)


def _list_text(values: Sequence[object]) -> str:
    return f"[{', '.join(map(_element_text, values))}]"


def _element_text(value: object) -> str:
    if type(value) is int:  # Most are, and there may be many.
        return str(value)
    text = parameter_text(value)
    return text if isinstance(value, (bool, int, float, list, tuple)) else f"'{text}'"


def quoted(text: str) -> str:
    r"""Return text as it stands in a statement, for where a statement takes no parameter.

    >>> quoted("it's")
    "'it\\'s'"
    """
    return f"'{text.translate(_ESCAPES)}'"


_ESCAPES = str.maketrans(
    {"\\": "\\\\", "'": "\\'", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b", "\f": "\\f", "\0": "\\0"}
)


@cache
def _row_decoder(row: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(row)


def open_history(settings: Settings) -> HistoryClient:
    """Return the installation's history: the ClickHouse server that is set, else the embedded warehouse.

    Neither has to answer yet.
    """
    return HistoryClient(settings.history_url or (lambda: _embedded_url(settings)))


def _embedded_url(settings: Settings) -> str:
    from stammgast.kernel.processes.run_dir import read_port, warehouse_password

    port = read_port(settings.run_dir, "warehouse")
    if port is None:
        raise HistoryUnavailable(reason="the embedded warehouse has not been started yet")
    return f"http://stammgast:{quote(warehouse_password(settings.run_dir))}@127.0.0.1:{port}/stammgast"


def _written_rows(summary: str) -> int:
    try:
        return int(json.loads(summary).get("written_rows", 0))
    except ValueError:
        return 0


def _refusal(code: int, text: str, status: int = 0) -> HistoryUnavailable | HistoryRefused:
    # The engine quotes values from statements and rows, so only its name for the error goes into the message, which may
    # reach a log. The whole text is in `detail`, for whoever sits in front of a terminal.
    name = _ERROR_NAME.findall(text)
    reason = name[-1] if name else f"code {code}" if code else "no answer"
    passes = code in _PASSING_CODES or (not code and status in {0, 408, 429, 502, 503, 504})
    error = HistoryUnavailable(reason=reason) if passes else HistoryRefused(history_code=code, reason=reason)
    error.detail = text.strip()
    return error


@contextmanager
def _told_apart() -> Iterator[None]:
    """Turn the driver's errors into ours."""
    from clickhouse_connect.driver.exceptions import ClickHouseError

    try:
        yield
    except ClickHouseError as error:
        raise _refusal(int(getattr(error, "code", 0) or 0), str(error)) from error
    except urllib3.exceptions.HTTPError as error:
        raise HistoryUnavailable(reason=type(error).__name__) from error
